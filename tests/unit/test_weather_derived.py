# SPDX-License-Identifier: EUPL-1.2
"""Degree days, snow water and filled gaps: by hand, then on Sofia's and Rila's own."""

from dataclasses import replace

import numpy as np
import pytest

from cloud.weather import degree_days, filling, snow
from cloud.weather.models import Floats, Grid, Place, Resolution, Weather
from cloud.weather.sources import FORMATS, Given
from tests import needs
from tests.weather_builders import MIDNIGHT, a_place

HERE = a_place()
PEAK = a_place(place_id="musala", elevation_m=2586.0)  # 2000 m higher


def _days(column: str = "temperature_c", *, told: Floats) -> Weather:
    grid = Grid(resolution=Resolution.DAY, start=MIDNIGHT, count=len(told))
    return Weather(grid=grid, columns={column: np.array(told, dtype=float)})


def _course(days: int = 300, seed: int = 1) -> Floats:
    chance = np.random.default_rng(seed).normal(0, 2, days)
    return np.asarray(10 - 12 * np.cos(np.arange(days) / 365 * 2 * np.pi) + chance)


def test_a_day_of_just_the_threshold_still_asks_for_heating() -> None:
    means = np.array([15.0, 15.1, np.nan, -2.0])
    assert degree_days.heating(means) == pytest.approx([3, 0, np.nan, 20], nan_ok=True)
    assert degree_days.cooling(np.array([23.9, 24.0])) == pytest.approx([0, 3])


def test_extremes_stand_for_a_mean_that_is_not_told() -> None:
    means = degree_days.daily_means(
        np.array([5.0, np.nan, np.nan]), np.array([0.0, 0.0, 1.0]), np.array([20.0, 20.0, np.nan])
    )
    assert means == pytest.approx([5, 10, np.nan], nan_ok=True)


def test_snow_gathers_in_the_cold_and_melts_by_the_degree() -> None:
    found = snow.snow_water(np.array([-3.0, 1.0, 2.0, 5.0]), np.array([10.0, 10.0, 10.0, 0.0]))
    assert found.water_mm == pytest.approx([10, 11, 3, 0])  # half of the second day's 10 is snow
    assert found.melt_mm == pytest.approx([0, 4, 8, 3])


def test_days_of_unknown_weather_are_counted_until_the_snow_is_gone() -> None:
    found = snow.snow_water(
        np.array([-3.0, np.nan, -3.0, 20.0]), np.array([10.0, 5.0, np.nan, 0.0])
    )
    assert found.water_mm == pytest.approx([10, 10, 10, 0])
    assert list(found.unknown_days) == [0, 1, 2, 0]


def _with_gap(course: Floats) -> Weather:
    told = course.copy()
    told[100:130] = np.nan
    return _days(told=told)


def test_a_gap_follows_the_neighbour_and_its_error_is_what_it_turns_out_to_be() -> None:
    truth = _course()
    noise = np.random.default_rng(5).normal(0, 1, len(truth))
    filled = filling.filled(HERE, _with_gap(truth), [(PEAK, _days(told=0.9 * truth - 12 + noise))])
    assert list(np.flatnonzero(filled.estimated["temperature_c"])) == list(range(100, 130))
    error = np.sqrt(np.mean((filled.get("temperature_c") - truth)[100:130] ** 2))
    assert 0.5 < error < 1.6
    assert filled.errors["temperature_c"] == pytest.approx(error, rel=0.5)


def test_where_hardly_anything_overlaps_the_lapse_rate_stands_in() -> None:
    truth = _course(days=140)
    told = np.full(140, np.nan)
    told[[0, 139]] = truth[[0, 139]]
    filled = filling.filled(HERE, _days(told=told), [(PEAK, _days(told=truth - 13))])
    assert filled.get("temperature_c") == pytest.approx(truth)  # 6.5 °C a km over 2 km
    assert filled.errors["temperature_c"] == filling.LAPSE_ERROR_C


def test_nothing_is_estimated_after_the_last_observation_or_without_a_neighbour() -> None:
    truth = _course()
    told = truth.copy()
    told[250:] = np.nan
    near = (PEAK, _days(told=truth))
    assert filling.filled(HERE, _days(told=told), [near]).estimated == {}
    assert filling.filled(HERE, _with_gap(truth), []).estimated == {}


def test_a_forecast_of_a_neighbour_fills_no_gap() -> None:
    truth = _course()
    run = replace(_days(told=truth), forecast={"temperature_c": np.ones(300, dtype=np.bool_)})
    assert filling.filled(HERE, _with_gap(truth), [(PEAK, run)]).estimated == {}


def test_daily_rain_follows_by_the_ratio_of_sums() -> None:
    rain = np.abs(_course())
    told = rain.copy()
    told[50] = np.nan
    near = (PEAK, _days("precipitation_mm", told=2 * rain))
    filled = filling.filled(HERE, _days("precipitation_mm", told=told), [near])
    assert filled.get("precipitation_mm")[50] == pytest.approx(rain[50])


def test_short_gaps_of_hours_lie_on_a_line_and_longer_ones_do_not() -> None:
    told = np.arange(48.0)
    told[10:13] = told[20:24] = np.nan
    grid = Grid(resolution=Resolution.HOUR, start=MIDNIGHT, count=48)
    target = Weather(grid=grid, columns={"temperature_c": told})
    filled = filling.filled(HERE, target, [])
    assert list(np.flatnonzero(filled.estimated["temperature_c"])) == [10, 11, 12]
    assert filled.get("temperature_c")[10:13] == pytest.approx([10, 11, 12])


def _station(part: str) -> tuple[Floats, Floats]:
    content = needs.shared_data("weather_sofia/sofia_rila_daily.csv.gz").read_bytes()
    [told] = FORMATS["sofia-stations"](Given(name="x", content=content, part=part))
    days = told.rows.filter(told.rows["at"].dt.year() >= 2005)
    return days["temperature_c"].to_numpy(), days["precipitation_mm"].to_numpy()


def test_a_hidden_year_of_sofia_is_told_by_the_mountains_within_its_error() -> None:
    truth, _ = _station("sofia_586m")
    told = truth.copy()
    told[3000:3365] = np.nan
    near: list[tuple[Place, Weather]] = [
        (a_place(place_id=part, elevation_m=height_m), _days(told=_station(part)[0]))
        for part, height_m in (("musala_2925m", 2925.0), ("murgash_1687m", 1687.0))
    ]
    filled = filling.filled(HERE, _days(told=told), near)
    error = float(np.sqrt(np.mean((filled.get("temperature_c") - truth)[3000:3365] ** 2)))
    assert error < 4.0  # inversions in the hollow of Sofia are what mountains can't tell
    assert filled.errors["temperature_c"] == pytest.approx(error, rel=0.25)


def test_snow_on_musala_peaks_in_spring_and_is_gone_by_autumn() -> None:
    temperature_c, precipitation_mm = _station("musala_2925m")
    found = snow.snow_water(temperature_c, precipitation_mm)
    in_april, in_september = (
        [found.water_mm[365 * year + day] for year in range(1, 20)] for day in (105, 260)
    )
    assert np.median(in_april) > 150
    assert np.median(in_september) < 20


def test_sofias_winters_ask_for_two_to_three_thousand_degree_days() -> None:
    temperature_c, _ = _station("sofia_586m")
    by_year = [
        float(np.nansum(degree_days.heating(temperature_c[365 * year : 365 * (year + 1)])))
        for year in range(20)
    ]
    assert 2000 < min(by_year) < max(by_year) < 3200
