# SPDX-License-Identifier: EUPL-1.2
"""The cold day of one winter in ten: as it is reckoned straight from 86 winters of ERA5."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from cloud.demand.series import DAY_H, Floats, Hours, Ints, Usage, Weather
from cloud.demand.studies.climate import read_years
from cloud.demand.studies.scenario import Scenario, scenario
from tests.demand_builders import SOFIA
from tests.needs import shared_data

FIRST, END = datetime(2023, 1, 1, tzinfo=SOFIA), datetime(2024, 12, 1, tzinfo=SOFIA)
WINTER_D = 90
HEATED_BELOW_C, PER_C = 15.0, 2.0
STEADY, BUSY = 80.0, 20.0


def _busy(hour: Ints) -> Floats:
    return np.asarray(BUSY * np.sin(np.pi * np.clip(hour - 6, 0, 14) / 14))


@cache
def the_winter() -> Scenario:
    """Return the winter of 2024 of a town that lived under ERA5's own days for two years."""
    years = read_years(shared_data("weather_sofia") / "sofia_daily_1940.parquet")
    since = FIRST.astimezone(UTC)
    count = (END.astimezone(UTC) - since) // timedelta(hours=1)
    hours = Hours(start=since, count=count, zone=SOFIA)
    mean = years.mean_c[hours.day - years.first_day]
    course = 4 * np.cos(2 * np.pi * (hours.hour_of_day - 15) / DAY_H)
    used = STEADY + _busy(hours.hour_of_day) * (hours.weekday < 5)
    used = used + PER_C * np.maximum(HEATED_BELOW_C - mean, 0)
    used = used + np.random.default_rng(1).normal(0, 2, count)
    return scenario(
        Usage(series_ids=("town",), hours=hours, amounts=used[None, :]),
        Weather(hours=hours, columns={"temperature_c": mean + course}),
        until=END.astimezone(UTC) + timedelta(days=WINTER_D),
        years=years,
    )


@cache
def winters() -> Floats:
    """Return (winters, days) of daily means, each moved by what winters warmed since, in a line."""
    table = pl.read_parquet(shared_data("weather_sofia") / "sofia_daily_1940.parquet")
    told = dict(zip(table["date"].cast(pl.Date), table["temp_mean"], strict=True))
    days = [
        [told.get(date(year, 12, 1) + timedelta(days=day)) for day in range(WINTER_D)]
        for year in range(1940, 2026)
    ]
    known = np.array([one for one in days if None not in one], dtype=np.float64)
    assert len(known) == 86
    year = np.arange(len(known))
    warmed = np.polyfit(year, known.mean(axis=1), 1)[0]
    assert 0.02 < warmed < 0.05  # °C a year
    moved: Floats = known + warmed * (len(known) - 1 - year)[:, None]
    return moved


@pytest.mark.parametrize("one_in", [10, 20])
def test_the_coldest_day_is_that_of_the_record_brought_to_today(one_in: int) -> None:
    told = the_winter().one_year_in("coldest_c", one_in)
    direct = np.quantile(winters().min(axis=1), 1 / one_in)
    assert told.told == pytest.approx(direct, abs=0.6)
    assert told.low < direct < told.high
    assert -17 < told.told < -12


def test_the_peak_is_what_the_town_uses_on_that_day() -> None:
    start = date(2024, 12, 1)
    weekday = np.array([(start + timedelta(days=day)).weekday() for day in range(WINTER_D)])
    calendar = _busy(np.arange(DAY_H)).sum() * (weekday < 5)
    use = DAY_H * (STEADY + PER_C * np.maximum(HEATED_BELOW_C - winters(), 0)) + calendar
    direct = np.quantile(use.max(axis=1), 0.9)
    assert the_winter().one_year_in("peak_days", 10).told == pytest.approx(direct, rel=0.02)


def test_all_86_winters_count_and_none_twice() -> None:
    assert the_winter().years == 86
    assert np.unique(the_winter().weather_year).size == 86
