# SPDX-License-Identifier: EUPL-1.2
"""Runs: a model where it can be had and believed, the naive one elsewhere, and it says which."""

import pickle
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from cloud.demand.runs import program as runs_program
from cloud.demand.runs.check import walk_forward
from cloud.demand.runs.days import DayErrors, of_days, whole_days
from cloud.demand.runs.fallback import (
    FAILED,
    IMPLAUSIBLE,
    NO_MODEL,
    NO_WEATHER,
    STALE,
    TOO_LITTLE,
    naive_quantiles,
)
from cloud.demand.runs.groups import HORIZON_H, Fitted, fit, forecast
from cloud.demand.runs.wire import (
    FIT,
    FORECAST,
    Question,
    pack_question,
    read_fitted,
    read_forecasts,
)
from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage, Weather
from tests.demand_builders import SOFIA, Dressed, some_hours, some_usage, some_weather

WEEKS = 20
COUNT = WEEKS * WEEK_H


@pytest.fixture(scope="module")
def weather() -> Weather:
    return some_weather(some_hours(COUNT + HORIZON_H))


@pytest.fixture(scope="module")
def usage(weather: Weather) -> Usage:
    return some_usage(weather, COUNT)


@pytest.fixture(scope="module")
def fitted(usage: Usage, weather: Weather) -> Fitted:
    return fit(Dressed, usage, weather)[0]


def test_a_series_with_enough_history_is_forecast_by_the_model(
    fitted: Fitted, usage: Usage, weather: Weather
):
    told = forecast(fitted, usage, weather, HORIZON_H)
    assert told.reasons == (None, None, None)
    last_week = usage.amounts[:, -WEEK_H:]
    assert told.quantiles[:, :WEEK_H, 1] == pytest.approx(last_week)
    assert told.quantiles[:, :WEEK_H, 2] == pytest.approx(1.1 * last_week)


def test_one_young_series_among_others_falls_back_alone(
    fitted: Fitted, usage: Usage, weather: Weather
):
    amounts = usage.amounts.copy()
    amounts[1, : COUNT - 3 * DAY_H] = np.nan
    told = forecast(fitted, replace(usage, amounts=amounts), weather, HORIZON_H)
    assert told.reasons == (None, TOO_LITTLE, None)
    assert np.isfinite(told.quantiles).all()


@pytest.mark.parametrize(("silent_h", "reason"), [(48, None), (96, STALE)])
def test_use_that_is_days_old_is_told_to_be_stale_and_a_delay_of_two_is_borne(
    fitted: Fitted, usage: Usage, weather: Weather, silent_h: int, reason: str | None
):
    amounts = usage.amounts.copy()
    amounts[:, COUNT - silent_h :] = np.nan
    told = forecast(fitted, replace(usage, amounts=amounts), weather, HORIZON_H)
    assert told.reasons == (reason,) * 3
    assert told.quantiles.shape == (3, HORIZON_H, 3)
    # what is forecast is the hour asked for, not the one that follows on the last known
    expected = usage.amounts[:, COUNT - WEEK_H : COUNT - silent_h]
    assert told.quantiles[:, : WEEK_H - silent_h, 1] == pytest.approx(expected)


def test_weather_that_was_known_and_is_not_any_more_is_missed(
    fitted: Fitted, usage: Usage, weather: Weather
):
    blind = Weather(
        hours=weather.hours,
        columns={
            "temperature_c": np.where(
                np.arange(weather.hours.count) < COUNT, weather.get("temperature_c"), np.nan
            )
        },
    )
    assert forecast(fitted, usage, blind, HORIZON_H).reasons == (NO_WEATHER,) * 3
    never = Weather(hours=weather.hours, columns={})
    assert forecast(fitted, usage, never, HORIZON_H).reasons == (None,) * 3


