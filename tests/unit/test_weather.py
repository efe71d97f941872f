# SPDX-License-Identifier: EUPL-1.2
"""The simulated weather has Sofia's climate, and is the same whenever it is asked for."""

from datetime import UTC, datetime, timedelta
from statistics import fmean, stdev

import polars as pl
import pytest

from simulators.weather import ANOMALY_K, DAILY_RANGE_K, NORMAL_C, ONE_DAY_CORRELATION, Weather
from tests.needs import shared_data

DAY_S = 86400


def at(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def measured() -> pl.DataFrame:
    """Daily figures of 1991 to 2020 with month, daily range and anomaly."""
    daily = pl.read_parquet(shared_data("weather_sofia/sofia_daily_1940.parquet"))
    normal_period = daily.filter(pl.col("date").dt.year().is_between(1991, 2020)).sort("date")
    return normal_period.with_columns(
        month=pl.col("date").dt.month(),
        range_k=pl.col("temp_max") - pl.col("temp_min"),
        anomaly_k=pl.col("temp_mean")
        - pl.col("temp_mean").mean().over(pl.col("date").dt.ordinal_day()),
    )


def test_the_stated_climate_is_the_measured_one():
    frame = measured()
    months = frame.group_by("month").agg(
        pl.col("temp_mean", "range_k").mean(), pl.col("anomaly_k").std()
    )
    for month, mean_c, range_k, anomaly_k in months.iter_rows():
        assert NORMAL_C[month - 1] == pytest.approx(mean_c, abs=0.1)
        assert DAILY_RANGE_K[month - 1] == pytest.approx(range_k, abs=0.1)
        assert ANOMALY_K[month - 1] == pytest.approx(anomaly_k, abs=0.15)
    lagged = frame.select(pl.corr("anomaly_k", pl.col("anomaly_k").shift(1))).item()
    assert pytest.approx(lagged, abs=0.02) == ONE_DAY_CORRELATION


def thirty_years_of_daily_means(weather: Weather) -> list[tuple[int, float]]:
    """Return (month, mean of four) of each day."""
    days = range(at(1991, 1, 1), at(2021, 1, 1), DAY_S)
    return [
        (
            datetime.fromtimestamp(day, UTC).month,
            fmean(weather.temperature_c(day + hour * 3600) for hour in (0, 6, 12, 18)),
        )
        for day in days
    ]


def test_thirty_simulated_years_have_the_climate_s_months():
    # a month of thirty years strays by 0.45 K (standard error at this correlation)
    days = thirty_years_of_daily_means(Weather(seed=7))
    for month in range(1, 13):
        means_c = [mean_c for m, mean_c in days if m == month]
        assert fmean(means_c) == pytest.approx(NORMAL_C[month - 1], abs=1.5)
        assert stdev(means_c) == pytest.approx(ANOMALY_K[month - 1], rel=0.25)


def test_the_normal_year_has_the_normal_months():
    normal = Weather(seed=None)
    for month in range(1, 13):
        hours = [normal.temperature_c(at(2025, month, 1) + n * 3600) for n in range(30 * 24)]
        assert fmean(hours) == pytest.approx(NORMAL_C[month - 1], abs=0.6)


def test_the_same_seed_gives_the_same_weather_in_any_order():
    moments = [at(2026, 1, 5, 4), at(2025, 8, 3, 15), at(2026, 1, 5, 4)]
    forwards = [Weather(3).temperature_c(moment) for moment in moments]
    backwards = [Weather(3).temperature_c(moment) for moment in reversed(moments)]
    assert forwards == backwards[::-1]


def test_another_seed_gives_other_weather():
    assert Weather(3).temperature_c(at(2026, 1, 5)) != Weather(4).temperature_c(at(2026, 1, 5))


def test_midnight_is_no_step():
    weather = Weather(5)
    for day in range(at(2026, 1, 1), at(2026, 12, 31), DAY_S):
        step_k = weather.temperature_c(day) - weather.temperature_c(day - 60)
        assert abs(step_k) < 0.1


def test_the_sun_is_down_at_midnight_and_up_at_noon():
    weather = Weather(1)
    for day in range(365):
        midnight = datetime(2026, 1, 1, 22, tzinfo=UTC) + timedelta(days=day)
        assert weather.sunlight(int(midnight.timestamp())) == 0
        assert weather.sunlight(int(midnight.timestamp()) + DAY_S // 2) > 0
