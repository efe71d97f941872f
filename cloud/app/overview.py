# SPDX-License-Identifier: EUPL-1.2
"""Buildings as the app shows them: put together from registry, readings and alerts."""

import functools
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from cloud.alerts.models import Alert as OpenAlert
from cloud.alerts.schemas import Alert
from cloud.alerts.service import Alerts
from cloud.app import present, schemas
from cloud.kit.auth.callers import Seer
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.schemas import Identifier, Listing, Name
from cloud.meters.models import Installation, Meter
from cloud.meters.service import installations_at, meters_by_id
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, visible_points, visible_premises
from cloud.readings.models import IntervalUsage
from cloud.readings.service import current_readings, main_points, usage_today
from wire import quality, reading_types

router = APIRouter(tags=["premises"])


@router.get("/premises")
async def premises(request: Request, caller: Seer) -> Listing[schemas.PremisesSummary]:
    """Return the caller's buildings: what flows now, today's use, open alerts, how fresh it is."""
    database: Database = request.app.state.database
    clock: Clock = request.app.state.clock
    alerts_service: Alerts = request.app.state.alerts
    now = clock.now()
    async with database.transaction() as connection:
        buildings = await visible_premises(connection, caller)
        ids = [building.premises_id for building in buildings]
        seen = await visible_points(connection, ids, caller)
        points = main_points(seen)
        used = await usage_today(connection, points, now)
        read = await present.current_by_point(connection, seen)
        alerts = await alerts_service.still_open(connection, ids)
    here = _by_building(ids, seen)
    open_alerts = _alerts_by_building(alerts, seen)
    return Listing(
        items=[
            schemas.PremisesSummary(
                premises_id=building.premises_id,
                name=Name(bg=building.name_bg, en=building.name_en),
                kind=building.kind,
                address=building.address,
                open_alerts=len(open_alerts[building.premises_id]),
                worst_alert=present.worst(open_alerts[building.premises_id]),
                flows=present.flows(here[building.premises_id], read, now),
                freshness=present.freshness(here[building.premises_id], read, now),
                today=_today(main_points(here[building.premises_id]), used),
            )
            for building in buildings
        ]
    )


def _by_building(
    ids: Sequence[str], points: Sequence[ServicePoint]
) -> dict[str, list[ServicePoint]]:
    found: dict[str, list[ServicePoint]] = {one: [] for one in ids}
    for point in points:
        found[point.premises_id].append(point)
    return found


def _alerts_by_building(
    alerts: Sequence[OpenAlert], points: Sequence[ServicePoint]
) -> defaultdict[str, list[OpenAlert]]:
    """Return which of these alerts are at these service points, by building."""
    seen = {point.service_point_id for point in points}
    found: defaultdict[str, list[OpenAlert]] = defaultdict(list)
    for alert in alerts:
        if alert.service_point_id in seen:
            found[alert.premises_id].append(alert)
    return found


def _today(
    points: Sequence[ServicePoint], used: Mapping[str, IntervalUsage]
) -> list[schemas.Today]:
    """Return today's totals; one with an unknown part is unknown, not smaller."""
    today = []
    for name in dict.fromkeys(point.reading_type for point in points):
        reading_type = reading_types.named(name)
        parts = [used[point.service_point_id] for point in points if point.reading_type == name]
        known = [part.usage for part in parts if part.usage is not None]
        bits = functools.reduce(operator.or_, (part.quality for part in parts))
        today.append(
            schemas.Today(
                reading_type=name,
                utility=reading_type.utility,
                unit=reading_type.unit,
                usage=sum(known) if len(known) == len(parts) else None,
                quality=quality.names(bits),
            )
        )
    return today


@router.get("/premises/{premises_id}")
async def one_building(
    premises_id: Annotated[Identifier, Path()], request: Request, caller: Seer
) -> schemas.Premises:
    """Return a building with the latest register of each service point and its open alerts."""
    database: Database = request.app.state.database
    alerts_service: Alerts = request.app.state.alerts
    async with database.transaction() as connection:
        building = await one_premises(connection, premises_id, caller)
        points = await visible_points(connection, [premises_id], caller)
        installations = {
            one.service_point_id: one
            for one in await installations_at(
                connection, [point.service_point_id for point in points]
            )
            if one.valid_to is None
        }
        meters = await meters_by_id(connection, [one.meter_id for one in installations.values()])
        readings = await current_readings(connection, list(installations.values()))
        alerts = await alerts_service.still_open(connection, [premises_id])
    return schemas.Premises(
        premises_id=building.premises_id,
        name=Name(bg=building.name_bg, en=building.name_en),
        kind=building.kind,
        address=building.address,
        service_points=[
            _service_point(point, installations.get(point.service_point_id), meters, readings)
            for point in points
        ],
        alerts=[
            Alert.model_validate(alert.content())
            for alert in alerts
            if alert.service_point_id in {point.service_point_id for point in points}
        ],
    )


def _service_point(
    point: ServicePoint,
    installation: Installation | None,
    meters: Mapping[str, Meter],
    readings: Mapping[int, Mapping[str, Any]],
) -> schemas.ServicePoint:
    meter = meters[installation.meter_id] if installation else None
    known = readings.get(installation.installation_id, {}) if installation else {}
    return schemas.ServicePoint(
        service_point_id=point.service_point_id,
        name=Name(bg=point.name_bg, en=point.name_en),
        utility=point.type.utility,
        reading_type=point.reading_type,
        unit=point.type.unit,
        parent_service_point_id=point.parent_service_point_id,
        meter=schemas.Meter(
            meter_id=meter.meter_id, serial=meter.serial, make=meter.make, model=meter.model
        )
        if meter
        else None,
        node_id=installation.node_id if installation else None,
        register=known.get("register"),
        read_at=known.get("read_at"),
        received_at=known.get("received_at"),
        quality=quality.names(known.get("quality") or quality.GOOD),
        instantaneous=_instantaneous(known),
    )


def _instantaneous(known: Mapping[str, Any]) -> schemas.Instantaneous | None:
    if known.get("rate") is None:
        return None
    reading_type = reading_types.named(known["rate_type"])
    return schemas.Instantaneous(
        reading_type=reading_type.name,
        unit=reading_type.unit,
        reading=known["rate"],
        read_at=known["rate_read_at"],
        quality=quality.names(known["rate_quality"]),
    )
