# SPDX-License-Identifier: EUPL-1.2
"""Review: what the review of readings reads here, and where it leaves what it found.

A review is one transaction: it takes marks, and writes what follows from the readings in them.
Whoever has taken a channel's marks has the channel to itself until then.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from cloud.kit.database import Connection
from cloud.kit.hypertable import HOURLY, READINGS, Hypertables, closed_before
from cloud.readings import review_repository, usage_repository
from cloud.readings.reviewed import Mark, RawReadings, Reviewed
from cloud.readings.usage import Integers
from cloud.readings.usage_repository import Changed

ROLL_UP_TOGETHER_S = 31 * 86400  # spans that begin and end in the same of these are one roll-up


async def take_marks(
    connection: Connection, channels_at_most: int, together_s: int, aside: Collection[int]
) -> list[Mark]:
    """Take one stale mark of each of some channels that nobody else reviews; it is gone on commit.

    It joins the channel's earliest with those that follow it within ``together_s``; the others wait
    for the next transaction, because what follows from them may depend on this one's hours.
    Channels that are set ``aside`` are left alone.
    """
    taken: dict[int, Mark] = {}
    mark_ids = []
    for mark_id, mark in await review_repository.waiting_marks(connection, channels_at_most, aside):
        joined = taken.setdefault(mark.channel_id, mark)
        if mark.since_s <= joined.until_s + together_s:
            taken[mark.channel_id] = replace(joined, until_s=max(joined.until_s, mark.until_s))
            mark_ids.append(mark_id)
    await review_repository.delete_marks(connection, mark_ids)
    return list(taken.values())


async def put_back(connection: Connection, marks: Collection[Mark]) -> None:
    """Leave marks for a later review."""
    if marks:
        await review_repository.add_marks(connection, marks)


async def places_of(
    connection: Connection, channel_ids: Collection[int]
) -> dict[int, tuple[str, str]]:
    """Return the node and OBIS code of each of these channels."""
    return await review_repository.places_of(connection, channel_ids)


async def raw_readings(
    connection: Connection, marks: Sequence[Mark], *, context: int, at_most: int
) -> list[RawReadings]:
    """Return the readings of each mark, and ``context`` of them on both sides of it and its hours.

    Of a mark with more than ``at_most`` readings only the first part, see ``RawReadings.rest``.
    """
    closed = await closed_before(connection, READINGS)
    return await review_repository.raw_readings(
        connection, marks, context=context, at_most=at_most, closed=closed
    )


async def too_late(
    connection: Connection, marks: Sequence[Mark]
) -> dict[int, tuple[int, int, int]]:
    """Return by channel how many readings came for a closed period, the first and last, Unix s."""
    closed = await closed_before(connection, READINGS)
    late = [mark for mark in marks if closed is not None and mark.since_s < closed.timestamp()]
    if closed is None or not late:
        return {}
    return await review_repository.readings_before(connection, late, closed)


async def with_closed_usage(connection: Connection, installation_ids: Collection[int]) -> set[int]:
    """Return which of these have usage of a period whose raw readings are gone."""
    closed = await closed_before(connection, READINGS)
    if closed is None:
        return set()
    return await usage_repository.with_usage_before(connection, installation_ids, closed)


async def measured_hours(
    connection: Connection, installation_id: int, since_s: int, until_s: int, unmeasured: int
) -> tuple[Integers, Integers]:
    """Return start and usage of the whole hours in [since_s, until_s) without those bits."""
    return await usage_repository.measured_hours(
        connection, installation_id, since_s, until_s, unmeasured
    )


async def write(
    connection: Connection,
    hypertables: Hypertables,
    reviewed: Sequence[Reviewed],
    outside: Collection[tuple[int, int, int]],
    habit_s: int,
) -> None:
    """Write what a review found, and roll it up.

    ``outside`` are hours of an installation, [since_s, until_s), in which it doesn't hold: they go.
    Gaps up to ``habit_s`` after hours that changed are marked, as they are filled by these.
    """
    covered = [one.hours.start_s[one.hours.covered_s > 0] for one in reviewed]
    starts_s = [start_s for hours in covered if len(hours) for start_s in (hours[0], hours[-1])]
    if starts_s:
        await hypertables.make_room(HOURLY, _utc(int(min(starts_s))), _utc(int(max(starts_s))))
    changed = await usage_repository.write_hours(connection, reviewed)
    await usage_repository.delete_hours(connection, outside, changed)
    if reviewed:
        await usage_repository.write_gaps(connection, reviewed)
        await usage_repository.write_boundaries(connection, reviewed)
    await usage_repository.mark_gaps_after(connection, reviewed, changed, habit_s)
    for ids, first_s, last_s in _together(changed):
        await hypertables.roll_up(connection, ids, _utc(first_s), _utc(last_s + 1))


def _together(changed: Changed) -> list[tuple[list[int], int, int]]:
    """Return installations whose changed hours lie close together, and the span of all theirs."""
    groups: dict[tuple[int, int], list[int]] = {}
    for one, (first_s, last_s) in changed.items():
        key = (first_s // ROLL_UP_TOGETHER_S, last_s // ROLL_UP_TOGETHER_S)
        groups.setdefault(key, []).append(one)
    return [
        (ids, min(changed[one][0] for one in ids), max(changed[one][1] for one in ids))
        for ids in groups.values()
    ]


def _utc(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
