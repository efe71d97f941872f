# SPDX-License-Identifier: EUPL-1.2
"""News: what the live streams tell of new current readings, and of which service point."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cloud.kit.database import Connection
from cloud.kit.live import Announcement
from cloud.meters.models import Installation
from cloud.meters.service import installations_of_nodes
from cloud.premises.models import ServicePoint
from cloud.premises.service import points_by_id
from cloud.readings.models import Current
from wire import batch, quality, reading_types

# Which register an instantaneous reading of the same channel belongs to.
REGISTER_OF = {
    reading_types.COLD_WATER_FLOW: reading_types.COLD_WATER,
    reading_types.HOT_WATER_FLOW: reading_types.HOT_WATER,
    reading_types.GAS_FLOW: reading_types.GAS,
    reading_types.POWER_IMPORT: reading_types.ELECTRICITY_IMPORT,
    reading_types.POWER_EXPORT: reading_types.ELECTRICITY_EXPORT,
    reading_types.HEAT_POWER: reading_types.HEAT,
}
_RATE_OF = {register: rate for rate, register in REGISTER_OF.items()}


async def of(connection: Connection, newest: Sequence[Current]) -> list[Announcement]:
    """Return a piece of news for each of these that a meter is recorded for; none of imports."""
    live = [one for one in newest if one.boot != batch.BOOT_OF_IMPORTS]
    if not live:
        return []
    installations = await installations_of_nodes(connection, {one.node_id for one in live})
    hung = [(one, _installation(installations, one)) for one in live]
    points = await points_by_id(
        connection, {where.service_point_id for _, where in hung if where is not None}
    )
    return [
        _news(where, points[where.service_point_id], one)
        for one, where in hung
        if where is not None
    ]


def rate_beside(obis: str) -> str:
    """Return the code of the power or flow that belongs to the register ``obis``."""
    register, channel = reading_types.parse(obis)
    return _RATE_OF[register].on_channel(channel)


def _installation(installations: Sequence[Installation], reading: Current) -> Installation | None:
    """Return whose reading it is; None while no meter is recorded for it."""
    reading_type, channel = reading_types.parse(reading.obis)
    register = REGISTER_OF.get(reading_type, reading_type).on_channel(channel)
    hung = (one for one in installations if (one.node_id, one.obis) == (reading.node_id, register))
    return next((one for one in hung if one.holds_at(reading.read_at_s)), None)


def _news(installation: Installation, point: ServicePoint, reading: Current) -> Announcement:
    reading_type, _ = reading_types.parse(reading.obis)
    is_register = reading_type.kind == reading_types.REGISTER
    return Announcement(
        event="reading",
        premises_id=point.premises_id,
        content={
            "premises_id": point.premises_id,
            "service_point_id": point.service_point_id,
            "meter_id": installation.meter_id,
            "reading_type": reading_type.name,
            "unit": reading_type.unit,
            "register" if is_register else "reading": reading.register,
            "read_at": datetime.fromtimestamp(reading.read_at_s, UTC).isoformat(),
            "received_at": datetime.fromtimestamp(reading.received_at_ms / 1000, UTC).isoformat(),
            "quality": quality.names(reading.quality),
            "node_id": reading.node_id,
            "boot": reading.boot,
            "sequence": reading.sequence,
        },
    )
