# SPDX-License-Identifier: EUPL-1.2
"""What was worked out a moment ago, kept in this process for as long as it holds."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from cloud.kit.clock import Clock

Told = TypeVar("Told")
MOST_KEPT = 2000  # a few hundred bytes each; of days' temperatures there is one per place


class Kept(Generic[Told]):
    """Answers by key, each for the same time; the oldest go first where there are too many."""

    def __init__(self, clock: Clock, lasts: timedelta) -> None:
        self._clock = clock
        self._lasts = lasts
        self._told: dict[Hashable, tuple[datetime, Told]] = {}

    def __contains__(self, key: Hashable) -> bool:
        found = self._told.get(key)
        return found is not None and self._clock.now() < found[0]

    def __getitem__(self, key: Hashable) -> Told:
        return self._told[key][1]

    def __setitem__(self, key: Hashable, told: Told) -> None:
        self._told.pop(key, None)  # so that it becomes the newest
        while len(self._told) >= MOST_KEPT:
            self._told.pop(next(iter(self._told)))
        self._told[key] = (self._clock.now() + self._lasts, told)