def test_a_model_that_fails_leaves_the_naive_one_and_says_what_it_said(
    fitted: Fitted, usage: Usage, weather: Weather
):
    failing = Dressed(fails=True)
    failing.series_ids = usage.series_ids
    told = forecast(replace(fitted, forecaster=failing), usage, weather, HORIZON_H)
    assert told.reasons == (FAILED,) * 3
    assert told.failure == "ArithmeticError: There is no such matrix."
    assert np.isfinite(told.quantiles).all()
    assert np.isnan(told.sums).all()


@pytest.mark.parametrize(
    ("factor", "reason"), [(1.3, None), (20, IMPLAUSIBLE), (0.01, IMPLAUSIBLE)]
)
def test_a_forecast_that_nobody_would_believe_is_not_told(
    fitted: Fitted, usage: Usage, weather: Weather, factor: float, reason: str | None
):
    wild = Dressed(factor)
    wild.series_ids = usage.series_ids
    told = forecast(replace(fitted, forecaster=wild), usage, weather, HORIZON_H)
    assert told.reasons == (reason,) * 3


def test_a_series_that_came_after_the_fit_waits_for_the_next_one(
    fitted: Fitted, usage: Usage, weather: Weather
):
    more = replace(
        usage,
        series_ids=("new", *usage.series_ids[1:]),
    )
    assert forecast(fitted, more, weather, HORIZON_H).reasons == (NO_MODEL, None, None)
    assert forecast(None, more, weather, HORIZON_H).reasons == (NO_MODEL,) * 3


def test_the_way_out_has_ranges_wider_than_its_own_errors():
    random = np.random.default_rng(3)
    level = 100 + random.normal(0, 10, (1, COUNT + HORIZON_H))
    noisy = Usage(series_ids=("n",), hours=some_hours(COUNT), amounts=level[:, :COUNT])
    told = naive_quantiles(noisy, HORIZON_H)
    ahead = level[0, COUNT:]
    inside = (told[0, :, 0] <= ahead) & (ahead <= told[0, :, 2])
    assert 0.93 <= inside.mean() <= 1
    assert (np.diff(told, axis=2) >= 0).all()


def test_nothing_known_is_no_forecast_and_zeros_are_zeros():
    hours = some_hours(10 * WEEK_H)
    usage = Usage(
        series_ids=("none", "zero"),
        hours=hours,
        amounts=np.stack([np.full(hours.count, np.nan), np.zeros(hours.count)]),
    )
    told = forecast(None, usage, Weather(hours=hours, columns={}), HORIZON_H)
    assert np.isnan(told.quantiles[0]).all()
    assert (told.quantiles[1] == 0).all()
    assert told.reasons == (TOO_LITTLE, NO_MODEL)


def test_days_are_whole_local_days_also_where_the_clock_changes():
    hours = some_hours(200, some_hours(0).start + timedelta(days=52))
    days = whole_days(hours.between(5, 190))
    assert [last - first for first, last in days][:4] == [24, 25, 24, 24]
    begin = [hours.between(5, 190).hour_of_day[first] for first, _ in days]
    assert set(begin) == {0}
    sums, peaks = of_days(np.ones((1, 185)), days)
    assert sums[0, 1] == 25
    assert peaks[0, 1] == 1


def test_ranges_of_days_hold_what_they_promise_in_weeks_that_follow():
    """Nine days in ten, also two weeks ahead, where use goes on as it did in the check."""
    mild = some_weather(some_hours(60 * WEEK_H))
    mild = replace(mild, columns={"temperature_c": np.full(mild.hours.count, 20.0)})
    usage = some_usage(mild, noise=0.15)
    first = 20 * WEEK_H
    fitted = fit(Dressed, usage.until(first), mild)[0]
    inside, highest = [], []
    for origin in range(first, 58 * WEEK_H, 97):
        known, ahead = usage.until(origin), usage.between(origin, origin + HORIZON_H)
        told = forecast(fitted, known, mild.between(0, origin + HORIZON_H), HORIZON_H)
        sums, peaks = of_days(ahead.amounts, whole_days(ahead.hours))
        inside.append((told.sums[..., 0] <= sums) & (sums <= told.sums[..., 2]))
        highest.append((told.peaks[..., 0] <= peaks) & (peaks <= told.peaks[..., 2]))
    for held in (inside, highest):
        assert 0.84 <= np.concatenate(held, axis=None).mean() <= 0.97


