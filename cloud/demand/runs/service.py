# SPDX-License-Identifier: EUPL-1.2
"""Runs: models are fitted when it is time, and every group's forecasts made and stored.

Each may be done again: a model of the same data has the same version, and a forecast that stands
stays as it is. What is heavy goes on in a program of its own (``runs_program``).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self

import numpy as np
import structlog

from cloud.demand.runs import repository
from cloud.demand.runs.asking import Ask, RunFailedError
from cloud.demand.runs.days import whole_days
from cloud.demand.runs.fallback import FAILED, MIN_KNOWN_H, NO_MODEL
from cloud.demand.runs.groups import HORIZON_H, Forecasts, forecast
from cloud.demand.runs.inputs import (
    LEARNT,
    Group,
    History,
    Skies,
    Sky,
    group_of,
    grouped,
    is_brought,
    known_sky,
    known_usage,
    whole_hour,
)
from cloud.demand.runs.registry import ModelRegistry
from cloud.demand.runs.registry_repository import Model
from cloud.demand.runs.repository import Run
from cloud.demand.runs.version import code, ingredients
from cloud.demand.runs.wire import (
    FIT,
    FORECAST,
    Question,
    pack_question,
    read_fitted,
    read_forecasts,
)
from cloud.demand.series import HOUR, Usage
from cloud.kit import metrics
from cloud.kit.clock import Clock
from cloud.kit.database import Database

log = structlog.get_logger(__name__)

STORE_TIMEOUT_S = 120
# What a forecast goes on from: a year, for what recurs with it, and some weeks.
FOLLOWED = timedelta(weeks=60)
FIRST, AGE, SERIES, CODE, DRIFT, LOST, ASKED = (
    *("first", "age", "series", "code", "drift", "lost", "asked"),
)
EPOCH_DAY = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Cadence:
    """How often a group is forecast, and how old a model grows."""

    forecast_every: timedelta = timedelta(hours=6)
    refit_after: timedelta = timedelta(days=7)


class Runs:
    """Fits models and makes forecasts, so many runs at a time as ``at_once`` says."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        history: History,
        skies: Skies,
        models: ModelRegistry,
        ask: Ask,
        cadence: Cadence,
        at_once: int = 1,
    ) -> None:
        self._database = database
        self._clock = clock
        self._history = history
        self._skies = skies
        self._models = models
        self._ask = ask
        self._cadence = cadence
        self.at_once = at_once
        self._turn = asyncio.Semaphore(at_once)

    def asking(self, ask: Ask, at_once: int) -> Self:
        """Return the same that has others run its models, so many at a time."""
        made = type(self)
        return made(
            self._database,
            self._clock,
            self._history,
            self._skies,
            self._models,
            ask,
            self._cadence,
            at_once,
        )

    async def groups(self) -> list[Group]:
        """Return all groups of series that there are."""
        series = await self._history.all()
        places = {one.series_id: await self._skies.place_of(one) for one in series}
        return grouped(series, places)

    async def to_forecast(self) -> list[Group]:
        """Return the groups whose last forecast is old enough for a new one."""
        now, due = self._clock.now(), []
        for group in await self.groups():
            async with self._database.transaction(as_system=True) as connection:
                last = await repository.last_issued(connection, group.series_ids)
            if last is None or last <= now - self._cadence.forecast_every:
                due.append(group)
        return due

    async def to_fit(self) -> list[tuple[Group, str]]:
        """Return the groups that need a new model, and why."""
        found = [(group, await self.reason_to_fit(group)) for group in await self.groups()]
        return [(group, reason) for group, reason in found if reason is not None]

    async def reason_to_fit(self, group: Group) -> str | None:
        """Return why a group needs a new model, None if it doesn't."""
        model = await self._models.newest(group.group_id)
        if model is None:
            return FIRST
        now = self._clock.now()
        brought = {one.series_id for one in group.series if is_brought(one, MIN_KNOWN_H, now)}
        if not brought <= set(model.series_ids) <= set(group.series_ids):
            return SERIES
        if model.code != code():
            return CODE
        if self._models.content(model.model_version) is None:
            return LOST
        return AGE if model.known_at <= now - self._cadence.refit_after else None

    async def fit(
        self, group_id: str, because: str = ASKED, known_at: datetime | None = None
    ) -> Model | None:
        """Fit a model to what was known then, and keep it; None where there is too little."""
        group = group_of(await self.groups(), group_id)
        known_at = known_at or self._clock.now()
        async with self._turn:  # before anything is read: who waits holds no memory
            usage = await self._to_learn(group, known_at)
            if usage is None:
                log.info("model_not_fitted", group=group_id, reason="too_little_history")
                return None
            sky = await known_sky(self._skies, group.place_id, usage, HORIZON_H, known_at)
            every_h = self._cadence.forecast_every // HOUR
            question = Question(
                task=FIT,
                usage=usage,
                weather=sky.weather,
                horizon_h=HORIZON_H,
                every_h=every_h,
            )
            answer = read_fitted(await self._asked(question))
        made_of = ingredients(
            group_id, usage, sky.weather, {"horizon_h": HORIZON_H, "every_h": every_h}
        )
        model = Model(
            **{name: told for name, told in vars(made_of).items() if "data_" not in name},
            model_version=made_of.version,
            because=because,
            fitted_at=self._clock.now(),
            known_at=known_at,
            data_from=usage.hours.start,
            data_until=usage.hours.end,
            data_sha256=made_of.data_sha256,
            fit_s=answer.fit_s,
            scores=answer.overall,
            series_scores=answer.by_series,
            spread=answer.spread,
            has_days=answer.has_days,
            size_bytes=len(answer.model),
        )
        await self._models.keep(model, answer.model)
        metrics.DEMAND_FITS.labels(because).inc()
        return model

    async def _to_learn(self, group: Group, known_at: datetime) -> Usage | None:
        """Return the use of those series that have enough, up to the newest hour that is known."""
        until = whole_hour(known_at)
        usage = await known_usage(self._history, group.series_ids, until - LEARNT, until, known_at)
        rows = np.flatnonzero((~np.isnan(usage.amounts)).sum(axis=1) >= MIN_KNOWN_H)
        if not rows.size:
            return None
        usage = usage.of([int(row) for row in rows])
        known = np.flatnonzero(~np.isnan(usage.amounts).all(axis=0))
        return usage.between(int(known[0]), int(known[-1]) + 1)

    async def forecast(self, group_id: str, issued_at: datetime | None = None) -> list[Run]:
        """Make a group's forecasts, store those that there are none of yet, and return all.

        Nothing is in them that became known after the hour at which they are issued, however late
        they are made: what is audited as a forecast mustn't have seen what it is compared with.
        """
        group = group_of(await self.groups(), group_id)
        now = self._clock.now()
        issued_at = whole_hour(issued_at or now)
        known_at = min(now, issued_at + HOUR)
        model = await self._models.newest(group_id, known_at)
        return await self._stored(group, await self.made(group, issued_at, known_at, model))

    async def stop_gap(self, group_id: str) -> list[Run]:
        """Make and store forecasts as a week ago for the hour before, and return them.

        What there is until a first model is fitted; that one's of this hour follow. They go on from
        use up to that hour, also what came in since, as a new installation's whole history does.
        """
        group = group_of(await self.groups(), group_id)
        now = self._clock.now()
        return await self._stored(group, await self.made(group, whole_hour(now) - HOUR, now, None))

    async def _stored(self, group: Group, told: list[Run]) -> list[Run]:
        async with self._database.transaction(STORE_TIMEOUT_S, as_system=True) as connection:
            added = await repository.add(connection, told)
            stored = told
            if told and added < len(told):  # some stood already, perhaps made of other weather
                series_ids = [one.series_id for one in told]
                at = told[0].issued_at
                stored = await repository.issued(connection, series_ids, at, at + HOUR)
        fallbacks = _counted(told)
        for reason, count in fallbacks.items():
            metrics.DEMAND_FORECASTS.labels(reason).inc(count)
        issued_at = told[0].issued_at if told else None
        log.info(
            "forecasts_stored", group=group.group_id, issued_at=issued_at, added=added, **fallbacks
        )
        return stored

    async def made(
        self, group: Group, issued_at: datetime, known_at: datetime, model: Model | None
    ) -> list[Run]:
        """Return a group's forecasts by this model from what was known then, and store nothing."""
        async with self._turn:
            since = issued_at - FOLLOWED if model is None else model.data_from
            usage = await known_usage(self._history, group.series_ids, since, issued_at, known_at)
            sky = await known_sky(self._skies, group.place_id, usage, HORIZON_H, known_at)
            question = Question(
                task=FORECAST,
                usage=usage,
                weather=sky.weather,
                horizon_h=HORIZON_H,
                model=None if model is None else self._models.content(model.model_version),
            )
            told = await self._forecasts(question)
        if told.failure is not None:
            log.error("model_failed", group=group.group_id, error=told.failure)
        version = model.model_version if model and question.model else None
        return [
            one
            for row in range(len(usage.series_ids))
            if (one := self._run(row, usage, sky, told, version, known_at)) is not None
        ]

    async def _forecasts(self, question: Question) -> Forecasts:
        """Return forecasts; the naive model's where the program itself came to grief."""
        try:
            return read_forecasts(await self._asked(question))
        except RunFailedError as error:
            told = await asyncio.to_thread(
                forecast, None, question.usage, question.weather, question.horizon_h
            )
            reasons = tuple(FAILED if one == NO_MODEL else one for one in told.reasons)
            return replace(told, reasons=reasons, failure=str(error))

    async def _asked(self, question: Question) -> bytes:
        packed = await asyncio.to_thread(pack_question, question)
        return await self._ask(packed)

    def _run(
        self,
        row: int,
        usage: Usage,
        sky: Sky,
        told: Forecasts,
        version: str | None,
        known_at: datetime,
    ) -> Run | None:
        quantiles = told.quantiles[row]
        if np.isnan(quantiles).any():
            return None  # nothing is known of this series
        known = np.flatnonzero(~np.isnan(usage.amounts[row]))
        ahead = usage.hours.between(usage.hours.count, usage.hours.count + len(quantiles))
        days = whole_days(ahead)
        has_days = bool(days) and not np.isnan(told.sums[row]).any()
        return Run(
            series_id=usage.series_ids[row],
            issued_at=usage.hours.end,
            known_at=known_at,
            made_at=self._clock.now(),
            model_version=version,
            fallback_reason=told.reasons[row],
            usage_until=usage.hours.at(int(known[-1])) + HOUR if known.size else None,
            weather_known_at=sky.newest,
            weather_forecast_share=sky.forecast_share,
            weather_climatology_share=sky.climatology_share,
            quantiles=quantiles,
            first_day=EPOCH_DAY + timedelta(days=int(ahead.day[days[0][0]])) if has_days else None,
            sums=told.sums[row] if has_days else None,
            peaks=told.peaks[row] if has_days else None,
        )


def _counted(told: list[Run]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for one in told:
        reason = one.fallback_reason or "model"
        counts[reason] = counts.get(reason, 0) + 1
    return counts
