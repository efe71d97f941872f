# SPDX-License-Identifier: EUPL-1.2
"""Records: what people put down about the registers that a review is going to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cloud.kit.database import Connection
from cloud.meters.models import VALIDATION, Installation, RegisterEvent
from cloud.meters.service import (
    installations_at,
    installations_of_nodes,
    meters_by_id,
    noticed_events,
    register_events,
)
from cloud.premises.models import ServicePoint
from cloud.premises.service import points_by_id
from cloud.readings import review
from cloud.readings.reviewed import Mark
from cloud.validation.corrections import corrections_of
from cloud.validation.finding import utc
from cloud.validation.history import OnRecord

WIDE_S = 32 * 86400  # a review looks at most that far beyond a mark, but for gaps


async def of_channels(
    connection: Connection, marks: Sequence[Mark]
) -> Mapping[int, Sequence[OnRecord]]:
    """Return by channel what is on record of each of its installations, oldest first."""
    places = await review.places_of(connection, {mark.channel_id for mark in marks})
    of_place: dict[tuple[str, str], list[Installation]] = {}
    for one in await installations_of_nodes(
        connection, {node_id for node_id, _ in places.values()}
    ):
        of_place.setdefault((one.node_id, one.obis), []).append(one)
    read = [one for place in places.values() for one in of_place.get(place, ())]
    ids = {one.installation_id for one in read}
    points = await points_by_id(connection, {one.service_point_id for one in read})
    neighbours: dict[str, list[Installation]] = {}
    for one in await installations_at(connection, points):
        neighbours.setdefault(one.service_point_id, []).append(one)
    meters = await meters_by_id(connection, {one.meter_id for one in read})
    events = await _events(connection, ids)
    closed = await review.with_closed_usage(connection, ids)
    corrections = await corrections_of(
        connection, points, utc(0), utc(max(mark.until_s for mark in marks) + WIDE_S)
    )

    def record(one: Installation) -> OnRecord:
        point: ServicePoint = points[one.service_point_id]
        return OnRecord(
            installation=one,
            meter=meters[one.meter_id],
            reading_type=point.reading_type,
            events=events.get(one.installation_id, ()),
            corrections=[
                said for said in corrections if said.service_point_id == one.service_point_id
            ],
            neighbours=neighbours[one.service_point_id],
            has_closed_usage=one.installation_id in closed,
        )

    return {
        channel_id: [record(one) for one in of_place.get(place, ())]
        for channel_id, place in places.items()
    }


async def _events(
    connection: Connection, installation_ids: set[int]
) -> dict[int, list[RegisterEvent]]:
    """Return the events that people recorded, by installation.

    A rollover that was noticed here and that a person undid is a reset: nobody knows the use.
    """
    found: dict[int, list[RegisterEvent]] = {}
    for event in await register_events(connection, installation_ids):
        if event.recorded_by != VALIDATION and event.installation_id is not None:
            found.setdefault(event.installation_id, []).append(event)
    for event in await noticed_events(connection, installation_ids):
        if event.undone_at is not None and event.undone_by != VALIDATION:
            denied = replace(event, kind="reset", register_before=None, register_after=None)
            if event.installation_id is not None:
                found.setdefault(event.installation_id, []).append(denied)
    return found
