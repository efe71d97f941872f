# SPDX-License-Identifier: EUPL-1.2
"""Scenarios: weather years laid over the days to come, and rare days of a climate that is known."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from cloud.demand.files import UnreadableFileError
from cloud.demand.series import DAY_H, Floats
from cloud.demand.studies.climate import DailyTemperature, read_years
from cloud.demand.studies.scenario import NoScenarioError, Scenario, crps, scenario
from tests.needs import shared_data
from tests.unit.demand_truths import HEATING_BELOW_C, HEATING_PER_C, a_heated_town

FIRST = date(1940, 1, 1)
HISTORY_D = 690  # to the end of November 2024
WINTER_D = 90
SPREAD_C = 3.5


def a_climate(*, years: int = 80, warming_c: float = 0.0, seed: int = 3) -> DailyTemperature:
    """Return the town's climate: every day's mean is normal about the season's."""
    luck = np.random.default_rng(seed)
    days = np.arange(int(years * 365.2425))
    season = 11 - 11 * np.cos(2 * np.pi * (days / 365.2425 - 0.05))
    drawn = season + luck.normal(0, SPREAD_C, days.size) + warming_c * days / days.size
    return DailyTemperature(first_day=(FIRST - date(1970, 1, 1)).days, mean_c=drawn)


@pytest.fixture(scope="module")
def winter() -> Scenario:
    usage, weather, _ = a_heated_town(days=HISTORY_D)
    until = usage.hours.end + timedelta(days=WINTER_D)
    return scenario(usage, weather, until=until, years=a_climate())


def the_season(winter: Scenario) -> Floats:
    first = winter.hours.dates()[0]
    days = (first - date(first.year, 1, 1)).days + np.arange(WINTER_D)
    return 11 - 11 * np.cos(2 * np.pi * (days / 365.2425 - 0.05))


def test_the_coldest_day_in_ten_years_is_that_of_the_climate(winter):
    luck = np.random.default_rng(1)
    drawn = the_season(winter) + luck.normal(0, SPREAD_C, (20_000, WINTER_D))
    truth = np.quantile(drawn.min(axis=1), 0.1)
    told = winter.one_year_in("coldest_c", 10)
    assert told.told == pytest.approx(truth, abs=0.8)
    assert told.low <= truth <= told.high
    assert winter.one_year_in("coldest_c", 20).told < told.told


def test_the_middle_of_the_total_is_what_the_town_would_use(winter):
    busy = 20 * np.sin(np.pi * np.clip(winter.hours.hour_of_day - 6, 0, 14) / 14)
    calendar = np.where(winter.hours.weekday < 5, busy, 0.5 * busy).sum()
    heating = HEATING_PER_C * DAY_H * (HEATING_BELOW_C - the_season(winter)).sum()
    truth = 80 * winter.hours.count + calendar + heating
    told = winter.quantiles("totals")
    assert told[0.5] == pytest.approx(truth, rel=0.02)
    assert told[0.05] < truth < told[0.95]


def test_peaks_lie_above_means_and_rarer_ones_higher(winter):
    assert (winter.peak_days > winter.totals / WINTER_D).all()
    assert winter.one_year_in("peak_days", 20).told > winter.one_year_in("peak_days", 10).told
    half, tenth = winter.exceeded(
        "totals", [winter.quantiles("totals")[0.5], winter.quantiles("totals")[0.9]]
    )
    assert half == pytest.approx(0.5, abs=0.01)
    assert tenth == pytest.approx(0.1, abs=0.01)


def test_the_count_behind_one_in_ten_is_that_of_years_not_of_paths(winter):
    assert winter.years == np.unique(winter.weather_year).size == 79
    assert winter.totals.size > 10 * winter.years
    assert winter.misses.out_of_sample
    assert winter.misses.apart < len(winter.misses.stretches)


