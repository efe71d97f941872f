# SPDX-License-Identifier: EUPL-1.2
"""Series in a database with use that somebody brought, weather that is known when, and runs."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from cloud.demand.history import repository as history_repository
from cloud.demand.history.models import Series
from cloud.demand.history.service import DemandHistory
from cloud.demand.issued.service import IssuedForecasts
from cloud.demand.runs import program as runs_program
from cloud.demand.runs.inputs import Sky
from cloud.demand.runs.registry import ModelRegistry
from cloud.demand.runs.registry_repository import Model
from cloud.demand.runs.service import Cadence, Runs
from cloud.demand.series import HOUR, WEEK_H, Floats, Hours, Weather
from cloud.kit.database import Database, run
from cloud.kit.sealing import Sealing
from tests.demand_builders import Dressed, some_hours, some_usage, some_weather
from tests.integration.cloud.builders import FakeClock

FIRST = datetime(2026, 8, 31, 21, tzinfo=UTC)  # 1 September in Sofia
WEEKS = 12
NOW = FIRST + timedelta(weeks=WEEKS)


def a_series(series_id: str, **changes: Any) -> Series:
    fields: dict[str, Any] = {
        "series_id": series_id,
        "name_bg": "Зона",
        "name_en": "Zone",
        "utility": "water",
        "level": "city",
        "unit": "l",
        "origin": "import",
        "supplier_id": "water-one",
        "place_id": "sofia",
    }
    return Series(**{**fields, **changes})


def a_model(*series_ids: str, known_at: datetime, **changes: Any) -> Model:
    """Return a model as the registry has it; its file is somewhere else."""
    fields: dict[str, Any] = {
        "model_version": "m-one",
        "group_id": "water/city/l/sofia/1",
        "series_ids": series_ids,
        "because": "first",
        "fitted_at": known_at,
        "known_at": known_at,
        "data_from": known_at - timedelta(weeks=WEEKS),
        "data_until": known_at,
        "data_sha256": "",
        "code": "",
        "learners": {},
        "parameters": {},
        "fit_s": 1.0,
        "scores": {},
        "series_scores": {},
        "spread": {},
        "has_days": True,
        "size_bytes": 1,
    }
    return Model(**{**fields, **changes})


@dataclass
class FakeSkies:
    """Weather of one place: observed as it comes, and forecast by runs known since their hour."""

    observed: Weather = field(default_factory=lambda: some_weather(some_hours(30 * WEEK_H, FIRST)))
    forecasts: dict[datetime, float] = field(default_factory=dict)  # known since: °C for ever

    async def place_of(self, series: Series) -> str | None:
        return series.place_id

    async def over(
        self, place_id: str | None, hours: Hours, issued_at: datetime, known_at: datetime
    ) -> Sky:
        if place_id is None:
            return Sky(weather=Weather(hours=hours, columns={}))
        assert place_id == "sofia"
        told = self.observed.over(hours).get("temperature_c").copy()
        ahead = np.arange(hours.count) >= hours.index(known_at)
        told[ahead] = np.nan
        known = [since for since in self.forecasts if since <= known_at]
        if known:
            told[ahead] = self.forecasts[max(known)]
        share = float(hours.end > issued_at) if known else 0.0
        return Sky(
            weather=Weather(hours=hours, columns={"temperature_c": told}),
            newest=max(known, default=None),
            forecast_share=share,
        )


class Asking:
    """Answers as the program does, in this process; ``make`` makes its models."""

    def __init__(self, make: Any = Dressed) -> None:
        self.make = make
        self.asked = 0

    async def __call__(self, question: bytes) -> bytes:
        self.asked += 1
        return await asyncio.to_thread(runs_program.answer, question, self.make)


@dataclass
class Demand:
    """All that makes forecasts, on one database."""

    database: Database
    clock: FakeClock
    history: DemandHistory
    skies: FakeSkies
    models: ModelRegistry
    asking: Asking
    runs: Runs
    issued: IssuedForecasts

    async def bring(
        self, series_id: str, amounts: Floats, at: datetime, first: datetime = FIRST
    ) -> None:
        """Bring hours of use for a series, known since ``at``."""
        start_s = int(first.timestamp()) + 3600 * np.arange(len(amounts), dtype=np.int64)
        async with self.database.transaction(as_system=True) as connection:
            import_id = await history_repository.add_import(
                connection,
                series_id=series_id,
                resolution="hour",
                imported_by="user:1",
                imported_at=at,
                file_sha256="",
                file_unit="l",
                rows=len(amounts),
                stored=len(amounts),
                findings=[],
            )
            await history_repository.copy_usage(connection, import_id, start_s, amounts)


def demand_on(database: Database, folder: Path, now: datetime = NOW) -> Demand:
    """Return what makes forecasts of this database's series."""
    clock, skies, asking = FakeClock(now), FakeSkies(), Asking()
    skies.forecasts[FIRST] = 12.0
    history = DemandHistory(database, 5)
    models = ModelRegistry(database, clock, folder / "models", Sealing(folder / "keys" / "key"))
    return Demand(
        database=database,
        clock=clock,
        history=history,
        skies=skies,
        models=models,
        asking=asking,
        runs=Runs(database, clock, history, skies, models, asking, Cadence()),
        issued=IssuedForecasts(database, clock, history),
    )


async def with_history(demand: Demand, *series: Series, weeks: int = WEEKS) -> None:
    """Keep series with weeks of use up to now."""
    usage = some_usage(demand.skies.observed, weeks * WEEK_H, len(series))
    first = NOW - weeks * WEEK_H * HOUR
    async with demand.database.transaction(as_system=True) as connection:
        await run(
            connection,
            "insert into suppliers values ('water-one', 'W'), ('water-two', 'X')"
            " on conflict do nothing",
        )
        await run(
            connection,
            "insert into weather_places (place_id, name_bg, name_en, latitude, longitude,"
            " elevation_m, kind, source, licence, attribution, day_zone, delay_h) values ('sofia',"
            " 'София', 'Sofia', 42.7, 23.3, 550, 'grid', 'x', 'x', 'x', 'Europe/Sofia', 0)"
            " on conflict do nothing",
        )
        for one in series:
            await history_repository.put_series(connection, one, "user:1", FIRST)
    for one, amounts in zip(series, usage.amounts, strict=True):
        await demand.bring(one.series_id, amounts, NOW - HOUR, first)
