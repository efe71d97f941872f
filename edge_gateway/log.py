# SPDX-License-Identifier: EUPL-1.2
"""The log: JSON lines to stderr, few enough for a year of them to be read and kept.

A day of a healthy gateway is under a hundred lines. What goes wrong again and again says so a few
times, then four times an hour with the number of times that it did not.
"""

import faulthandler
import logging
import sys
import time
from collections.abc import Callable, Hashable

import structlog
from structlog.typing import EventDict, WrappedLogger

AT_ONCE = 5  # of a kind, before it counts as a repeat
EVERY_S = 900.0
MAX_KINDS = 1000  # far more than there are; a kind must not be made of what somebody sent


class Repeats:
    """Says which lines are worth writing, kind by kind."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._kinds: dict[Hashable, _Kind] = {}

    def unsaid(self, kind: Hashable) -> int | None:
        """Return how many of the kind were kept back since the last written; None: keep it back."""
        now_s = self._now_s()
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            self._kinds.clear()
        return self._kinds.setdefault(kind, _Kind(now_s)).take(now_s)


class _Kind:
    """How much may still be said of one kind."""

    def __init__(self, now_s: float) -> None:
        self._left = float(AT_ONCE)
        self._at_s = now_s
        self._unsaid = 0

    def take(self, now_s: float) -> int | None:
        self._left = min(AT_ONCE, self._left + (now_s - self._at_s) / EVERY_S)
        self._at_s = now_s
        if self._left < 1:
            self._unsaid += 1
            return None
        self._left -= 1
        unsaid, self._unsaid = self._unsaid, 0
        return unsaid


def sparing(repeats: Repeats) -> structlog.typing.Processor:
    """Return structlog's processor that keeps repeats back."""

    def spare(_logger: WrappedLogger, level: str, line: EventDict) -> EventDict:
        unsaid = repeats.unsaid((level, line["event"]))
        if unsaid is None:
            raise structlog.DropEvent
        return {**line, "unsaid": unsaid} if unsaid else line

    return spare


class _OfLibraries(logging.Handler):
    """Carries what libraries warn of into the same log."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(record.name).warning(
            "library_warned", library=record.name, said=record.getMessage()
        )


def to_stderr() -> None:
    """Set logging up for a process of its own; a crash shows where every thread was."""
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, handlers=[_OfLibraries()])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            sparing(Repeats()),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