def test_years_with_days_colder_than_the_history_saw_are_counted(winter):
    assert 0 < winter.beyond_pct < 100
    mild = replace(a_climate(), mean_c=np.maximum(a_climate().mean_c, 0.0))
    usage, weather, _ = a_heated_town(days=420)
    until = usage.hours.end + timedelta(days=30)
    assert scenario(usage, weather, until=until, years=mild).beyond_pct == 0


def test_a_climate_that_warmed_is_brought_to_today():
    warmed = a_climate(warming_c=3.0)
    now = warmed.at_climate_of(date(2020, 1, 1)).mean_c
    decades = [part.mean() for part in np.array_split(now[: 8 * 3652], 8)]
    assert np.polyfit(range(8), decades, 1)[0] == pytest.approx(0, abs=0.06)
    assert np.mean(decades) == pytest.approx(14.0, abs=0.5)


def test_a_short_record_is_left_as_it_is():
    short = a_climate(years=10, warming_c=3.0)
    assert short.at_climate_of(date(2020, 1, 1)) is short


def test_a_record_of_another_place_is_moved_by_what_it_differs():
    there = a_climate(years=10)
    here = DailyTemperature(first_day=there.first_day + 3000, mean_c=there.mean_c[3000:3500] - 2.5)
    moved, told = there.moved_to(here)
    assert moved.mean_c == pytest.approx(there.mean_c - 2.5)
    assert "-2.5" in told


def test_too_few_weather_years_are_refused():
    usage, weather, _ = a_heated_town(days=HISTORY_D)
    with pytest.raises(NoScenarioError, match="1 whole years of weather"):
        scenario(usage, weather, until=usage.hours.end + timedelta(days=30))


def test_an_end_before_the_end_of_the_history_is_refused():
    usage, weather, _ = a_heated_town(days=100)
    with pytest.raises(NoScenarioError, match="name an end after"):
        scenario(usage, weather, until=usage.hours.start)


def test_a_score_of_paths_is_zero_only_when_all_are_right():
    assert crps(np.full(50, 3.0), 3.0) == pytest.approx(0)
    drawn = np.random.default_rng(5).normal(0, 1, 20_000)
    assert crps(drawn, 0.0) == pytest.approx(0.2337, abs=0.01)  # a standard normal at its mean


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["day,temp_mean", "2020-01-01,3"], "no column date"),
        (["date,mean", "2020-01-01,3"], "no column temp_mean"),
        (["date,temp_mean", "2020-01-01,cold"], "temp_mean at 2020-01-01 is 'cold'"),
        (["date,temp_mean", "1.1.2020,3"], "no dates"),
        (["date,temp_mean", "9999-12-31,3", "2020-01-01,3"], "not between 1700 and 2200"),
        (["date,temp_mean", "2020-01-01,3", "2020-01-01,4"], "some days twice"),
        (["date;temp_mean", "2020-01-01;3,5"], "holds 1 days"),
    ],
)
def test_a_record_of_years_is_refused_with_what_is_wrong(tmp_path, lines, told):
    path = tmp_path / "years.csv"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UnreadableFileError, match=told):
        read_years(path)


def test_a_scenario_of_hours_is_told_too():
    usage, weather, _ = a_heated_town(days=420)
    until = usage.hours.end + timedelta(hours=5)
    found = scenario(usage, weather, until=until, years=a_climate(years=20))
    assert found.totals.shape == found.peak_hours.shape
    assert (found.totals <= 5 * found.peak_hours).all()
    assert 5 * 60 < found.quantiles("totals")[0.5] < 5 * 160


def test_85_years_of_sofia_are_read_and_end_without_a_trend():
    years = read_years(shared_data("weather_sofia") / "sofia_daily_1940.parquet")
    assert years.years > 85
    now = years.at_climate_of(date(2026, 7, 1)).mean_c
    decades = [part.mean() for part in np.array_split(now, 9)]
    before = [part.mean() for part in np.array_split(years.mean_c, 9)]
    assert abs(np.polyfit(range(9), decades, 1)[0]) < 0.05
    assert np.polyfit(range(9), before, 1)[0] > 0.15
