# SPDX-License-Identifier: EUPL-1.2
"""The nightly audit: how what was issued came out, and whether a model has to be fitted anew."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from psycopg.rows import DictRow

from cloud.demand.history.models import Series
from cloud.demand.history.service import DemandHistory
from cloud.demand.history.sight import seen_since
from cloud.demand.issued import audits_repository as repository
from cloud.demand.issued.audits import WINDOWS_DAYS, Audited, Drift, audited, day_errors, drift
from cloud.demand.issued.faring import (
    Training,
    WeekFared,
    check_error_of,
    coverage_drift,
    error_drift,
    fared,
    weeks,
)
from cloud.demand.runs import repository as forecasts_repository
from cloud.demand.runs.groups import HORIZON_H
from cloud.demand.runs.inputs import Group, whole_hour
from cloud.demand.runs.registry import ModelRegistry
from cloud.demand.runs.registry_repository import Model
from cloud.demand.runs.repository import Run
from cloud.demand.series import HOUR, Usage
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database

log = structlog.get_logger(__name__)

LOOKS_BACK = timedelta(days=max(WINDOWS_DAYS))
DRIFT_LOOKS_BACK = timedelta(days=60)
KEPT = timedelta(days=400)
READ_TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """What the last audit of a series found; ``model`` is the newest that knows it."""

    series: Series
    figures: Sequence[DictRow]
    weeks: Sequence[DictRow]
    drifts: Sequence[DictRow]
    model: Model | None


class Audits:
    """Audits forecasts; who may see a series may see how good its forecasts are."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        history: DemandHistory,
        models: ModelRegistry,
    ) -> None:
        self._database = database
        self._clock = clock
        self._history = history
        self._models = models

    async def accuracy(self, caller: Principal, series_id: str) -> Accuracy:
        """Return how good the forecasts of a series were, or raise NotFoundError."""
        series = await self._history.one(caller, series_id)
        async with self._database.transaction(as_system=True) as connection:
            figures = await repository.newest(connection, series_id)
            faring = await repository.weeks(connection, series_id)
            drifts = await repository.drifts(connection, series_id)
        # by the series itself: to know its group is to look up every series' weather
        model = await self._models.newest_of(series_id)
        begun = seen_since(caller, series)
        if begun is not None:  # how much was missed before tells how much was used before
            figures = [
                one
                for one in figures
                if one["audited_on"] - timedelta(days=one["window_days"]) >= begun.date()
            ]
            faring = [one for one in faring if one["week_from"] >= begun.date()]
            drifts = [one for one in drifts if one["began_on"] >= begun.date()]
        return Accuracy(series=series, figures=figures, weeks=faring, drifts=drifts, model=model)

    async def of_group(self, group: Group) -> list[str]:
        """Audit the series of a group as of now; return those that were newly found to drift."""
        newest = await self._models.newest(group.group_id)
        known: dict[str, Model] = {}
        drifting = [one for one in group.series_ids if await self._of_series(one, newest, known)]
        today = self._clock.now().astimezone(UTC).date()
        async with self._database.transaction(as_system=True) as connection:
            await repository.drop_old(connection, today - KEPT, group.series_ids)
        log.info("forecasts_audited", group=group.group_id, drifting=drifting)
        return drifting

    async def _of_series(
        self, series_id: str, newest: Model | None, known: dict[str, Model]
    ) -> bool:
        """Audit a series; ``known`` gathers the models that made the forecasts of its group."""
        now = self._clock.now()
        until = whole_hour(now)
        begun = until - LOOKS_BACK - HORIZON_H * HOUR
        async with self._database.transaction(READ_TIMEOUT_S, as_system=True) as connection:
            runs = await forecasts_repository.issued(connection, [series_id], begun, until)
            last = await repository.last_drifts(connection, series_id)
        if not runs:
            return False
        for made_by in {one.model_version for one in runs if one.model_version} - known.keys():
            if (model := await self._models.one(made_by)) is not None:
                known[made_by] = model
        usage = await self._history.usage([series_id], begun - HORIZON_H * HOUR, until)
        found = await asyncio.to_thread(_looked, runs, usage, until, last, newest, known)
        checks = _checks(newest, series_id)
        version = runs[-1].model_version
        async with self._database.transaction(as_system=True) as connection:
            await repository.put(connection, series_id, until.date(), found.figures, checks)
            await repository.put_weeks(connection, series_id, found.weeks)
            new = [
                one
                for one in found.drifts
                if await repository.add_drift(connection, series_id, now, one, version)
            ]
        for one in new:
            log.warning("forecasts_drift", series=series_id, model=version, **vars(one))
        return bool(new)


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What an audit of a series finds."""

    figures: Sequence[Audited]
    weeks: Sequence[WeekFared]
    drifts: Sequence[Drift]


def _looked(
    runs: Sequence[Run],
    usage: Usage,
    until: datetime,
    last: Mapping[str, datetime],
    newest: Model | None,
    known: Mapping[str, Model],
) -> _Found:
    """Look at a series; of what drifted before, ``last``, only the days since then count."""
    [series_id] = usage.series_ids
    today = until.astimezone(usage.hours.zone).date()
    drifts: list[Drift | None] = []
    spread = newest.spread.get(series_id) if newest else None
    if spread is not None:
        since = _since("use", last, today - DRIFT_LOOKS_BACK)
        errors = {day: one for day, one in day_errors(runs, usage).items() if day > since}
        drifts.append(drift(errors, *spread))
    models = {version: _training(model, series_id) for version, model in known.items()}
    days = fared(runs, usage, models)
    for what, look in (("coverage", coverage_drift), ("error", error_drift)):
        since = _since(what, last, today - LOOKS_BACK)
        drifts.append(look([one for one in days if one.day > since]))
    return _Found(
        figures=audited(runs, usage, until),
        weeks=weeks(days, today),
        drifts=[one for one in drifts if one is not None],
    )


def _since(what: str, last: Mapping[str, datetime], first: date) -> date:
    return max(first, last[what].date()) if what in last else first


def _training(model: Model, series_id: str) -> Training:
    scores = model.series_scores.get(series_id, {})
    return Training(
        known_h=int(model.data_until.timestamp()) // 3600,
        check_error=check_error_of(scores.get("day_1")),
    )


def _checks(model: Model | None, series_id: str) -> dict[str, float | None]:
    scores: dict[str, Any] = model.series_scores.get(series_id, {}) if model else {}
    return {lead: told.get("mae") for lead, told in scores.items()}
