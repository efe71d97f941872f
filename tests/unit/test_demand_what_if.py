# SPDX-License-Identifier: EUPL-1.2
"""What a change of the weather does to use, and what isn't told for want of an example."""

from datetime import timedelta

import numpy as np
import pytest

from cloud.demand.series import DAY_H, Hours, Weather
from cloud.demand.studies.explain import Explanation, explain
from cloud.demand.studies.what_if import BeyondHistoryError, Change, what_if
from tests.unit.demand_truths import HEATING_PER_C, HOLIDAY_OFF, a_heated_town

DAYS = 420


@pytest.fixture(scope="module")
def town() -> tuple[Explanation, Weather]:
    usage, weather, _ = a_heated_town(days=DAYS)
    return explain(usage, weather), weather


def a_winter_day(weather: Weather) -> Hours:
    """Return a working day of February that has room for colder and milder ones."""
    first = 400 * DAY_H + 22  # Monday, February 5, by the clock of Sofia
    return weather.hours.between(first, first + DAY_H)


def test_a_colder_day_costs_what_the_town_heats_more(town):
    found, weather = town
    day = a_winter_day(weather)
    told = what_if(found, day, weather, Change(temperature_delta_c=-2))
    truth = 2 * HEATING_PER_C * DAY_H
    assert told.total == pytest.approx(truth, rel=0.2)
    assert told.total_low < told.total < told.total_high
    assert told.total_low > 0
    warmer = what_if(found, day, weather, Change(temperature_delta_c=+2))
    assert warmer.total == pytest.approx(-truth, rel=0.2)


def test_a_holiday_takes_off_what_holidays_do_and_only_then(town):
    found, weather = town
    told = what_if(found, a_winter_day(weather), weather, Change(holiday=True))
    assert told.total == pytest.approx(-HOLIDAY_OFF * DAY_H, rel=0.2)
    assert told.total_low < -HOLIDAY_OFF * DAY_H < told.total_high


def test_no_change_makes_no_difference(town):
    found, weather = town
    told = what_if(found, a_winter_day(weather), weather, Change())
    assert not told.told.any()
    assert told.total_low == told.total_high == 0


def test_temperatures_that_the_history_never_had_are_refused(town):
    found, weather = town
    with pytest.raises(BeyondHistoryError, match="beyond what the history saw"):
        what_if(found, a_winter_day(weather), weather, Change(temperature_delta_c=-30))


def test_rain_without_a_shown_response_is_refused(town):
    found, weather = town
    with pytest.raises(BeyondHistoryError, match="no response to rain"):
        what_if(found, a_winter_day(weather), weather, Change(precipitation_mm_per_h=1))


def test_hours_without_temperature_are_refused(town):
    found, weather = town
    later = Hours(start=weather.hours.end + timedelta(days=9), count=DAY_H, zone=weather.hours.zone)
    with pytest.raises(BeyondHistoryError, match="unknown"):
        what_if(found, later, weather, Change(temperature_delta_c=1))


def test_the_weather_handed_in_stays_as_it_was(town):
    found, weather = town
    before = weather.get("temperature_c").copy()
    what_if(found, a_winter_day(weather), weather, Change(temperature_delta_c=-1, holiday=True))
    assert np.array_equal(before, weather.get("temperature_c"))
