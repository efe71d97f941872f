# SPDX-License-Identifier: EUPL-1.2
"""Tests of the level of now in the shape of late."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cloud.demand.models.level import Level
from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Usage, Weather

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)


def a_week() -> Floats:
    """Return 168 hours: 2 at night and 10 by day, half of it on Saturday and Sunday."""
    day = np.where(np.arange(DAY_H) < 6, 2.0, 10.0)
    return np.concatenate([np.tile(day, 5), np.tile(day / 2, 2)])


def usage_of(*amounts: Floats, start: datetime = MONDAY) -> Usage:
    told = np.stack(amounts)
    names = tuple(f"s{row}" for row in range(len(told)))
    hours = Hours(start=start, count=told.shape[1], zone=UTC)
    return Usage(series_ids=names, hours=hours, amounts=told)


def no_weather(usage: Usage) -> Weather:
    return Weather(hours=usage.hours, columns={})


def forecast_of(usage: Usage, horizon_h: int = WEEK_H) -> Floats:
    weather = no_weather(usage)
    return Level().fit(usage, weather).forecast(usage, weather, horizon_h)


def test_what_repeats_each_week_is_forecast_as_it_was():
    told = forecast_of(usage_of(np.tile(a_week(), 8)))
    assert told[0] == pytest.approx(a_week(), abs=0.1)


def test_a_new_level_is_followed_within_days():
    amounts = np.concatenate([np.tile(a_week(), 8), np.tile(a_week() + 6, 2)])
    assert forecast_of(usage_of(amounts))[0] == pytest.approx(a_week() + 6, abs=0.7)


def test_a_burst_of_one_hour_leaves_hardly_a_trace():
    amounts = np.tile(a_week(), 8) + np.random.default_rng(1).normal(0, 0.3, 8 * WEEK_H)
    calm = forecast_of(usage_of(amounts))
    amounts[-100] += 500
    assert np.abs(forecast_of(usage_of(amounts)) - calm).max() < 1.5


def test_a_holiday_is_used_as_a_sunday():
    usage = usage_of(np.tile(a_week(), 8))
    hours = usage.hours.between(0, 9 * WEEK_H)
    holiday = np.zeros(hours.count)
    holiday[8 * WEEK_H + DAY_H : 8 * WEEK_H + 2 * DAY_H] = 1  # the Tuesday to come
    weather = Weather(hours=hours, columns={"holiday": holiday})
    told = Level().forecast(usage, weather, WEEK_H)[0]
    assert told[DAY_H : 2 * DAY_H] == pytest.approx(a_week()[-DAY_H:], abs=0.1)


def test_an_origin_within_the_day_knows_the_hours_before_it():
    whole = np.tile(a_week(), 8)
    told = forecast_of(usage_of(whole[: -DAY_H - 9]), 2 * DAY_H)
    assert told[0, :33] == pytest.approx(whole[-33:], abs=0.2)


def test_the_clock_may_change_on_the_way():
    zone = ZoneInfo("Europe/Sofia")
    hours = Hours(start=datetime(2025, 1, 5, 22, tzinfo=UTC), count=11 * WEEK_H, zone=zone)
    amounts = np.where(hours.hour_of_day < 6, 2.0, 10.0)[None]
    usage = Usage(series_ids=("a",), hours=hours, amounts=amounts).until(11 * WEEK_H)
    told = Level().forecast(usage, no_weather(usage), 3 * WEEK_H)[0]  # clocks change on 30 March
    after = hours.between(hours.count, hours.count + 3 * WEEK_H)
    assert told == pytest.approx(np.where(after.hour_of_day < 6, 2.0, 10.0), abs=0.1)


@pytest.mark.parametrize("known_h", [1, 30, 3 * DAY_H])
def test_little_history_is_made_the_most_of(known_h):
    told = forecast_of(usage_of(a_week()[:known_h]))
    assert told.shape == (1, WEEK_H)
    assert not np.isnan(told).any()


def test_gaps_and_faults_of_one_series_dont_touch_the_others():
    good = np.tile(a_week(), 8)
    gone, zero, late = np.full_like(good, np.nan), np.zeros_like(good), good.copy()
    late[: 7 * WEEK_H] = np.nan
    old = good.copy()
    old[-5 * WEEK_H :] = np.nan
    told = forecast_of(usage_of(good, gone, zero, late, old))
    assert told[0] == pytest.approx(forecast_of(usage_of(good))[0])
    assert np.isnan(told[1]).all()
    assert told[2] == pytest.approx(0)
    assert told[3] == pytest.approx(a_week(), abs=1)
    assert told[4] == pytest.approx(a_week(), abs=0.5)


def test_a_meter_that_wakes_after_months_is_believed():
    amounts = np.concatenate([np.zeros(12 * WEEK_H), np.tile(a_week(), 3)])
    assert forecast_of(usage_of(amounts))[0] == pytest.approx(a_week(), abs=1.5)
