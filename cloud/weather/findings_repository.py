# SPDX-License-Identifier: EUPL-1.2
"""The tables weather_flags and weather_decisions: what is wrong with weather, and what of it."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cloud.kit.database import Connection, row, rows, run
from cloud.weather.models import Decision, Flag, Resolution


async def put_flags(
    connection: Connection,
    place_key: int,
    resolution: Resolution,
    flags: Sequence[Flag],
    checked_at: datetime,
) -> None:
    """Put what a check found in the place of what the last one did."""
    await run(
        connection,
        "delete from weather_flags where place_key = %(place_key)s and resolution = %(of)s",
        place_key=place_key,
        of=resolution,
    )
    for flag in flags:
        await run(
            connection,
            "insert into weather_flags (place_key, resolution, rule, column_name, since, until,"
            " explanation, evidence, checked_at) values (%(place_key)s, %(of)s, %(rule)s,"
            " %(column)s, %(since)s, %(until)s, %(explanation)s, %(evidence)s, %(checked_at)s)",
            place_key=place_key,
            of=resolution,
            rule=flag.rule,
            column=flag.column,
            since=flag.since,
            until=flag.until,
            explanation=flag.explanation,
            evidence=Jsonb(dict(flag.evidence)),
            checked_at=checked_at,
        )


async def flags(
    connection: Connection, place_key: int, resolution: Resolution, since: datetime, until: datetime
) -> list[Flag]:
    """Return what the last check found in [since, until)."""
    found = await rows(
        connection,
        "select rule, column_name as column, since, until, explanation, evidence"
        " from weather_flags where place_key = %(place_key)s and resolution = %(of)s"
        " and since < %(until)s and until > %(since)s order by since, flag_id",
        place_key=place_key,
        of=resolution,
        since=since,
        until=until,
    )
    return [Flag(**one) for one in found]


async def decide(
    connection: Connection, place_key: int, decision: Decision, decided_by: str
) -> int:
    """Record a decision and return its id."""
    added = await row(
        connection,
        "insert into weather_decisions (place_key, resolution, column_name, kind, steps, since,"
        " until, reason, decided_by, decided_at) values (%(place_key)s, %(resolution)s, %(column)s,"
        " %(kind)s, %(steps)s, %(since)s, %(until)s, %(reason)s, %(decided_by)s, %(decided_at)s)"
        " returning decision_id",
        place_key=place_key,
        decided_by=decided_by,
        **{
            name: told
            for name, told in asdict(decision).items()
            if name not in ("decision_id", "withdrawn_at")
        },
    )
    assert added is not None  # noqa: S101 - an insert returns its row
    return int(added["decision_id"])


async def withdraw(
    connection: Connection, decision_id: int, withdrawn_by: str, at: datetime
) -> bool:
    """Note that a decision doesn't count any more; tell whether it did."""
    changed = await run(
        connection,
        "update weather_decisions set withdrawn_by = %(by)s, withdrawn_at = %(at)s"
        " where decision_id = %(decision_id)s and withdrawn_at is null",
        decision_id=decision_id,
        by=withdrawn_by,
        at=at,
    )
    return changed > 0


async def decisions(
    connection: Connection, place_keys: Collection[int], known_at: datetime | None
) -> dict[int, list[Decision]]:
    """Return the decisions that counted at ``known_at`` (now for None), in order, by place."""
    found = await rows(
        connection,
        "select decision_id, place_key, resolution, column_name as column, kind, steps, since,"
        " until, reason, decided_at, withdrawn_at from seen.weather_decisions"
        " where place_key = any(%(keys)s::int[])"
        " and decided_at <= coalesce(%(known_at)s, 'infinity'::timestamptz)"
        " and coalesce(withdrawn_at, 'infinity')"
        " > coalesce(%(known_at)s, '-infinity'::timestamptz)"
        " and (%(known_at)s::timestamptz is not null or withdrawn_at is null)"
        " order by decision_id",
        keys=list(place_keys),
        known_at=known_at,
    )
    by_place: dict[int, list[Decision]] = {}
    for one in found:
        by_place.setdefault(one.pop("place_key"), []).append(_decision(one))
    return by_place


def _decision(fields: DictRow) -> Decision:
    return Decision(**{**fields, "resolution": Resolution(fields["resolution"])})
