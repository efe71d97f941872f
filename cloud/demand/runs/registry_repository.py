# SPDX-License-Identifier: EUPL-1.2
"""The table demand_models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud.kit.database import Connection, row, rows, run


@dataclass(frozen=True, kw_only=True)
class Model:
    """A fitted model as it is registered; what it learnt is in a file beside the database.

    Attributes:
        because: why it was fitted: first, age, series, code, drift, lost or asked.
        known_at: nothing that became known later is in it.
        scores: of its own check, over all series by lead; ``series_scores`` by series first.
        spread: by series: bias and spread of days' errors, over the series' level.
        dropped_at: when its file was removed; None while it is there.
    """

    model_version: str
    group_id: str
    series_ids: Sequence[str]
    because: str
    fitted_at: datetime
    known_at: datetime
    data_from: datetime
    data_until: datetime
    data_sha256: str
    code: str
    learners: dict[str, str]
    parameters: dict[str, float]
    fit_s: float
    scores: dict[str, dict[str, float | None]]
    series_scores: dict[str, dict[str, dict[str, float | None]]]
    spread: dict[str, tuple[float, float]]
    has_days: bool
    size_bytes: int
    dropped_at: datetime | None = None


_FIELDS = tuple(Model.__dataclass_fields__)
_COLUMNS = ", ".join(_FIELDS)
_JSON = ("learners", "parameters", "scores", "series_scores", "spread")
# ruff: noqa: S608 - names of columns are put into queries, nothing else


async def add(connection: Connection, model: Model) -> None:
    """Register a model; one of the same version takes its place, for it is the same."""
    fields: dict[str, Any] = {name: getattr(model, name) for name in _FIELDS}
    fields |= {name: Jsonb(fields[name]) for name in _JSON}
    fields["series_ids"] = list(model.series_ids)
    values = ", ".join(f"%({name})s" for name in _FIELDS)
    await run(
        connection,
        f"insert into demand_models ({_COLUMNS}) values ({values}) on conflict (model_version)"
        " do update set fitted_at = excluded.fitted_at, because = excluded.because,"
        " known_at = excluded.known_at, size_bytes = excluded.size_bytes, dropped_at = null",
        **fields,
    )


async def newest(connection: Connection, group_id: str, until: datetime) -> Model | None:
    """Return the newest model of a group that was fitted up to ``until`` and has a file, or None.

    By what it knows, which is not when the fit was over.
    """
    found = await row(
        connection,
        f"select {_COLUMNS} from demand_models where group_id = %(group_id)s"
        " and known_at <= %(until)s and dropped_at is null"
        " order by known_at desc, fitted_at desc limit 1",
        group_id=group_id,
        until=until,
    )
    return Model(**found) if found else None


async def newest_of(connection: Connection, series_id: str) -> Model | None:
    """Return the newest model with a file that knows a series, or None."""
    found = await row(
        connection,
        f"select {_COLUMNS} from demand_models where %(series_id)s = any(series_ids)"
        " and dropped_at is null order by known_at desc, fitted_at desc limit 1",
        series_id=series_id,
    )
    return Model(**found) if found else None


async def one(connection: Connection, model_version: str) -> Model | None:
    """Return a model by its version, or None."""
    found = await row(
        connection,
        f"select {_COLUMNS} from demand_models where model_version = %(version)s",
        version=model_version,
    )
    return Model(**found) if found else None


async def all_models(connection: Connection) -> list[Model]:
    """Return all models that were ever fitted, the newest first."""
    found = await rows(
        connection, f"select {_COLUMNS} from demand_models order by fitted_at desc, model_version"
    )
    return [Model(**fields) for fields in found]


async def superseded(connection: Connection, keep: int) -> list[str]:
    """Return versions that still have a file though ``keep`` newer ones of their group do."""
    found = await rows(
        connection,
        "select model_version from (select model_version, row_number() over"
        " (partition by group_id order by known_at desc, fitted_at desc) as place"
        " from demand_models where dropped_at is null) as placed where place > %(keep)s",
        keep=keep,
    )
    return [one["model_version"] for one in found]


async def drop_file(connection: Connection, model_version: str, at: datetime) -> None:
    """Note that a model's file is gone."""
    await run(
        connection,
        "update demand_models set dropped_at = %(at)s where model_version = %(version)s",
        version=model_version,
        at=at,
    )


async def forget_unused(connection: Connection, before: datetime) -> int:
    """Forget models without a file that no forecast or drift names; return how many."""
    return await run(
        connection,
        "delete from demand_models m where dropped_at < %(before)s"
        " and not exists (select from forecast_runs r where r.model_version = m.model_version)"
        " and not exists (select from forecast_drifts d where d.model_version = m.model_version)",
        before=before,
    )
