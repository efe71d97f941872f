# SPDX-License-Identifier: EUPL-1.2
"""Two years beside each other: what the weather explains, and what it doesn't."""

from datetime import UTC, datetime

import numpy as np
import pytest

from cloud.demand.series import Floats, Hours, Weather
from cloud.kit.hypertable import ZONE
from cloud.savings.years import Compared, compared

YEAR_H = 365 * 24
HOURS = Hours(start=datetime(2024, 10, 31, 22, tzinfo=UTC), count=2 * YEAR_H, zone=ZONE)
AT = np.arange(HOURS.count)
LATER = AT >= YEAR_H


def some_weather(milder_c: float = 0.0) -> Floats:
    """Return Sofia-like hours, the second year ``milder_c`` warmer."""
    noise = np.repeat(np.random.default_rng(1).normal(0, 3, HOURS.count // 24), 24)
    return 11 - 11 * np.cos(2 * np.pi * (AT / 24 + 290) / 365) + noise + milder_c * LATER


def some_use(temperature_c: Floats, *, slope: float = 40.0) -> Floats:
    """Return a base of 500 Wh an hour, and ``slope`` for each degree below 15."""
    noise = np.random.default_rng(2).normal(0, 20, HOURS.count)
    return 500 + slope * np.maximum(15 - temperature_c, 0) + noise


def _compared(amounts: Floats, temperature_c: Floats) -> Compared:
    weather = Weather(hours=HOURS, columns={"temperature_c": temperature_c})
    found = compared(amounts, HOURS, weather, YEAR_H)
    assert isinstance(found, Compared), found
    return found


def _adds_up(found: Compared) -> None:
    by_weather = found.by_weather.middle if found.by_weather else 0
    assert by_weather + found.by_rest.middle == pytest.approx(found.now - found.before)
    assert found.by_rest.low <= found.by_rest.middle <= found.by_rest.high


def test_a_milder_winter_is_the_weathers_doing():
    milder = some_weather(2.0)
    found = _compared(some_use(milder), milder)
    _adds_up(found)
    assert found.by_weather is not None
    assert found.by_weather.middle == pytest.approx(found.now - found.before, rel=0.1)
    assert found.by_weather.high < 0
    assert not found.is_certain


def test_a_tenth_less_in_the_same_weather_is_the_peoples_doing():
    same = some_weather()
    use = some_use(same)
    found = _compared(np.where(LATER, 0.9 * use, use), same)
    _adds_up(found)
    assert found.by_rest.middle == pytest.approx(-0.1 * found.before, rel=0.1)
    assert found.is_certain


def test_both_at_once_are_told_apart():
    milder = some_weather(2.0)
    use = some_use(milder)
    plain = _compared(use, milder)
    saved = _compared(np.where(LATER, 0.9 * use, use), milder)
    _adds_up(saved)
    assert saved.by_weather is not None
    assert plain.by_weather is not None
    assert saved.by_weather.middle == pytest.approx(plain.by_weather.middle, rel=1e-6)
    assert saved.by_rest.middle == pytest.approx(-0.1 * plain.now, rel=0.15)


def test_use_that_does_not_follow_temperature_is_not_put_down_to_it():
    milder = some_weather(2.0)
    use = some_use(milder, slope=0)
    found = _compared(np.where(LATER, 1.1 * use, use), milder)
    _adds_up(found)
    assert found.by_weather is None
    assert found.by_rest.low > 0


def test_years_with_gaps_or_without_weather_are_not_compared():
    same = some_weather()
    use = some_use(same)
    weather = Weather(hours=HOURS, columns={"temperature_c": same})
    short = np.where(AT < 0.2 * YEAR_H, np.nan, use)
    assert compared(short, HOURS, weather, YEAR_H) == "too_little_history"
    nowhere = Weather(hours=HOURS, columns={})
    assert compared(use, HOURS, nowhere, YEAR_H) == "no_weather"


def test_hours_that_are_not_known_do_not_look_like_savings():
    same = some_weather()
    use = some_use(same)
    gap = np.where(LATER & (AT % (24 * 20) < 24), np.nan, use)  # 5 % of the later year
    found = _compared(gap, same)
    assert abs(found.now - found.before) < 0.01 * found.before
    assert not found.is_certain
