# SPDX-License-Identifier: EUPL-1.2
"""What is wrong with weather is flagged, what is right is not; in real series, too."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from cloud.weather import quality, ranks
from cloud.weather.assembly import on_grid
from cloud.weather.limits import limits
from cloud.weather.models import DAY_COLUMNS, Flag, Floats, Grid, Place, Resolution, Weather
from cloud.weather.sources import FORMATS, Given
from tests import needs
from tests.weather_builders import MIDNIGHT, a_place

RILA = {
    "sofia_586m": (42.65, 23.38, 586.0),
    "musala_2925m": (42.18, 23.585, 2925.0),
    "murgash_1687m": (42.83, 23.67, 1687.0),
}


def _weather(resolution: Resolution = Resolution.HOUR, **columns: Floats) -> Weather:
    count = len(next(iter(columns.values())))
    grid = Grid(resolution=resolution, start=MIDNIGHT, count=count)
    return Weather(grid=grid, columns=columns)


def _course(days: int = 120, seed: int = 1, mean_c: float = 10) -> Floats:
    """Return hours of a temperature that goes up and down, a little by chance."""
    hours = np.arange(24 * days)
    chance = np.random.default_rng(seed).normal(0, 0.5, len(hours))
    slow = 4 * np.sin(hours / 24 / 5)
    return np.asarray(mean_c + 5 * np.sin(hours / 24 * 2 * np.pi) + slow + chance)


def _rules(weather: Weather, *neighbours: tuple[Place, Weather]) -> set[str]:
    return {flag.rule for flag in quality.check(a_place(), weather, neighbours)}


def test_a_clean_course_raises_nothing() -> None:
    near = (a_place(place_id="near"), _weather(temperature_c=_course(seed=1) - 1))
    far = (a_place(place_id="far"), _weather(temperature_c=_course(seed=2) + 1))
    assert _rules(_weather(temperature_c=_course(seed=3)), near, far) == set()


def test_what_no_weather_can_be_is_flagged_where_it_stands() -> None:
    course = _course()
    course[50:52] = 60.0
    [flag] = quality.impossible(a_place(), _weather(temperature_c=course))
    assert (flag.since, flag.until) == (
        MIDNIGHT + timedelta(hours=50),
        MIDNIGHT + timedelta(hours=52),
    )
    rain = np.array([0.0, -1.0, 200.0])
    flags = list(quality.impossible(a_place(), _weather(precipitation_mm=rain)))
    assert [one.evidence["value"] for one in flags] == [200.0]


def test_a_peak_has_other_limits_than_the_valley() -> None:
    assert limits(Resolution.HOUR, "temperature_c", 2925)[1] < 32
    assert limits(Resolution.HOUR, "temperature_c", 586)[1] > 44
    low, high = limits(Resolution.HOUR, "pressure_hpa", 2925)
    assert low < 716 < high
    for resolution in Resolution:
        for column in resolution.columns:
            assert limits(resolution, column, 586)[0] < limits(resolution, column, 586)[1]


def test_a_single_spike_is_a_jump_and_a_front_is_none() -> None:
    course = _course()
    course[70] += 15
    assert [one.since for one in quality.jumps(_weather(temperature_c=course))] == [
        MIDNIGHT + timedelta(hours=70)
    ]
    front = _course()
    front[70:] -= 15
    assert list(quality.jumps(_weather(temperature_c=front))) == []


def test_a_stuck_sensor_is_flat_and_dry_weather_is_not() -> None:
    course = _course()
    course[30:50] = 7.0
    [flag] = quality.flat(_weather(temperature_c=course, precipitation_mm=np.zeros(len(course))))
    assert (flag.column, flag.evidence["steps"]) == ("temperature_c", 20)


def test_a_day_that_is_told_twice_is_repeated() -> None:
    course = _course()
    course[240:264] = course[48:72]
    [flag] = quality.repeated(_weather(temperature_c=course))
    assert flag.since == MIDNIGHT + timedelta(hours=240)
    assert flag.evidence == {"same_as": "2025-01-03T00:00:00+00:00", "steps": 24}


@pytest.mark.parametrize(("unit", "factor", "offset"), [("°F", 1.8, 32.0), ("K", 1.0, 273.15)])
@pytest.mark.parametrize("has_neighbour", [True, False])
def test_weeks_in_another_unit_are_found(
    unit: str, factor: float, offset: float, *, has_neighbour: bool
) -> None:
    course = _course(days=1100)
    part = slice(24 * 420, 24 * 480)
    course[part] = course[part] * factor + offset
    near = [(a_place(), _weather(temperature_c=_course(days=1100, seed=2)))][: int(has_neighbour)]
    [flag] = quality.unit_slips(a_place(), _weather(temperature_c=course), near)
    assert flag.evidence["unit"] == unit
    assert flag.since == MIDNIGHT + timedelta(days=420)


def test_what_no_neighbour_explains_is_flagged_and_a_neighbours_own_fault_is_not() -> None:
    near, far = _course(seed=2) - 3, _course(seed=3) + 2
    near[100:105] += 20  # the neighbour's
    course = _course()
    course[500:506] += 14
    others = [(a_place(), _weather(temperature_c=one)) for one in (near, far)]
    flags = list(quality.disagreement(_weather(temperature_c=course), others))
    assert [(one.since - MIDNIGHT, one.until - MIDNIGHT) for one in flags] == [
        (timedelta(hours=500), timedelta(hours=506))
    ]


def test_days_whose_mean_lies_outside_of_their_extremes_are_inconsistent() -> None:
    weather = _weather(
        Resolution.DAY,
        temperature_c=np.array([5.0, 5.0]),
        temperature_min_c=np.array([1.0, 6.0]),
        temperature_max_c=np.array([9.0, 9.0]),
    )
    [flag] = quality.inconsistent(weather)
    assert flag.since == MIDNIGHT + timedelta(days=1)


def _rain(days: int, seed: int) -> Floats:
    chance = np.random.default_rng(seed)
    return np.where(chance.random(days) < 0.3, chance.exponential(5, days), 0.0)


def test_rain_that_is_dated_late_for_some_years_is_found_for_those() -> None:
    truth = _rain(365 * 6, seed=1)
    told = truth * np.random.default_rng(2).uniform(0.5, 1.5, len(truth))
    told[730:1460] = np.roll(told, 1)[730:1460]
    [shift] = ranks.shifts(told, truth)
    assert (shift.first, shift.last, shift.lag, shift.windows) == (730, 1460, 1, 2)
    assert shift.correlation > 0.9 > 0.3 > shift.undelayed


def test_rain_of_elsewhere_is_not_called_shifted() -> None:
    assert ranks.shifts(_rain(365 * 6, seed=1), _rain(365 * 6, seed=2)) == []


def test_equal_ranks_share_their_mean() -> None:
    ten = np.repeat([0.0, 1.0, 2.0], 50)
    told = ranks.correlation(ten, ten)
    assert told == (pytest.approx(1), 150)
    assert ranks.correlation(ten[:50], ten[:50]) is None


@cache
def _real(part: str | None) -> Weather:
    """Return a station's days since 2004, or ERA5's (None)."""
    name = "sofia_rila_daily.csv.gz" if part else "sofia_daily_1940.parquet"
    content = needs.shared_data(f"weather_sofia/{name}").read_bytes()
    form = "sofia-stations" if part else "sofia-era5"
    [told] = FORMATS[form](Given(name=name, content=content, part=part))
    since, until = datetime(2004, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    grid = Grid.between(Resolution.DAY, since, until)
    rows = told.rows.filter((told.rows["at"] >= since) & (told.rows["at"] < until))
    whole = rows.with_columns(**{one: None for one in DAY_COLUMNS if one not in rows.columns}).cast(
        dict.fromkeys(DAY_COLUMNS, float)
    )
    return Weather(grid=grid, columns=on_grid(whole, grid))


def _flags_of(part: str) -> list[Flag]:
    latitude, longitude, elevation_m = RILA[part]
    here = a_place(latitude=latitude, longitude=longitude, elevation_m=elevation_m)
    others = [
        (a_place(place_id=one, elevation_m=where[2]), _real(one))
        for one, where in RILA.items()
        if one != part
    ]
    era5 = (a_place(place_id="era5", name_en="ERA5 Sofia", kind="grid"), _real(None))
    return quality.check(here, _real(part), [era5, *others])


@pytest.mark.parametrize("part", list(RILA))
def test_the_stations_rain_is_dated_a_day_late_against_era5(part: str) -> None:
    found = [one for one in _flags_of(part) if one.rule == "shifted"]
    by_era5 = [one for one in found if one.evidence["against"] == "era5"]
    assert {(one.column, one.evidence["lag_d"]) for one in by_era5} == {("precipitation_mm", 1)}
    shifted = sum((one.until - one.since).days for one in by_era5)
    assert shifted > 0.9 * (_real(part).grid.count - 100)
    # among themselves the stations agree, so that it is a custom of theirs
    assert [one for one in found if one.evidence["against"] != "era5"] == []


@pytest.mark.parametrize("part", list(RILA))
def test_the_stations_temperatures_raise_no_jump_and_are_not_shifted(part: str) -> None:
    temperature = {one.rule for one in _flags_of(part) if one.column == "temperature_c"}
    assert temperature <= {"neighbours"}
