# SPDX-License-Identifier: EUPL-1.2
"""Rounds: all meters of one line, once an interval, the silent ones last.

Every meter has a telegram of its own as soon as it has been read, so that a slow or dead one
delays nobody else's reading by more than its share of the line. A round that is missed because the
line was busy is not made up for: the register carries its volume.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from edge_gateway.clock import Clock
from edge_gateway.wired.bus import Bus
from edge_gateway.wired.errors import LineLostError
from edge_gateway.wired.meter import Meter
from wire import event, notice

_LOOK_EVERY_S = 1.0  # the clock may be set, and an adapter come back, while we wait
_OPEN_EVERY_S = 3.0
_TRY_SILENT_EVERY_S = 10.0  # at least, though it delays the others
_LATE_REPORT_EVERY_S = 60.0
_OPEN_ANEW_AFTER = 3  # rounds without any answer: a half-open connection looks like that

log = structlog.get_logger(__name__)


class Scribe(Protocol):
    """Who writes down what was read and what happened."""

    def telegram(self, registers: dict[str, int]) -> None:
        """Take the registers of one meter, read just now."""

    def event(self, kind: str, detail: dict[str, int | str]) -> None:
        """Take what happened just now."""


LineNews = Callable[[str, dict[str, int | str]], Awaitable[None]]


class Rounds:
    """Keeps one line open and its meters read."""

    def __init__(
        self,
        bus: Bus,
        meters: Sequence[Meter],
        *,
        interval_s: int,
        clock: Clock,
        scribe: Scribe,
        tell: LineNews,
    ) -> None:
        self._bus = bus
        self._meters = list(meters)
        self._interval_ms = interval_s * 1000
        self._clock = clock
        self._scribe = scribe
        self._tell = tell
        self._next_round_at_s = 0.0
        self._opened_at_s = float("-inf")  # or tried to
        self._lost_at_s: float | None = None
        self._rounds_without_answer = 0
        self._late_reported_at_s = float("-inf")

    async def run(self) -> None:
        """Read rounds until cancelled."""
        try:
            while True:
                await self._next_multiple()
                self._next_round_at_s = self._clock.monotonic_s() + self._interval_ms / 1000
                await self._read_all()
                self._report_late_replies()
        finally:
            self._bus.line.close()

    async def _next_multiple(self) -> None:
        """Wait for the interval's next multiple in UTC, or of uptime before the time is known."""
        slot = self._slot()
        while slot == self._slot():
            await self._keep_open()
            left_s = (self._interval_ms - self._now_ms() % self._interval_ms) / 1000
            await self._clock.sleep(min(left_s, _LOOK_EVERY_S))

    def _slot(self) -> tuple[bool, int]:
        return self._clock.is_trusted(), self._now_ms() // self._interval_ms

    def _now_ms(self) -> int:
        if self._clock.is_trusted():
            return self._clock.now_ms()
        return int(self._clock.monotonic_s() * 1000)

    async def _keep_open(self) -> None:
        """Open the line if it isn't; say once that it is lost, and once that it is back."""
        now_s = self._clock.monotonic_s()
        if self._bus.line.is_open or now_s - self._opened_at_s < _OPEN_EVERY_S:
            return
        self._opened_at_s = now_s
        name = self._bus.line.name
        try:
            await self._bus.line.open()
        except LineLostError as error:
            if self._lost_at_s is None:
                self._lost_at_s = now_s
                log.warning("meter_bus_lost", bus=name, reason=str(error))
                await self._tell(notice.METER_BUS_LOST, {"bus": name, "reason": str(error)})
            return
        if self._lost_at_s is not None:
            after_s, self._lost_at_s = int(now_s - self._lost_at_s), None
            log.info("meter_bus_back", bus=name, after_s=after_s)
            await self._tell(notice.METER_BUS_BACK, {"bus": name, "after_s": after_s})

    async def _read_all(self) -> None:
        self._meters.sort(key=lambda meter: (meter.is_silent, meter.tried_at_s))
        fell_silent = []
        for meter in self._meters:
            was_silent = meter.is_silent
            idle_s = self._clock.monotonic_s() - meter.tried_at_s
            if was_silent and not self._has_time(meter) and idle_s < _TRY_SILENT_EVERY_S:
                continue
            if not await self._read(meter) and not was_silent:
                fell_silent.append(meter)
        for meter in fell_silent:
            if self._has_time(meter):
                await self._read(meter)
        self._open_anew_if_deaf()

    def _open_anew_if_deaf(self) -> None:
        is_deaf = all(meter.is_silent for meter in self._meters)
        self._rounds_without_answer = self._rounds_without_answer + 1 if is_deaf else 0
        if self._rounds_without_answer >= _OPEN_ANEW_AFTER:
            self._rounds_without_answer = 0
            self._bus.line.close()

    async def _read(self, meter: Meter) -> bool:
        """Read a meter and write it down; return whether it said anything."""
        registers, happened = await meter.read(self._bus, self._clock.monotonic_s())
        if registers:
            self._scribe.telegram(registers)
        for kind, detail in happened:
            self._scribe.event(kind, detail)
        return bool(registers)

    def _has_time(self, meter: Meter) -> bool:
        """Return whether this meter can stay silent without delaying the next round."""
        left_s = self._next_round_at_s - self._clock.monotonic_s()
        return left_s > self._bus.needed_s(meter.unit_id)

    def _report_late_replies(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._late_reported_at_s < _LATE_REPORT_EVERY_S:
            return
        for meter in self._meters:
            count = self._bus.late_replies.pop(meter.unit_id, 0)
            if count:
                detail: dict[str, int | str] = {"channel": meter.name, "count": count}
                self._scribe.event(event.LATE_REPLY, detail)
                self._late_reported_at_s = now_s
