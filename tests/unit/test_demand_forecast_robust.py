# SPDX-License-Identifier: EUPL-1.2
"""Histories as they come: short, broken, all zero, with half of the weather or none."""

import numpy as np
import pytest

from cloud.demand.models.features import known_of, without_gaps
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.models.lags import lags_of
from cloud.demand.series import DAY_H, Usage, Weather
from tests.unit.test_demand_forecast import (
    few_trees,  # noqa: F401 - a fixture
    heated,
    issued,
    some_weather,
    the_hours,
)

pytest.importorskip("sklearn", reason="needs the extra demand")


def is_sound(told: np.ndarray) -> bool:
    return bool(np.isfinite(told).all() and (np.diff(told, axis=2) >= 0).all())


@pytest.mark.parametrize("days", [1, 3, 9, 20])
def test_a_short_history_gets_what_can_be_done(days):
    weather = some_weather(the_hours(days + 7))
    assert is_sound(issued(heated(weather), weather, days * DAY_H, 168))


def test_one_series_of_nothing_and_gaps_in_another_spoil_none():
    weather = some_weather(the_hours(60))
    usage = heated(weather, series=5)
    usage.amounts[1] = 0.0
    usage.amounts[2, 100:900] = np.nan
    usage.amounts[3, -15 * DAY_H :] = np.nan
    usage.amounts[4, : 50 * DAY_H] = np.nan
    told = issued(usage, weather, 55 * DAY_H)
    assert is_sound(told)
    assert np.abs(told[1]).max() == pytest.approx(0, abs=1e-3)


def test_a_series_never_known_stays_unknown_and_alone():
    weather = some_weather(the_hours(40))
    usage = heated(weather, series=2)
    usage.amounts[0] = np.nan
    told = issued(usage, weather, 39 * DAY_H)
    assert np.isnan(told[0]).all()
    assert is_sound(told[1:])


@pytest.mark.parametrize("columns", ["none", "unknown", "ends", "gaps", "all"])
def test_weather_may_be_missing_in_part_or_whole(columns):
    weather = some_weather(the_hours(40))
    usage = heated(weather)
    temperature = weather.get("temperature_c").copy()
    if columns == "unknown":
        temperature[:] = np.nan
    elif columns == "ends":
        temperature[30 * DAY_H :] = np.nan
    elif columns == "gaps":
        temperature[200:290] = temperature[5] = np.nan
    told = {} if columns == "none" else {"temperature_c": temperature}
    if columns == "all":
        told |= {"holiday": np.zeros(weather.hours.count), "precipitation_mm": temperature * np.nan}
        told |= {"humidity_pct": temperature, "wind_m_per_s": temperature}
    assert is_sound(issued(usage, Weather(hours=weather.hours, columns=told), 38 * DAY_H))


def test_what_never_was_negative_is_not_forecast_so():
    weather = some_weather(the_hours(60))
    usage = heated(weather)
    sparse = np.where(np.arange(usage.hours.count) % 7 == 0, usage.amounts, 0.0)
    sparse = Usage(series_ids=("a",), hours=usage.hours, amounts=sparse)
    told = issued(sparse, weather, 58 * DAY_H)
    assert is_sound(told)
    assert told.min() >= 0


def test_a_model_fitted_anew_on_other_series_forgets_the_ranges_of_the_first():
    weather = some_weather(the_hours(40))
    model = default_forecaster()
    for count in (1, 3):
        usage = heated(weather, series=count).until(38 * DAY_H)
        told = model.fit(usage, weather.over(usage.hours)).forecast(usage, weather, DAY_H)
        assert told.shape[0] == count
        assert is_sound(told)


def test_lags_are_those_known_at_the_origin():
    amounts = np.arange(40.0 * DAY_H)[None, :]
    origin = 35 * DAY_H
    lags = lags_of(amounts, np.array([origin]), np.array([[0, 23, 24, 170]]))
    assert lags["last_day"][0, 0].tolist() == [origin - 24, origin - 1, origin - 24, origin - 22]
    assert lags["last_week"][0, 0].tolist() == [
        origin - 168,
        origin - 145,
        origin - 144,
        origin - 166,
    ]
    assert (lags["last_1h"][0, 0] == origin - 1).all()
    assert max(float(told.max()) for told in lags.values()) < origin


def test_short_gaps_of_weather_are_bridged_and_long_ones_as_the_day_before():
    told = np.arange(72.0)
    told[10:13] = np.nan
    told[40:60] = np.nan
    filled = without_gaps(told)
    assert filled[10:13].tolist() == [10, 11, 12]
    assert filled[40:60].tolist() == list(range(16, 36))


def test_the_days_around_a_holiday_are_known_for_what_they_are():
    hours = the_hours(14)  # from Wednesday, 1 January 2025, on
    holiday = np.where((hours.day - hours.day[0]) == 1, 1.0, 0.0)
    known = known_of(Weather(hours=hours, columns={"holiday": holiday}))
    by_day = {name: told[::DAY_H].tolist() for name, told in known.columns.items()}
    assert by_day["holiday"][:4] == [0, 1, 0, 0]
    assert by_day["bridge"][:4] == [0, 0, 1, 0]
    assert by_day["day_before_free"][0] == 1


def test_holidays_are_those_of_the_country_where_the_weather_tells_none():
    weather = some_weather(the_hours(90))
    assert known_of(weather).columns["holiday"].sum() == 0
    known = known_of(weather, country="BG").columns["holiday"]
    assert known[0] == 1
    assert known[(31 + 28 + 2) * DAY_H] == 1  # 3 March
    assert known[40 * DAY_H] == 0
