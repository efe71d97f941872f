# SPDX-License-Identifier: EUPL-1.2
"""The tables forecast_audits, forecast_weeks and forecast_drifts."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime

from psycopg.rows import DictRow

from cloud.demand.issued.audits import Audited, Drift
from cloud.demand.issued.faring import WeekFared
from cloud.kit.database import Connection, rows, run


async def put(
    connection: Connection,
    series_id: str,
    audited_on: date,
    found: Sequence[Audited],
    checks: dict[str, float | None],
) -> None:
    """Keep a day's audit of a series; ``checks`` are what its model's check told, by lead."""
    for one in found:
        await run(
            connection,
            "insert into forecast_audits (series_id, audited_on, window_days, lead, hours, mae,"
            " mape_pct, bias_pct, pinball_pct, coverage90_pct, width90_pct, naive_mae, check_mae,"
            " fallback_pct) values (%(series_id)s, %(audited_on)s, %(window_days)s, %(lead)s,"
            " %(hours)s, %(mae)s, %(mape_pct)s, %(bias_pct)s, %(pinball_pct)s, %(coverage90_pct)s,"
            " %(width90_pct)s, %(naive_mae)s, %(check_mae)s, %(fallback_pct)s)"
            " on conflict (series_id, audited_on, window_days, lead) do update set"
            " hours = excluded.hours, mae = excluded.mae, mape_pct = excluded.mape_pct,"
            " bias_pct = excluded.bias_pct, pinball_pct = excluded.pinball_pct,"
            " coverage90_pct = excluded.coverage90_pct, width90_pct = excluded.width90_pct,"
            " naive_mae = excluded.naive_mae, check_mae = excluded.check_mae,"
            " fallback_pct = excluded.fallback_pct",
            series_id=series_id,
            audited_on=audited_on,
            check_mae=checks.get(one.lead),
            **asdict(one),
        )


async def newest(connection: Connection, series_id: str) -> list[DictRow]:
    """Return the figures of the last audit of a series, by window and lead."""
    return await rows(
        connection,
        "select * from forecast_audits where series_id = %(series_id)s and audited_on ="
        " (select max(audited_on) from forecast_audits where series_id = %(series_id)s)"
        " order by window_days, lead",
        series_id=series_id,
    )


async def put_weeks(connection: Connection, series_id: str, found: Sequence[WeekFared]) -> None:
    """Keep how a series' models fared week by week, in the place of what the last audit told."""
    await run(
        connection,
        "delete from forecast_weeks where series_id = %(series_id)s",
        series_id=series_id,
    )
    for one in found:
        await run(
            connection,
            "insert into forecast_weeks (series_id, week_from, days, error_pct, check_error_pct,"
            " coverage90_pct, model_age_days) values (%(series_id)s, %(week_from)s, %(days)s,"
            " %(error_pct)s, %(check_error_pct)s, %(coverage90_pct)s, %(model_age_days)s)",
            series_id=series_id,
            **asdict(one),
        )


async def weeks(connection: Connection, series_id: str) -> list[DictRow]:
    """Return how a series' models fared week by week, the oldest first."""
    return await rows(
        connection,
        "select * from forecast_weeks where series_id = %(series_id)s order by week_from",
        series_id=series_id,
    )


async def drifts(connection: Connection, series_id: str, limit: int = 20) -> list[DictRow]:
    """Return the drifts of a series, the newest first."""
    return await rows(
        connection,
        "select what, found_at, began_on, direction, statistic, model_version from forecast_drifts"
        " where series_id = %(series_id)s order by found_at desc limit %(limit)s",
        series_id=series_id,
        limit=limit,
    )


async def last_drifts(connection: Connection, series_id: str) -> dict[str, datetime]:
    """Return when a series was last found to drift, by what drifted; nothing of what never did."""
    found = await rows(
        connection,
        "select what, max(found_at) as at from forecast_drifts where series_id = %(series_id)s"
        " group by 1",
        series_id=series_id,
    )
    return {one["what"]: one["at"] for one in found}


async def add_drift(
    connection: Connection, series_id: str, found_at: datetime, drift: Drift, version: str | None
) -> bool:
    """Note that a series drifts; False if that is known."""
    added = await run(
        connection,
        "insert into forecast_drifts (series_id, what, found_at, began_on, direction,"
        " statistic, model_version) values (%(series_id)s, %(what)s, %(found_at)s, %(began_on)s,"
        " %(direction)s, %(statistic)s, %(version)s)"
        " on conflict (series_id, what, began_on) do nothing",
        series_id=series_id,
        what=drift.what,
        found_at=found_at,
        began_on=drift.began_on,
        direction=drift.direction,
        statistic=drift.statistic,
        version=version,
    )
    return added > 0


async def drop_old(connection: Connection, before: date, series_ids: Collection[str]) -> int:
    """Drop audits of days before ``before``; return how many rows went."""
    return await run(
        connection,
        "delete from forecast_audits where audited_on < %(before)s and series_id = any(%(ids)s)",
        before=before,
        ids=list(series_ids),
    )
