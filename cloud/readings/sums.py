# SPDX-License-Identifier: EUPL-1.2
"""Sums of hourly use over groups of service points, as models want them: whole hours, or nothing.

An hour of a service point is known when all of its seconds are, and nothing about it waits for
review. Of a group some may be missing: what they use is then taken to be their usual share, if the
rest makes up enough of the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from cloud.kit.database import Connection
from cloud.meters.service import installations_at
from cloud.premises.models import ServicePoint
from cloud.readings import sums_repository
from cloud.readings.usage import HOUR_S, Integers, hour_after, hour_before

Floats = npt.NDArray[np.float64]
LEAST_USE = 1.0  # per hour: so that a point that never uses anything counts for something


@dataclass(frozen=True, kw_only=True)
class Group:
    """Service points that are summed.

    ``least_share``: how much of the usual use must be known for an hour to be told; with 1 all of
    it. ``may_grow``: a point counts only while it has a meter; else the sum needs it always.
    """

    points: Sequence[ServicePoint]
    least_share: float = 1.0
    may_grow: bool = False


@dataclass(frozen=True, kw_only=True)
class Sums:
    """Hours of a group from ``first_s`` (Unix s) on.

    Attributes:
        amounts: in the reading type's unit; NaN where too little is known.
        shares: how much of the usual use each hour's known points make up, 0 to 1.
    """

    first_s: int
    amounts: Floats
    shares: Floats


async def hourly_sums(
    connection: Connection,
    groups: Mapping[str, Group],
    since: datetime,
    until: datetime,
    known_at: datetime | None = None,
) -> dict[str, Sums]:
    """Return the hours in [since, until) of each group, whoever asks: not for callers.

    With ``known_at`` only what was known by then; an hour that has changed since isn't.
    """
    first_s = hour_before(int(since.timestamp()))
    count = max(0, (hour_after(int(np.ceil(until.timestamp()))) - first_s) // HOUR_S)
    names = [one.service_point_id for group in groups.values() for one in group.points]
    at_point: dict[str, list[tuple[int, int, int]]] = {name: [] for name in names}
    for one in await installations_at(connection, list(at_point)):
        if not one.is_undone:
            end_s = int(one.valid_to.timestamp()) if one.valid_to else first_s + count * HOUR_S
            span = (one.installation_id, int(one.valid_from.timestamp()), end_s)
            at_point[one.service_point_id].append(span)
    ids = [span[0] for spans in at_point.values() for span in spans]
    usual = await sums_repository.usual_use(connection, ids, since, until)
    found = {}
    for name, group in groups.items():
        spans = [at_point[one.service_point_id] for one in group.points]
        weights = np.array([_usual(one, usual) for one in spans])
        starts, amounts, known = await sums_repository.sums(
            connection,
            [span[0] for of_point in spans for span in of_point],
            [place for place, of_point in enumerate(spans) for _ in of_point],
            weights,
            since,
            until,
            known_at,
        )
        expected = np.full(count, weights.sum())
        if group.may_grow:
            expected = _in_service(spans, weights, first_s, count)
        found[name] = _whole(first_s, count, starts, amounts, known, expected, group.least_share)
    return found


def _usual(spans: Sequence[tuple[int, int, int]], usual: Mapping[int, float]) -> float:
    known = [usual[span[0]] for span in spans if span[0] in usual]
    return max(LEAST_USE, float(np.mean(known))) if known else LEAST_USE


def _in_service(
    spans: Sequence[Sequence[tuple[int, int, int]]], weights: Floats, first_s: int, count: int
) -> Floats:
    """Return the usual use of the points that have a meter, for each hour."""
    steps = np.zeros(count + 1)
    for weight, of_point in zip(weights, spans, strict=True):
        if of_point:
            # A meter that is put up in the middle of an hour is expected from the next one on.
            begin = (hour_after(min(span[1] for span in of_point)) - first_s) // HOUR_S
            end = (hour_before(max(span[2] for span in of_point)) - first_s) // HOUR_S
            steps[min(max(begin, 0), count)] += weight
            steps[min(max(end, begin, 0), count)] -= weight
    return np.cumsum(steps)[:count]


def _whole(
    first_s: int,
    count: int,
    start_s: Integers,
    used: Floats,
    known: Floats,
    expected: Floats,
    least_share: float,
) -> Sums:
    amounts, shares = np.full(count, np.nan), np.zeros(count)
    places = (start_s - first_s) // HOUR_S
    inside = (places >= 0) & (places < count)
    places, used, known = places[inside], used[inside], known[inside]
    whole = expected[places]
    shares[places] = np.where(whole > 0, np.minimum(known / np.where(whole > 0, whole, 1), 1), 0)
    told = shares[places] >= least_share - 1e-9  # the sums of weights differ in their last digits
    amounts[places[told]] = used[told] / shares[places][told]
    return Sums(first_s=first_s, amounts=amounts, shares=shares)
