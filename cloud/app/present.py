# SPDX-License-Identifier: EUPL-1.2
"""What the list of buildings says of now: what flows, how fresh it is, what is the worst alert."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cloud.alerts.models import CRITICAL, NOTICE, WARNING
from cloud.alerts.models import Alert as OpenAlert
from cloud.app import schemas
from cloud.kit.database import Connection
from cloud.kit.schemas import Name
from cloud.meters.models import Installation
from cloud.meters.service import installations_at
from cloud.premises.models import ServicePoint
from cloud.readings.service import current_readings, main_points
from cloud.readings.usage import MAX_GAP_S
from wire import quality

# A node tells its flow with each sample, every 30 s; one that is older is not what flows now.
RATE_FRESH = timedelta(minutes=5)
# Beyond that the hour's use isn't known any more, however seldom a node samples.
SILENT_AFTER = timedelta(seconds=MAX_GAP_S)
_URGENCY = (CRITICAL, WARNING, NOTICE)


async def current_by_point(
    connection: Connection, points: Sequence[ServicePoint]
) -> dict[str, Mapping[str, Any]]:
    """Return what was read last of the meter at each service point that has one now.

    An empty mapping where it was never read.
    """
    hung: dict[str, Installation] = {
        one.service_point_id: one
        for one in await installations_at(connection, [one.service_point_id for one in points])
        if one.valid_to is None
    }
    known = await current_readings(connection, list(hung.values()))
    found = {point: known.get(one.installation_id, {}) for point, one in hung.items()}
    return {point: one if one.get("read_at") else {} for point, one in found.items()}


def freshness(
    points: Sequence[ServicePoint], read: Mapping[str, Mapping[str, Any]], now: datetime
) -> schemas.Freshness:
    """Return how fresh the readings of a building are, and which sensors fell silent."""
    hung = [point for point in points if point.service_point_id in read]
    times = {
        point.service_point_id: read[point.service_point_id]["read_at"]
        for point in hung
        if read[point.service_point_id]
    }
    return schemas.Freshness(
        meters=len(hung),
        unread=len(hung) - len(times),
        newest_read_at=max(times.values(), default=None),
        silent=[
            schemas.SilentPoint(
                service_point_id=point.service_point_id,
                name=Name(bg=point.name_bg, en=point.name_en),
                utility=point.type.utility,
                read_at=times[point.service_point_id],
            )
            for point in hung
            if times.get(point.service_point_id, now) < now - SILENT_AFTER
        ],
    )


def flows(
    points: Sequence[ServicePoint], read: Mapping[str, Mapping[str, Any]], now: datetime
) -> list[schemas.Flow]:
    """Return what flows into a building now, by utility.

    What some of its meters don't tell makes it a part, marked missing; None where none tells.
    """
    told = []
    mains = main_points(points)
    for utility in dict.fromkeys(point.type.utility for point in mains):
        of = [point for point in mains if point.type.utility == utility]
        rates = [read.get(point.service_point_id, {}) for point in of]
        fresh = [one for one in rates if _is_fresh(one, now)]
        bits = 0
        for one in fresh:
            bits |= one["rate_quality"]
        told.append(
            schemas.Flow(
                utility=utility,
                unit="l/h" if of[0].type.unit in ("ml", "l") else "W",
                reading=sum(one["rate"] for one in fresh) if fresh else None,
                quality=quality.names(bits | (quality.MISSING if len(fresh) < len(of) else 0)),
                read_at=min((one["rate_read_at"] for one in fresh), default=None),
            )
        )
    return told


def _is_fresh(known: Mapping[str, Any], now: datetime) -> bool:
    return known.get("rate") is not None and known["rate_read_at"] >= now - RATE_FRESH


def worst(alerts: Sequence[OpenAlert]) -> schemas.WorstAlert | None:
    """Return the open alert that somebody should look after first.

    One that was called ordinary use comes after all others.
    """
    if not alerts:
        return None
    found = min(
        alerts,
        key=lambda one: (
            one.label is not None,
            _URGENCY.index(one.severity),
            -one.raised_at.timestamp(),
        ),
    )
    return schemas.WorstAlert.model_validate(found, from_attributes=True)
