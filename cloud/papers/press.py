# SPDX-License-Identifier: EUPL-1.2
"""The press: has pages set by a program of their own, a few at a time and not for long."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from cloud.kit.errors import RETRY_AFTER_S, CloudError
from cloud.kit.programs import answer_of
from cloud.papers import typesetting

AT_ONCE = 2  # a page takes about half a second of one core
WAITING = 20  # whoever comes then is sent away, and may come again
OF_ONE = 4  # of these places, so that one who asks for many leaves some to the others
TIMEOUT_S = 20


class PressBusyError(CloudError):
    """Too many pages are being set at once."""

    status = 503
    code = "press-busy"
    headers: ClassVar = {"Retry-After": RETRY_AFTER_S}

    def __init__(self) -> None:
        super().__init__("Too many papers are being made at the moment; ask again in a while.")


class Press:
    """Makes PDFs, for whoever holds a place."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._places: Counter[str] = Counter()

    @contextmanager
    def place(self, who: str) -> Iterator[None]:
        """Hold a place among those who wait, or raise PressBusyError.

        To be taken before what a page shows is gathered: that takes longer than to set it.
        """
        if self._places.total() >= AT_ONCE + WAITING or self._places[who] >= OF_ONE:
            raise PressBusyError
        self._places[who] += 1
        try:
            yield
        finally:
            self._places[who] -= 1
            self._places += Counter()  # forgets who holds none

    async def pdf(self, template: str, told: Mapping[str, Any]) -> bytes:
        """Return a page that shows ``told``, or raise ProgramError."""
        question = json.dumps(told).encode()
        async with self._turn:
            return await answer_of(
                typesetting.__name__, template, question=question, timeout_s=self._timeout_s
            )
