# SPDX-License-Identifier: EUPL-1.2
"""The tables demand_limits and demand_limit_days."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from cloud.kit.database import Connection, row, rows, run

# ruff: noqa: S608 - names of columns are put into queries, nothing else


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a utility wants to hear of: a day's sum or highest hour above ``upper``.

    Attributes:
        supplier_id: whose it is; None: an operator's.
        quantity: day_sum or day_peak.
        upper: in the unit of the series, per day or per hour.
        probability: from which on it is told.
        days_ahead: how far it looks; 1 is tomorrow.
        contact: the address that is written to, None for webhooks only.
    """

    limit_id: str
    series_id: str
    supplier_id: str | None
    quantity: str
    upper: float
    probability: float
    days_ahead: int
    contact: str | None
    made_by: str
    made_at: datetime


_FIELDS = tuple(Limit.__dataclass_fields__)
_COLUMNS = ", ".join(_FIELDS)
_CHANGEABLE = ("quantity", "upper", "probability", "days_ahead", "contact")


@dataclass(frozen=True, kw_only=True)
class ToldDay:
    """What was told last of a day under a limit."""

    step: int
    probability: float
    told_at: datetime
    issued_at: datetime


async def put(connection: Connection, limit: Limit) -> None:
    """Add a limit, or change the one of this id, which must be of the same series."""
    values = ", ".join(f"%({name})s" for name in _FIELDS)
    changes = ", ".join(f"{name} = excluded.{name}" for name in _CHANGEABLE)
    await run(
        connection,
        f"insert into demand_limits ({_COLUMNS}) values ({values})"
        f" on conflict (limit_id) do update set {changes}",
        **{name: getattr(limit, name) for name in _FIELDS},
    )


async def limits(connection: Connection, supplier_id: str | None) -> list[Limit]:
    """Return the limits of a supplier, or everybody's for None, by id."""
    found = await rows(
        connection,
        f"select {_COLUMNS} from demand_limits"
        " where %(supplier_id)s::text is null or supplier_id = %(supplier_id)s order by limit_id",
        supplier_id=supplier_id,
    )
    return [Limit(**one) for one in found]


async def one(connection: Connection, limit_id: str) -> Limit | None:
    """Return a limit, or None."""
    found = await row(
        connection,
        f"select {_COLUMNS} from demand_limits where limit_id = %(limit_id)s",
        limit_id=limit_id,
    )
    return Limit(**found) if found else None


async def of_series(connection: Connection, series_ids: Collection[str]) -> list[Limit]:
    """Return the limits of these series, by id."""
    found = await rows(
        connection,
        f"select {_COLUMNS} from demand_limits where series_id = any(%(ids)s) order by limit_id",
        ids=list(series_ids),
    )
    return [Limit(**one) for one in found]


async def count(connection: Connection, supplier_id: str | None) -> int:
    """Return how many limits a supplier has; operators for None."""
    found = await row(
        connection,
        "select count(*) as n from demand_limits"
        " where supplier_id is not distinct from %(supplier_id)s",
        supplier_id=supplier_id,
    )
    return int(found["n"]) if found else 0


async def delete(connection: Connection, limit_id: str) -> None:
    """Forget a limit, and what was told by it."""
    await run(
        connection, "delete from demand_limits where limit_id = %(limit_id)s", limit_id=limit_id
    )


async def forget_days(connection: Connection, limit_id: str) -> None:
    """Forget what was told by a limit: it is another one now."""
    await run(
        connection,
        "delete from demand_limit_days where limit_id = %(limit_id)s",
        limit_id=limit_id,
    )


async def told(connection: Connection, limit_id: str, day: date) -> ToldDay | None:
    """Return what was told last of a day, None for nothing; who asks holds it to the end."""
    found = await row(
        connection,
        "select step, probability, told_at, issued_at from demand_limit_days"
        " where limit_id = %(limit_id)s and target_day = %(day)s for update",
        limit_id=limit_id,
        day=day,
    )
    return ToldDay(**found) if found else None


async def tell(connection: Connection, limit_id: str, day: date, told: ToldDay) -> None:
    """Note what was told of a day."""
    await run(
        connection,
        "insert into demand_limit_days (limit_id, target_day, step, probability, told_at,"
        " issued_at) values (%(limit_id)s, %(day)s, %(step)s, %(probability)s, %(told_at)s,"
        " %(issued_at)s) on conflict (limit_id, target_day) do update set step = excluded.step,"
        " probability = excluded.probability, told_at = excluded.told_at,"
        " issued_at = excluded.issued_at",
        limit_id=limit_id,
        day=day,
        **vars(told),
    )
