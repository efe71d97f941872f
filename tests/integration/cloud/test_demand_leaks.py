# SPDX-License-Identifier: EUPL-1.2
"""Leaks from the future are planted where forecasts are stored: none gets in, and each would show.

Use and weather go the whole way: from the database, as they were known when.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import pytest_asyncio

from cloud.demand.history.weathering import Weathering
from cloud.demand.runs import repository as forecasts_repository
from cloud.demand.runs.repository import Run
from cloud.demand.runs.service import Cadence, Runs
from cloud.demand.runs.skies import PlacedSkies
from cloud.demand.series import HOUR, WEEK_H, Floats
from cloud.weather.models import Resolution
from cloud.weather.service import WeatherRecords
from cloud.weather.sources import Told
from tests.demand_builders import Weatherwise
from tests.integration.cloud.demand_builders import (
    FIRST,
    NOW,
    Demand,
    a_series,
    demand_on,
    with_history,
)
from tests.integration.cloud.store import Store

GROUP = "water/city/l/sofia/1"
LATER = NOW + timedelta(days=2)
TWO_WEEKS = 2 * WEEK_H

Plant = Callable[[Demand], Awaitable[None]]


@pytest_asyncio.fixture
async def demand(store: Store, tmp_path: Path) -> AsyncIterator[Demand]:
    """Yield a series whose model shows every degree; observed weather, and a forecast of it."""
    made = demand_on(store.database, tmp_path)
    made.asking.make = Weatherwise
    await with_history(made, a_series("a"), weeks=9)
    made.runs = Runs(
        *(made.database, made.clock, made.history),
        PlacedSkies(Weathering(made.database, WeatherRecords(made.database, made.clock))),
        *(made.models, made.asking, Cadence()),
    )
    observed = int((NOW - FIRST) / HOUR)
    await _tell(made, FIRST, np.full(observed, 8.0), NOW - HOUR, is_forecast=False)
    await _tell(made, NOW, np.full(TWO_WEEKS, 3.0), NOW - HOUR, is_forecast=True)
    await made.runs.fit(GROUP)
    yield made


async def _tell(
    demand: Demand, first: datetime, degrees: Floats, known_at: datetime, *, is_forecast: bool
) -> None:
    """Record the weather of hours from ``first`` on, known since ``known_at``."""
    at = [first + hour * HOUR for hour in range(len(degrees))]
    rows = pl.DataFrame(
        {"at": at, "temperature_c": degrees, "known_at": [known_at] * len(at)},
        schema_overrides={
            "at": pl.Datetime("us", "UTC"),
            "known_at": pl.Datetime("us", "UTC"),
        },
    )
    told = Told(resolution=Resolution.HOUR, rows=rows, is_forecast=is_forecast)
    await WeatherRecords(demand.database, demand.clock).take_in("sofia", told)


async def _late_use(demand: Demand) -> None:
    """Use of hours that were to come."""
    await demand.bring("a", np.full(48, 77.0), LATER, NOW)


async def _corrected_use(demand: Demand) -> None:
    """Use of the week before, which a later import tells otherwise."""
    await demand.bring("a", np.full(WEEK_H, 55.0), LATER, NOW - timedelta(days=7))


async def _weather_as_it_came(demand: Demand) -> None:
    """What the weather turned out to be."""
    await _tell(demand, NOW, np.full(48, 21.0), LATER, is_forecast=False)


async def _later_run(demand: Demand) -> None:
    """A later forecast of the same hours."""
    await _tell(demand, NOW, np.full(TWO_WEEKS, -5.0), LATER, is_forecast=True)


async def _corrected_weather(demand: Demand) -> None:
    """The past's weather, corrected: it was observed, but is known so only later."""
    await _tell(demand, NOW - 48 * HOUR, np.full(96, 30.0), LATER, is_forecast=False)


PLANTS = (_late_use, _corrected_use, _weather_as_it_came, _later_run, _corrected_weather)


async def _stored(demand: Demand) -> list[Run]:
    async with demand.database.transaction(as_system=True) as connection:
        return await forecasts_repository.issued(connection, ["a"], FIRST, LATER + HOUR)


def _same(one: Run, other: Run) -> bool:
    return np.array_equal(
        one.quantiles.astype(np.float32), other.quantiles.astype(np.float32)
    ) and (one.usage_until, one.weather_known_at) == (other.usage_until, other.weather_known_at)


@pytest.mark.parametrize("plant", PLANTS)
async def test_a_planted_leak_gets_into_no_forecast_that_is_made_late_and_would_have_shown(
    demand: Demand, plant: Plant
) -> None:
    [on_time] = await demand.runs.forecast(GROUP)
    assert on_time.known_at <= NOW + HOUR
    assert on_time.fallback_reason is None
    async with demand.database.transaction(as_system=True) as connection:
        await connection.execute("delete from forecast_runs")
    demand.clock.time = LATER + HOUR
    await plant(demand)
    # a job that comes two days late, for the hour that it was queued for
    [late] = await demand.runs.forecast(GROUP, NOW)
    [stored] = await _stored(demand)
    assert _same(late, on_time)
    assert _same(stored, on_time)
    assert stored.known_at <= stored.issued_at + HOUR
    # who looks at what is known now sees what was planted: the test can fail
    [group] = await demand.runs.groups()
    model = await demand.models.newest(GROUP)
    [peeking] = await demand.runs.made(group, NOW, demand.clock.now(), model)
    assert plant is _late_use or not _same(peeking, on_time)


async def test_use_that_was_still_to_come_shows_where_a_history_hands_it_over(
    demand: Demand,
) -> None:
    """The grid ends where the forecast begins: only a forecast from later on sees that use."""
    [on_time] = await demand.runs.forecast(GROUP)
    demand.clock.time = LATER + HOUR
    await _late_use(demand)
    [from_then_on] = await demand.runs.forecast(GROUP)
    assert from_then_on.usage_until == LATER
    assert on_time.usage_until == NOW


async def test_a_model_that_learnt_later_makes_no_forecast_of_before(demand: Demand) -> None:
    model = await demand.models.newest(GROUP)
    assert model is not None
    demand.clock.time = LATER
    await _late_use(demand)
    later = await demand.runs.fit(GROUP)
    assert later is not None
    assert later.model_version != model.model_version
    [late] = await demand.runs.forecast(GROUP, NOW)
    assert late.model_version == model.model_version
