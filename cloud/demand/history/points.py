# SPDX-License-Identifier: EUPL-1.2
"""Which service points a series of Iskar's own sums, and in which unit."""

from collections.abc import Mapping, Sequence

from cloud.demand.history.models import Series
from cloud.kit.database import Connection
from cloud.premises.models import ServicePoint
from cloud.premises.service import all_premises_ids, premises_by_id, service_points
from cloud.readings.service import main_points
from cloud.readings.sums import Group

# How much of the usual use of a district or city must be known for an hour to be told; what the
# rest uses is then taken to be as usual. Our choice: with many hundred meters some always miss.
LEAST_SHARE = 0.9
PER_UNIT = {"ml": 1000.0, "l": 1.0, "Wh": 1.0}  # of a reading type's unit in a series'


async def groups(connection: Connection, found: Sequence[Series]) -> dict[str, Group]:
    """Return what each series sums."""
    whole = {one.series_id: one for one in found if one.premises_id is None}
    named = {one.premises_id for one in found if one.premises_id is not None}
    wanted = await all_premises_ids(connection) if whole else sorted(named)
    districts = await _districts(connection, wanted) if whole else {}
    points = main_points(await service_points(connection, wanted))
    of_point = {}
    if any(one.service_point_id for one in found):
        every = await service_points(connection, sorted(named))
        of_point = {point.service_point_id: point for point in every}
    told = {}
    for one in found:
        if one.service_point_id is not None:
            known = of_point.get(one.service_point_id)
            told[one.series_id] = Group(points=[known] if known else [])
        elif one.premises_id is not None:
            here = [point for point in points if point.premises_id == one.premises_id]
            told[one.series_id] = Group(points=_of(here, one))
        else:
            here = [
                point
                for point in points
                if one.district is None or districts[point.premises_id] == one.district
            ]
            told[one.series_id] = Group(
                points=_of(here, one), least_share=LEAST_SHARE, may_grow=True
            )
    return told


def _of(points: Sequence[ServicePoint], series: Series) -> list[ServicePoint]:
    return [point for point in points if point.type.utility == series.utility]


async def _districts(connection: Connection, premises_ids: Sequence[str]) -> Mapping[str, str]:
    found = await premises_by_id(connection, premises_ids)
    return {name: one.district for name, one in found.items()}


def per_unit(group: Group) -> float:
    """Return how many of the meters' units make one of the series'."""
    return PER_UNIT[group.points[0].type.unit] if group.points else 1.0
