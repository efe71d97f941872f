# SPDX-License-Identifier: EUPL-1.2
"""Clock: what time it is, whether to believe it, and how long to wait before trying again."""

import asyncio
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Protocol

import structlog

from edge_gateway.machine import Machine
from wire import fields

# No gateway of this release runs before it was written. A Raspberry Pi has no clock of its own and
# wakes up at the time of its last shutdown or of its image, until somebody tells it better.
EARLIEST_CREDIBLE_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
MAX_ROUND_TRIP_S = 2.0  # of a question that the cloud answers with the time; half of it is in doubt
# On a line that is never quicker a slow answer is better than none: nothing would ever be dated.
MAX_SLOW_ROUND_TRIP_S = 10.0
SLOW_AFTER_S = 30.0  # of slow answers only, without any other word
# Of a crystal that nobody corrects: 9 s a day. Source: Raspberry Pi's oscillators are specified to
# some 50 parts per million over temperature; twice that.
DRIFT = 100e-6
KERNEL_ERROR_MS = 100.0  # of a clock kept by chrony or systemd-timesyncd over the internet, amply
SAVE_AGAIN_MS = 500  # a difference worth a write to the SD card

# Whose word is enough: the kernel's or the cloud's; the cloud's alone; the machine's as it is.
Trust = Literal["checked", "cloud", "assumed"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something happened: by the machine's own counter, and in Unix time.

    ``unix_ms`` is final if ``is_trusted``; else it is the machine's guess, and ``up_ms`` since the
    machine's run called ``machine_boot`` began says when it really was, once that is known.
    """

    unix_ms: int
    is_trusted: bool
    machine_boot: str
    up_ms: int


class Clock(Protocol):
    """The only way in which the gateway asks for the time."""

    def now_ms(self) -> int:
        """Return Unix time in ms, right or wrong."""

    def moment(self) -> Moment:
        """Return this instant, in every way in which it can be told."""

    def monotonic_s(self) -> float:
        """Return seconds since the machine started; they only ever pass."""

    def is_trusted(self) -> bool:
        """Return whether ``now_ms`` may be told to nodes and used to date readings."""

    def learn(self, now_ms: int, sent_at_s: float) -> None:
        """Take the cloud's word for the time, just come in.

        ``sent_at_s``: when the question went out, by ``monotonic_s``. For every answer that tells.
        """

    async def sleep(self, delay_s: float) -> None:
        """Wait, letting other services run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Unix time less the machine's counter, known to within ``error_ms`` when learnt."""

    machine_boot: str
    offset_ms: float
    error_ms: float
    learnt_at_s: float  # by the machine's counter

    def error_at(self, up_s: float) -> float:
        return self.error_ms + (up_s - self.learnt_at_s) * 1000 * DRIFT


class SystemClock:
    """The time by the kernel if chrony keeps it, else by the cloud, else not trusted.

    What was learnt is held against the machine's counter, which nobody can step, and kept in the
    file ``memory`` for the next process of the same run of the machine. ``assumed`` is for places
    that neither NTP nor the cloud reaches: an operator keeps the machine's clock.
    """

    def __init__(
        self,
        memory: Path | None = None,
        *,
        trust: Trust = "checked",
        machine: Machine | None = None,
    ) -> None:
        self._memory = memory
        self._trust = trust
        self._machine = machine or Machine()
        self._machine_boot = self._machine.boot_id()
        self._saved = self._recall()
        self._held = self._saved
        self._slow_since_s: float | None = None

    def now_ms(self) -> int:
        """Return Unix time in ms, right or wrong."""
        return self.moment().unix_ms

    def moment(self) -> Moment:
        """Return this instant, in every way in which it can be told."""
        up_s, wall_ms = self._machine.up_s(), self._machine.wall_ms()
        if self._trust == "assumed":
            unix_ms, is_trusted = wall_ms, wall_ms >= EARLIEST_CREDIBLE_MS
        else:
            if self._is_kept_by_kernel():
                self._hold(wall_ms - up_s * 1000, KERNEL_ERROR_MS, up_s)
            is_trusted = self._held is not None
            unix_ms = wall_ms if self._held is None else round(up_s * 1000 + self._held.offset_ms)
        return Moment(
            unix_ms=unix_ms,
            is_trusted=is_trusted,
            machine_boot=self._machine_boot,
            up_ms=int(up_s * 1000),
        )

    def monotonic_s(self) -> float:
        """Return seconds since the machine started; they only ever pass."""
        return self._machine.up_s()

    def is_trusted(self) -> bool:
        """Return whether the kernel, the cloud or the operator has vouched for the time."""
        return self.moment().is_trusted

    def learn(self, now_ms: int, sent_at_s: float) -> None:
        """Take the cloud's word, unless the kernel's is to be had or a surer one is held.

        The cloud looked at its clock at some time between question and answer: the middle is
        wrong by half the round trip at most. A word that what is held cannot be squared with wins.
        """
        up_s = self._machine.up_s()
        round_trip_s = up_s - sent_at_s
        if round_trip_s < 0 or self._is_kept_by_kernel():
            return
        if not EARLIEST_CREDIBLE_MS <= now_ms <= fields.MAX_UNIX_S * 1000:
            return
        if round_trip_s >= MAX_ROUND_TRIP_S and not self._is_better_than_none(round_trip_s, up_s):
            return
        error_ms = round_trip_s * 500
        offset_ms = now_ms + error_ms - up_s * 1000
        if self._held is not None:
            held_error_ms = self._held.error_at(up_s)
            is_consistent = abs(offset_ms - self._held.offset_ms) <= error_ms + held_error_ms
            if is_consistent and error_ms >= held_error_ms:
                return
        self._hold(offset_ms, error_ms, up_s)

    async def sleep(self, delay_s: float) -> None:
        """Wait, letting other services run."""
        await asyncio.sleep(delay_s)

    def _is_better_than_none(self, round_trip_s: float, up_s: float) -> bool:
        """Return whether a slow word counts, since for some time there was no other."""
        if self._held is not None or round_trip_s >= MAX_SLOW_ROUND_TRIP_S:
            return False
        if self._slow_since_s is None:
            self._slow_since_s = up_s
        return up_s - self._slow_since_s >= SLOW_AFTER_S

    def _is_kept_by_kernel(self) -> bool:
        return self._trust == "checked" and self._machine.is_synchronised()

    def _hold(self, offset_ms: float, error_ms: float, up_s: float) -> None:
        self._held = _Held(
            machine_boot=self._machine_boot,
            offset_ms=offset_ms,
            error_ms=error_ms,
            learnt_at_s=up_s,
        )
        if self._saved is None or abs(offset_ms - self._saved.offset_ms) > SAVE_AGAIN_MS:
            self._saved = self._held
            self._save()

    def _save(self) -> None:
        """Keep what is held for the next process; no sync, for a power cut makes it worthless."""
        if self._memory is None or self._saved is None:
            return
        aside = self._memory.with_suffix(".new")
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(asdict(self._saved)))
            aside.replace(self._memory)
        except OSError as error:  # full or read-only; the cloud tells again
            log.warning("clock_not_kept", reason=str(error))

    def _recall(self) -> _Held | None:
        """Return what an earlier process of this run of the machine held, or None."""
        if self._memory is None or not self._memory.exists():
            return None
        try:
            held = _Held(**json.loads(self._memory.read_text()))
        except (OSError, ValueError, TypeError) as error:  # cut short, or of another release
            log.warning("clock_not_recalled", reason=str(error))
            return None
        return held if held.machine_boot == self._machine_boot else None


def full_jitter_s(attempt: int, first_s: float, cap_s: float) -> float:
    """Return how long to wait before retry ``attempt`` (0 is the first), in s.

    Uniform between nothing and an exponentially growing bound, so that a thousand clients that lost
    the same server do not come back at the same instant.
    Source: M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog (2015), "full jitter".
    """
    bound_s: float = min(cap_s, first_s * 2 ** min(attempt, 32))
    return random.uniform(0, bound_s)  # noqa: S311 - spreads load, guards no secret
