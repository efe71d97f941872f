# SPDX-License-Identifier: EUPL-1.2
"""Channels: to which installation each register of a telegram belongs, and which one is news."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloud.kit.database import Connection
from cloud.kit.live import Announcement
from cloud.meters.models import Installation
from cloud.premises.models import ServicePoint
from cloud.premises.service import points_by_id
from cloud.readings import repository
from cloud.readings.models import Message
from wire import batch, quality, reading_types

# Which register an instantaneous reading of the same channel belongs to.
REGISTER_OF = {
    reading_types.COLD_WATER_FLOW.name: reading_types.COLD_WATER,
    reading_types.HOT_WATER_FLOW.name: reading_types.HOT_WATER,
    reading_types.GAS_FLOW.name: reading_types.GAS,
    reading_types.POWER_IMPORT.name: reading_types.ELECTRICITY_IMPORT,
    reading_types.POWER_EXPORT.name: reading_types.ELECTRICITY_EXPORT,
    reading_types.HEAT_POWER.name: reading_types.HEAT,
}


@dataclass
class Newest:
    """The newest register and instantaneous reading of each installation in a batch."""

    registers: dict[int, tuple[repository.ReadingRow, Message]] = field(default_factory=dict)
    instantaneous: dict[int, tuple[str, int, Message]] = field(default_factory=dict)

    def offer_register(self, reading: repository.ReadingRow, message: Message) -> None:
        """Keep a register if it is the newest of its installation."""
        known = self.registers.get(reading[0])
        if known is None or reading[1:4] > known[0][1:4]:
            self.registers[reading[0]] = (reading, message)

    def offer_instantaneous(
        self, installation_id: int, name: str, reading: int, message: Message
    ) -> None:
        """Keep an instantaneous reading if it is the newest of its installation."""
        known = self.instantaneous.get(installation_id)
        if known is None or message.entry.read_at_s > known[2].entry.read_at_s:
            self.instantaneous[installation_id] = (name, reading, message)

    async def keep(self, connection: Connection, channels: "Channels") -> list[Announcement]:
        """Make these current where they are newer than what is known; return those as news.

        One piece of news for each installation at most: a backlog or an import doesn't flood the
        streams.
        """
        advanced: set[int] = set()
        moved: set[int] = set()
        if self.registers:
            advanced = await repository.advance_registers(
                connection, [reading for reading, _ in self.registers.values()]
            )
        if self.instantaneous:
            moved = await repository.advance_instantaneous(
                connection,
                {
                    one: (name, reading, message.entry.read_at_s)
                    for one, (name, reading, message) in self.instantaneous.items()
                },
            )
        points = await points_by_id(
            connection, {channels.by_id[one].service_point_id for one in advanced | moved}
        )
        news = []
        for one in advanced:
            reading, message = self.registers[one]
            point = points[channels.by_id[one].service_point_id]
            news.append(_news(channels.by_id[one], point, point.reading_type, reading[4], message))
        for one in moved:
            name, count, message = self.instantaneous[one]
            point = points[channels.by_id[one].service_point_id]
            news.append(_news(channels.by_id[one], point, name, count, message))
        return [one for one in news if one.content["boot"] != batch.BOOT_OF_IMPORTS]


class Channels:
    """The installations that some nodes read, by node and OBIS code."""

    def __init__(self, installations: Sequence[Installation]) -> None:
        self.by_id = {one.installation_id: one for one in installations}
        self._spans: dict[tuple[str, str], list[tuple[float, float, int]]] = {}
        for one in installations:
            until = one.valid_to.timestamp() if one.valid_to else float("inf")
            self._spans.setdefault((one.node_id, one.obis), []).append(
                (one.valid_from.timestamp(), until, one.installation_id)
            )
        self._registers: dict[str, tuple[str, str | None]] = {}

    def place(
        self, message: Message, readings: list[repository.ReadingRow], newest: Newest
    ) -> None:
        """Add the readings in ``message`` to those of their installations.

        A register of no installation stays in the ledger alone until one is recorded.
        """
        entry = message.entry
        for code, count in (message.registers or {}).items():
            register_code, instantaneous = self._register_code(code)
            installation_id = self._at(message.node_id, register_code, entry.read_at_s)
            if installation_id is None:
                continue
            if instantaneous is not None:
                newest.offer_instantaneous(installation_id, instantaneous, count, message)
                continue
            reading = (
                installation_id,
                entry.read_at_s,
                message.boot,
                message.sequence,
                count,
                entry.received_at_ms,
                entry.quality,
            )
            readings.append(reading)
            newest.offer_register(reading, message)

    def _at(self, node_id: str, code: str, read_at_s: int) -> int | None:
        for since, until, installation_id in self._spans.get((node_id, code), ()):
            if since <= read_at_s < until:
                return installation_id
        return None

    def _register_code(self, code: str) -> tuple[str, str | None]:
        """Return the register that ``code`` belongs to, and its name if it is instantaneous."""
        known = self._registers.get(code)
        if known is None:
            reading_type, channel = reading_types.parse(code)
            if reading_type.kind == reading_types.INSTANTANEOUS:
                register = REGISTER_OF[reading_type.name]
                known = (register.on_channel(channel), reading_type.name)
            else:
                known = (code, None)
            self._registers[code] = known
        return known


def _news(
    installation: Installation, point: ServicePoint, name: str, count: int, message: Message
) -> Announcement:
    entry = message.entry
    reading_type = reading_types.named(name)
    is_register = reading_type.kind == reading_types.REGISTER
    content: dict[str, Any] = {
        "premises_id": point.premises_id,
        "service_point_id": point.service_point_id,
        "meter_id": installation.meter_id,
        "reading_type": name,
        "unit": reading_type.unit,
        "register" if is_register else "reading": count,
        "read_at": datetime.fromtimestamp(entry.read_at_s, UTC).isoformat(),
        "received_at": datetime.fromtimestamp(entry.received_at_ms / 1000, UTC).isoformat(),
        "quality": quality.names(entry.quality),
        "node_id": message.node_id,
        "boot": message.boot,
        "sequence": message.sequence,
    }
    return Announcement(event="reading", premises_id=point.premises_id, content=content)
