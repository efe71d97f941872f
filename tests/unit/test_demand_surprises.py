# SPDX-License-Identifier: EUPL-1.2
"""Tests of what trees learn from the level's misses, and of ranges made of them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from cloud.demand.models.level import Level, past_forecasts
from cloud.demand.models.surprises import Surprises
from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Usage, Weather
from tests.benchmark.demand.spread import Spread

pytest.importorskip("sklearn")

HOURS = Hours(start=datetime(2024, 1, 1, tzinfo=UTC), count=30 * WEEK_H, zone=UTC)
ORIGIN = 29 * WEEK_H


def a_garden() -> tuple[Usage, Weather]:
    """Return two series that use 10, and 2 more for each degree above 20, in changeable weather."""
    rng = np.random.default_rng(0)
    of_days = rng.uniform(15, 30, HOURS.count // DAY_H)
    temperature = np.repeat(of_days, DAY_H)
    used = 10 + 2 * np.maximum(temperature - 20, 0) + rng.normal(0, 0.5, (2, HOURS.count))
    used[1] *= 3
    usage = Usage(series_ids=("small", "large"), hours=HOURS, amounts=used)
    return usage, Weather(hours=HOURS, columns={"temperature_c": temperature})


def mean_error(told: Floats, usage: Usage) -> float:
    return float(np.abs(told - usage.amounts[:, ORIGIN : ORIGIN + WEEK_H]).mean())


def test_weather_to_come_is_made_use_of():
    usage, weather = a_garden()
    known = usage.until(ORIGIN)
    model = Surprises().fit(known, weather.over(known.hours))
    error = mean_error(model.forecast(known, weather, WEEK_H), usage)
    assert error < mean_error(Level().forecast(known, weather, WEEK_H), usage) / 2


def test_without_weather_or_history_there_is_still_the_level():
    usage, _ = a_garden()
    young = usage.until(3 * DAY_H)
    nothing = Weather(hours=young.hours, columns={})
    told = Surprises().fit(young, nothing).forecast(young, nothing, WEEK_H)
    assert told == pytest.approx(Level().forecast(young, nothing, WEEK_H))


def test_unknown_and_idle_series_are_borne():
    usage, weather = a_garden()
    amounts = np.concatenate([usage.amounts, np.full((1, HOURS.count), np.nan)])
    amounts = np.concatenate([amounts, np.zeros((1, HOURS.count))])[:, :ORIGIN]
    amounts[0, 100:900] = np.nan
    hours = HOURS.between(0, ORIGIN)
    known = Usage(series_ids=("a", "b", "gone", "idle"), hours=hours, amounts=amounts)
    early = weather.between(0, ORIGIN + 30)  # ends before the horizon does
    told = Spread([Surprises]).fit(known, early).forecast(known, early, WEEK_H)
    assert np.isnan(told[2]).all()
    assert not np.isnan(told[[0, 1, 3]]).any()
    assert told[3] == pytest.approx(0, abs=1e-6)


def test_past_forecasts_are_those_that_were_issued_then():
    usage, weather = a_garden()
    origins = np.array([ORIGIN - 3 * WEEK_H, ORIGIN - WEEK_H - 10])
    told = past_forecasts(usage, weather, origins, WEEK_H)
    for place, origin in enumerate(origins.tolist()):
        then = Level().forecast(usage.until(origin), weather, WEEK_H)
        assert told[:, place] == pytest.approx(then, rel=0.03)


def test_what_comes_after_an_origin_is_not_looked_at():
    usage, weather = a_garden()
    origins = np.array([ORIGIN - 10])
    changed = usage.amounts.copy()
    changed[:, ORIGIN - 10 :] = 1e6
    after = Usage(series_ids=usage.series_ids, hours=HOURS, amounts=changed)
    assert np.array_equal(
        past_forecasts(usage, weather, origins, WEEK_H),
        past_forecasts(after, weather, origins, WEEK_H),
    )


def test_nine_hours_in_ten_fall_into_the_range():
    usage, weather = a_garden()
    inside = []
    for origin in range(ORIGIN - 6 * WEEK_H, ORIGIN + 1, WEEK_H):
        known = usage.until(origin)
        told = Spread([Level]).fit(known, weather).forecast(known, weather, WEEK_H)
        came = usage.amounts[:, origin : origin + WEEK_H]
        inside.append((told[..., 0] <= came) & (came <= told[..., 2]))
    assert 0.85 < np.mean(inside) < 0.95


@pytest.mark.parametrize("horizon_h", [1, 30, 2 * WEEK_H])
def test_any_horizon_from_any_hour_has_a_range(horizon_h):
    usage, weather = a_garden()
    known = usage.until(ORIGIN - 5)
    told = Spread([Level]).fit(known, weather).forecast(known, weather, horizon_h)
    assert told.shape == (2, horizon_h, 3)
    assert (np.diff(told, axis=2) >= 0).all()
    assert (told[..., 2] > told[..., 0]).all()
