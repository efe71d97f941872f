# SPDX-License-Identifier: EUPL-1.2
"""The weather of a forecast: observed, then forecast, then what earlier years were like."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import pytest

from cloud.demand.history.weathering import Source, Weathering, holiday
from cloud.demand.series import HOUR, Hours
from cloud.kit.database import Database
from cloud.kit.hypertable import ZONE
from cloud.weather.models import Extent, Grid, Place, Resolution, Weather

NOW = datetime(2026, 9, 1, tzinfo=UTC)
NO_DATABASE = cast("Database", None)  # a place that is named needs none


class FakeWeather:
    """The hour of the day as its temperature; observed up to now, forecast for a day."""

    def __init__(self, since: datetime, forecast_until: datetime = NOW + timedelta(days=1)) -> None:
        self.since = since
        self.until = forecast_until
        self.asked: list[datetime | None] = []

    async def hours(
        self, place_id: str, since: datetime, until: datetime, known_at: datetime | None = None
    ) -> Weather:
        assert place_id == "sofia"
        self.asked.append(known_at)
        grid = Grid.between(Resolution.HOUR, since, until)
        at = [grid.at(index) for index in range(grid.count)]
        told = [self.since <= one < self.until for one in at]
        return Weather(
            grid=grid,
            columns={
                "temperature_c": np.where(told, [one.hour for one in at], np.nan),
                "pressure_hpa": np.full(grid.count, 1000.0),
            },
            forecast={"temperature_c": np.array([one >= NOW for one in at])},
        )

    async def nearest(self, latitude: float, longitude: float) -> Place | None:
        raise AssertionError(f"the place is named, not {latitude}, {longitude}")

    async def places(self) -> list[Place]:
        return []

    async def extents(self) -> dict[str, list[Extent]]:
        return {}

    async def counts(self, place_id: str, resolution: Resolution) -> dict[str, int]:
        raise AssertionError(f"nothing is there of {place_id} by {resolution}")


def a_week() -> Hours:
    return Hours(start=NOW - 24 * HOUR, count=7 * 24, zone=ZONE)


async def test_observed_then_forecast_then_what_earlier_years_were_like() -> None:
    source: Source = FakeWeather(since=datetime(2020, 1, 1, tzinfo=UTC))
    told = await Weathering(NO_DATABASE, source).weather("sofia", a_week(), NOW)
    assert told.shares == pytest.approx(
        {"unknown": 0, "observed": 1 / 7, "estimated": 0, "forecast": 1 / 7, "climatology": 5 / 7}
    )
    expected = [one % 24 for one in range(a_week().count)]
    assert told.weather.get("temperature_c").tolist() == pytest.approx(expected)
    assert "pressure_hpa" not in told.weather.columns


async def test_nothing_is_asked_that_became_known_later() -> None:
    source = FakeWeather(since=datetime(2020, 1, 1, tzinfo=UTC))
    await Weathering(NO_DATABASE, source).weather("sofia", a_week(), NOW)
    assert set(source.asked) == {NOW}


async def test_without_a_past_the_days_to_come_are_unknown() -> None:
    source = FakeWeather(since=NOW - timedelta(days=30))
    told = await Weathering(NO_DATABASE, source).weather("sofia", a_week(), NOW)
    assert told.shares["unknown"] == pytest.approx(5 / 7)
    assert np.isnan(told.weather.get("temperature_c")[48:]).all()


async def test_where_all_is_known_earlier_years_are_not_asked_for() -> None:
    source: Callable[..., FakeWeather] = FakeWeather
    known = source(since=datetime(2020, 1, 1, tzinfo=UTC), forecast_until=NOW + timedelta(days=9))
    await Weathering(NO_DATABASE, known).weather("sofia", a_week(), NOW)
    assert len(known.asked) == 1


def test_public_holidays_are_those_of_the_local_day() -> None:
    # Unification Day: 6 September, which begins at 21:00 UTC on the day before
    hours = Hours(start=datetime(2025, 9, 5, 20, tzinfo=UTC), count=3, zone=ZONE)
    assert holiday(hours).tolist() == [0, 1, 1]
