# SPDX-License-Identifier: EUPL-1.2
"""One meter on a line: what it says, and how it has been doing."""

from collections import Counter

from edge_gateway.wired.bus import Bus
from edge_gateway.wired.errors import (
    LineLostError,
    ModbusError,
    NoisyBusError,
    NoReplyError,
)
from edge_gateway.wired.framing import Question
from edge_gateway.wired.wiring import Channel, WiredMeter
from wire import event, reading_types

_REPORT_AFTER = 3  # failures in a row; a single lost frame is no news

Happening = tuple[str, dict[str, int | str]]  # an event's kind and detail


class Meter:
    """Reads the channels of one unit, and remembers since when each of them fails."""

    def __init__(self, wired: WiredMeter) -> None:
        self.unit_id = wired.unit_id
        self.name = wired.channels[0].obis
        self.is_silent = False
        self.tried_at_s = float("-inf")
        self._channels = wired.channels
        self._registers: dict[str, int] = {}  # the last, by OBIS code
        self._failures: Counter[str] = Counter()
        self._failing_since_s: dict[str, float] = {}

    async def read(self, bus: Bus, now_s: float) -> tuple[dict[str, int], list[Happening]]:
        """Return (registers by OBIS code, what there is to report); ``now_s`` is monotonic."""
        self.tried_at_s = now_s
        readings: dict[str, int] = {}
        happened: list[Happening] = []
        silence: ModbusError | None = None
        for channel in self._channels:
            try:
                if silence is not None:
                    raise silence
                readings[channel.obis] = await self._read_channel(bus, channel)
            except (NoReplyError, NoisyBusError, LineLostError) as error:
                silence = error  # the other channels would only cost more timeouts
                happened += self._failed(channel.obis, error, now_s)
            except ModbusError as error:
                happened += self._failed(channel.obis, error, now_s)
            else:
                happened += self._succeeded(channel.obis, now_s)
        self.is_silent = not readings
        return readings, happened

    async def _read_channel(self, bus: Bus, channel: Channel) -> int:
        register = channel.register_in(await ask(bus, self.unit_id, channel))
        is_cumulative = channel.reading_type.kind == reading_types.REGISTER
        if is_cumulative and register < self._registers.get(channel.obis, 0):
            # a disturbed frame with a right CRC, or truly another meter: the second answer tells
            register = channel.register_in(await ask(bus, self.unit_id, channel))
        self._registers[channel.obis] = register
        return register

    def _failed(self, obis: str, error: ModbusError, now_s: float) -> list[Happening]:
        self._failures[obis] += 1
        self._failing_since_s.setdefault(obis, now_s)
        if self._failures[obis] != _REPORT_AFTER:
            return []
        return [(event.METER_UNREACHABLE, {"channel": obis, "reason": error.reason})]

    def _succeeded(self, obis: str, now_s: float) -> list[Happening]:
        failures, self._failures[obis] = self._failures[obis], 0
        since_s = self._failing_since_s.pop(obis, now_s)
        if failures < _REPORT_AFTER:
            return []
        return [(event.METER_BACK, {"channel": obis, "after_s": int(now_s - since_s)})]


async def ask(bus: Bus, unit_id: int, channel: Channel) -> bytes:
    """Return the words of a channel's register, or raise ModbusError."""
    return await bus.read(
        Question(
            unit_id=unit_id,
            function=channel.function,
            address=channel.register.address,
            count=channel.register.word_count,
        )
    )
