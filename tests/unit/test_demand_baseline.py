# SPDX-License-Identifier: EUPL-1.2
"""Baselines of buildings whose rules are known, and of meters that tell hardly anything."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cloud.demand.baselines.baseline import Baseline, fit_baseline
from cloud.demand.baselines.savings import normal_use, savings
from cloud.demand.series import DAY_H, Floats, Hours, Weather

YEAR_H = 365 * DAY_H
SOFIA = ZoneInfo("Europe/Sofia")


def hours_of(days: int) -> Hours:
    return Hours(start=datetime(2022, 12, 31, 22, tzinfo=UTC), count=days * DAY_H, zone=SOFIA)


def a_climate(hours: Hours, seed: int = 1) -> Weather:
    """Winters about 0 °C, summers about 24 °C, nights cooler, weeks that differ."""
    rng = np.random.default_rng(seed)
    spells = np.repeat(rng.normal(0, 3, hours.count // 72 + 1), 72)[: hours.count]
    season = 12 - 12 * np.cos(2 * np.pi * hours.year_fraction)
    day = -4 * np.cos(2 * np.pi * (hours.hour_of_day - 3) / 24)
    return Weather(hours=hours, columns={"temperature_c": season + day + spells})


def a_building(hours: Hours, weather: Weather, noise: float = 0.05, seed: int = 2) -> Floats:
    """10 an hour, 5 at weekends; for each °C of a day below 14 by 0.5 more, above 20 by 0.4."""
    days = hours.day - hours.day[0]
    temperature = weather.columns["temperature_c"]
    mean = (np.bincount(days, temperature) / np.bincount(days))[days]
    use = np.where(hours.weekday >= 5, 5.0, 10.0)
    use += 0.5 * np.maximum(14 - mean, 0) + 0.4 * np.maximum(mean - 20, 0)
    return use * (1 + noise * np.random.default_rng(seed).normal(size=hours.count))


def fitted(days: int = 365, noise: float = 0.05) -> tuple[Baseline, Floats, Hours, Weather]:
    """Return a baseline of the first days, and the use of the year after them."""
    hours = hours_of(days + 365)
    weather = a_climate(hours)
    use = a_building(hours, weather, noise)
    known = hours.between(0, days * DAY_H)
    later = hours.between(days * DAY_H, hours.count)
    baseline = fit_baseline(use[: known.count], known, weather.over(known))
    return baseline, use[known.count :], later, weather


def cvrmse_pct(used: Floats, told: Floats) -> float:
    return float(np.sqrt(np.mean((used - told) ** 2)) / used.mean() * 100)


def test_slopes_and_balance_points_of_a_building_are_found():
    points = fitted()[0].facts.points
    assert points is not None
    assert points.heating == pytest.approx(0.5 * DAY_H, rel=0.1)
    assert points.cooling == pytest.approx(0.4 * DAY_H, rel=0.2)
    assert points.heats_below_c == pytest.approx(14, abs=1)
    assert points.cools_above_c == pytest.approx(20, abs=1.5)
    assert points.off == pytest.approx(-5 * DAY_H, rel=0.1)


def test_the_next_year_is_predicted_to_within_the_noise():
    baseline, use, later, weather = fitted()
    told = baseline.predict(weather, later)
    assert cvrmse_pct(use, told.by_hour[:, 1]) < 6.5
    assert baseline.facts.warnings == ()


def test_nine_in_ten_hours_and_days_lie_in_the_range():
    baseline, use, later, weather = fitted(noise=0.2)
    told = baseline.predict(weather, later)
    inside = (told.by_hour[:, 0] <= use) & (use <= told.by_hour[:, 2])
    assert 0.87 < inside.mean() < 0.95
    assert (np.diff(told.by_hour, axis=1) >= 0).all()
    assert (np.diff(told.by_day, axis=1) >= 0).all()


def test_hours_sum_to_days_on_days_of_any_length():
    baseline, _, later, weather = fitted()
    told = baseline.predict(weather, later)
    sums = np.bincount(later.day - later.day[0], weights=told.by_hour[:, 1])
    np.testing.assert_allclose(sums, told.by_day[:, 1])


def test_the_same_history_gives_the_same_baseline():
    one, _, later, weather = fitted()
    other = fitted()[0]
    assert (one.predict(weather, later).by_hour == other.predict(weather, later).by_hour).all()


def test_use_to_come_plays_no_part():
    hours = hours_of(730)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    known, later = hours.between(0, YEAR_H), hours.between(YEAR_H, 2 * YEAR_H)
    baseline = fit_baseline(use[:YEAR_H], known, weather)  # weather that reaches on is known, too
    told = baseline.predict(weather, later).by_hour
    same = fit_baseline(use[:YEAR_H], known, weather.over(known)).predict(weather, later).by_hour
    np.testing.assert_array_equal(told, same)


def test_a_month_without_readings_is_bridged():
    hours = hours_of(730)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    known, later = hours.between(0, YEAR_H), hours.between(YEAR_H, 2 * YEAR_H)
    history = use[:YEAR_H].copy()
    history[60 * DAY_H : 92 * DAY_H] = np.nan
    told = fit_baseline(history, known, weather).predict(weather, later)
    assert cvrmse_pct(use[YEAR_H:], told.by_hour[:, 1]) < 7


def test_zeros_that_stand_for_gaps_are_left_out_and_told():
    hours = hours_of(365)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    broken = use.copy()
    broken[100 * DAY_H : 110 * DAY_H] = 0
    clean, faulty = (fit_baseline(one, hours, weather) for one in (use, broken))
    assert faulty.facts.removed == {"zeros": 240}
    assert "240 hours are zero where a gap is meant" in faulty.facts.warnings[0]
    expected = clean.predict(weather, hours).by_hour[:, 1].sum()
    assert faulty.predict(weather, hours).by_hour[:, 1].sum() == pytest.approx(expected, rel=0.01)


def test_zeros_of_a_heating_in_summer_are_use():
    hours = hours_of(365)
    weather = a_climate(hours)
    heat = np.maximum(15 - weather.columns["temperature_c"], 0).round(1)
    baseline = fit_baseline(heat, hours, weather)
    assert baseline.facts.removed == {}
    july = hours.between(190 * DAY_H, 200 * DAY_H)
    assert baseline.predict(weather, july).by_hour[:, 1].mean() < 0.1 * heat.mean()


def test_a_meter_that_never_counted_is_expected_to_stay_still():
    hours = hours_of(365)
    weather = a_climate(hours)
    told = fit_baseline(np.zeros(hours.count), hours, weather).predict(weather, hours)
    assert (told.by_hour == 0).all()


def test_a_series_of_which_nothing_is_known_has_no_baseline():
    hours = hours_of(60)
    weather = a_climate(hours)
    unknown = np.full(hours.count, np.nan)
    baseline = fit_baseline(unknown, hours, weather)
    assert np.isnan(baseline.predict(weather, hours).by_hour).all()
    assert savings(baseline, weather, unknown, hours) is None
    assert normal_use(baseline, weather) is None


@pytest.mark.parametrize("days", [1, 3, 5, 20])
def test_a_few_days_give_a_baseline_with_a_warning(days):
    baseline, use, later, weather = fitted(days)
    told = baseline.predict(weather, later).by_hour
    assert np.isfinite(told).all()
    assert told[:, 1].min() >= 0
    assert 0.4 < told[:, 1].mean() / use.mean() < 2.5
    assert "whole days are known" in baseline.facts.warnings[0]


@pytest.mark.parametrize("columns", [{}, {"temperature_c": np.nan}])
def test_without_temperature_the_calendar_is_followed(columns):
    hours = hours_of(365)
    use = a_building(hours, a_climate(hours))
    told = {name: np.full(hours.count, value) for name, value in columns.items()}
    blind = Weather(hours=hours, columns=told)
    baseline = fit_baseline(use, hours, blind)
    hourly = baseline.predict(blind, hours).by_hour[:, 1]
    assert "No temperature" in baseline.facts.warnings[0]
    off = hours.weekday >= 5
    assert hourly[~off].mean() - hourly[off].mean() == pytest.approx(5, abs=1)


def test_weather_that_ends_early_is_taken_as_usual():
    baseline, use, later, weather = fitted()
    half = weather.between(0, YEAR_H + YEAR_H // 2)
    told = baseline.predict(half, later).by_hour[:, 1]
    assert np.isfinite(told).all()
    assert told.sum() == pytest.approx(use.sum(), rel=0.05)


def test_a_break_of_the_level_is_told_with_its_day():
    hours = hours_of(730)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    use[500 * DAY_H :] *= 1.4
    found = fit_baseline(use, hours, weather).facts.level_break
    assert found is not None
    assert abs((found.on - hours.dates()[500]).days) <= 15
    assert found.share == pytest.approx(0.4, abs=0.15)


def test_a_saving_is_found_with_its_range():
    baseline, use, later, weather = fitted()
    saved = savings(baseline, weather, use * 0.8, later)
    assert saved is not None
    assert saved.share == pytest.approx(0.2, abs=0.02)
    assert saved.is_certain
    assert saved.saved.low < 0.2 * use.sum() < saved.saved.high
    unchanged = savings(baseline, weather, use, later)
    assert unchanged is not None
    assert not unchanged.is_certain


def test_years_are_compared_in_the_same_weather():
    hours = hours_of(730)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    use[YEAR_H:] *= 0.9
    normal = weather.between(0, YEAR_H)
    years = [hours.between(0, YEAR_H), hours.between(YEAR_H, 2 * YEAR_H)]
    one, other = (
        normal_use(fit_baseline(use[first : first + YEAR_H], year, weather), normal)
        for first, year in zip((0, YEAR_H), years, strict=True)
    )
    assert one is not None
    assert other is not None
    assert other.middle / one.middle == pytest.approx(0.9, abs=0.01)
    assert one.low < one.middle < one.high