def test_a_series_that_is_fed_back_leaves_others_days_above_nothing():
    usage = some_usage(some_weather(some_hours(4 * WEEK_H)), series=2)
    usage.amounts[0, 100] = -1.0
    errors = np.tile([-9.0, 0.0, 9.0], (2, 3, 1))
    days = DayErrors(
        series_ids=usage.series_ids,
        sums=errors,
        peaks=errors,
        spread=np.ones(2),
        bias=np.zeros(2),
    )
    for told in days.ranges(np.ones((2, DAY_H)), usage, [(0, DAY_H)]):
        assert told[0, 0, 0] < 0
        assert told[1, 0, 0] == 0


def test_days_since_the_fit_are_forecast_from_the_same_hour_of_the_clock_when_it_changes():
    """An hour off it the model would have to learn first, at each forecast."""
    weather = some_weather(some_hours(58 * DAY_H + HORIZON_H + 1))  # put back on day 54
    usage = some_usage(weather, 58 * DAY_H + 1)
    asked: list[datetime] = []

    class Watched(Dressed):
        def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
            asked.append(usage.hours.end.astimezone(SOFIA))
            return super().forecast(usage, weather, horizon_h)

    fitted = fit(Watched, usage.until(52 * DAY_H), weather)[0]
    asked.clear()
    forecast(fitted, usage, weather, HORIZON_H)
    assert [one.hour for one in asked] == [0] * 7
    assert [one.day for one in asked] == [23, 24, 25, 26, 27, 28, 29]


def test_the_check_forecasts_weeks_that_the_model_has_not_seen(usage: Usage, weather: Weather):
    seen: list[int] = []

    class Watched(Dressed):
        def fit(self, usage: Usage, weather: Weather) -> "Watched":
            seen.append(usage.hours.count)
            super().fit(usage, weather)
            return self

    check = walk_forward(Watched, usage, weather, HORIZON_H)
    assert seen == [COUNT - 4 * WEEK_H]
    assert check is not None
    assert set(check.overall) == {"day_1", "days_2_7", "days_8_14"}
    assert check.overall["day_1"]["mase"] == pytest.approx(check.overall["day_1"]["naive_mase"])
    assert set(check.by_series) == set(usage.series_ids)
    assert walk_forward(Watched, usage.until(6 * WEEK_H), weather, HORIZON_H) is None


def test_a_question_and_its_answer_travel_as_bytes_and_come_out_the_same(
    usage: Usage, weather: Weather
):
    asked = Question(task=FIT, usage=usage, weather=weather, horizon_h=HORIZON_H)
    answer = read_fitted(runs_program.answer(pack_question(asked), Dressed))
    assert answer.has_days
    assert set(answer.spread) == set(usage.series_ids)
    asked = replace(asked, task=FORECAST, model=answer.model)
    told = read_forecasts(runs_program.answer(pack_question(asked)))
    here = forecast(fit(Dressed, usage, weather)[0], usage, weather, HORIZON_H)
    assert told.reasons == here.reasons
    for name in ("quantiles", "sums", "peaks"):
        assert np.array_equal(getattr(told, name), getattr(here, name), equal_nan=True)


def test_bytes_that_hold_something_else_than_a_model_are_refused(usage: Usage, weather: Weather):
    asked = Question(
        task=FORECAST, usage=usage, weather=weather, horizon_h=24, model=pickle.dumps({"a": 1})
    )
    with pytest.raises(TypeError, match="not one that was fitted here"):
        runs_program.answer(pack_question(asked))
