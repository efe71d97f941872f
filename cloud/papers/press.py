# SPDX-License-Identifier: EUPL-1.2
"""The press: has pages set by a program of their own, a few at a time and not for long."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from cloud.kit.errors import RETRY_AFTER_S, CloudError
from cloud.papers import typesetting

AT_ONCE = 2  # a page takes about half a second of one core
WAITING = 20  # whoever comes then is sent away, and may come again
TIMEOUT_S = 20


class PressBusyError(CloudError):
    """Too many pages are being set at once."""

    status = 503
    code = "press-busy"
    headers: ClassVar = {"Retry-After": RETRY_AFTER_S}

    def __init__(self) -> None:
        super().__init__("Too many papers are being made at the moment; ask again in a while.")


class PressFailedError(CloudError):
    """A page could not be set."""

    status = 500
    code = "press-failed"


class Press:
    """Makes PDFs."""

    def __init__(self, program: str = typesetting.__name__, timeout_s: float = TIMEOUT_S) -> None:
        self._program = program
        self._timeout_s = timeout_s
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._asking = 0

    async def pdf(self, template: str, told: Mapping[str, Any]) -> bytes:
        """Return a page that shows ``told``; a program that isn't waited for any more is killed."""
        if self._asking >= AT_ONCE + WAITING:
            raise PressBusyError
        self._asking += 1
        try:
            async with self._turn:
                return await self._set(template, json.dumps(told).encode())
        finally:
            self._asking -= 1

    async def _set(self, template: str, told: bytes) -> bytes:
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", self._program, template),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                made, said = await program.communicate(told)
        except TimeoutError:
            raise PressFailedError(f"A page was not set within {self._timeout_s:g} s.") from None
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
        if program.returncode != 0:
            last = said.decode(errors="replace").strip().splitlines()[-1:]
            raise PressFailedError(
                f"The page {template} was not set ({program.returncode}): {' '.join(last)[:300]}"
            )
        return made
