# SPDX-License-Identifier: EUPL-1.2
"""The grid of hours: cut without a look ahead, dated by the local calendar."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cloud.demand.series import Hours, Usage, Weather

SOFIA = ZoneInfo("Europe/Sofia")


def some_usage(count: int = 72) -> Usage:
    hours = Hours(start=datetime(2026, 3, 28, 22, tzinfo=UTC), count=count, zone=SOFIA)
    return Usage(series_ids=("a",), hours=hours, amounts=np.arange(float(count))[None, :])


def test_what_was_known_holds_nothing_of_later_hours():
    usage = some_usage()
    known = usage.until(48)
    assert known.hours.count == 48
    assert known.amounts.base is None  # a copy: no view leads to the hours after
    assert known.amounts[0, -1] == 47


def test_hours_outside_of_the_grid_are_unknown():
    cut = some_usage().between(70, 75)
    assert list(cut.amounts[0, :2]) == [70, 71]
    assert np.isnan(cut.amounts[0, 2:]).all()


def test_the_day_of_the_spring_change_has_23_hours():
    hours = some_usage().hours
    assert list(hours.hour_of_day[:6]) == [0, 1, 2, 4, 5, 6]
    assert (hours.day == hours.day[0]).sum() == 23
    assert hours.weekday[0] == 6
    assert hours.dates()[0].isoformat() == "2026-03-29"


def test_the_year_is_over_by_its_calendar():
    hours = Hours(start=datetime(2024, 1, 1, tzinfo=UTC), count=366 * 24)
    assert hours.year_fraction[0] == 0
    assert hours.year_fraction[183 * 24] == pytest.approx(0.5)
    assert hours.year_fraction[-1] < 1


def test_weather_is_laid_over_other_hours():
    hours = Hours(start=datetime(2026, 1, 1, tzinfo=UTC), count=24)
    weather = Weather(hours=hours, columns={"temperature_c": np.arange(24.0)})
    later = Hours(start=hours.start + timedelta(hours=20), count=8)
    assert list(weather.over(later).get("temperature_c")[:4]) == [20, 21, 22, 23]
    assert np.isnan(weather.over(later).get("temperature_c")[4:]).all()
    assert np.isnan(weather.get("wind_m_per_s")).all()


def test_a_column_that_nobody_knows_is_refused():
    hours = Hours(start=datetime(2026, 1, 1, tzinfo=UTC), count=1)
    with pytest.raises(ValueError, match="temperatur is no column"):
        Weather(hours=hours, columns={"temperatur": np.zeros(1)})
