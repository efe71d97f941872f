# SPDX-License-Identifier: EUPL-1.2
"""Series with weeks, seasons and weather in them, and models that do as a test tells them."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from cloud.demand.model import LEVELS
from cloud.demand.models.naive import LastWeek
from cloud.demand.series import DAY_H, Floats, Hours, Usage, Weather

SOFIA = ZoneInfo("Europe/Sofia")
MIDNIGHT = datetime(2026, 8, 31, 21, tzinfo=UTC)  # 1 September in Sofia


def some_hours(count: int, start: datetime = MIDNIGHT) -> Hours:
    return Hours(start=start, count=count, zone=SOFIA)


def some_weather(hours: Hours, seed: int = 1) -> Weather:
    """Return temperatures that follow the year and the day, with spells of a few days."""
    noise = np.random.default_rng(seed).normal(0, 1, hours.count)
    spells = np.convolve(noise, np.ones(72) / 9, "same")
    year = 10 - 11 * np.cos(2 * np.pi * hours.year_fraction)
    day = 4 * np.cos(2 * np.pi * (hours.hour_of_day - 15) / DAY_H)
    return Weather(hours=hours, columns={"temperature_c": year + day + spells})


def some_usage(
    weather: Weather, count: int | None = None, series: int = 3, *, noise: float = 0.03
) -> Usage:
    """Return series of different levels over the first hours of the weather's grid."""
    hours = weather.hours.between(0, weather.hours.count if count is None else count)
    random = np.random.default_rng(7)
    shape = (
        1 + 0.5 * np.sin(2 * np.pi * (hours.hour_of_day - 8) / DAY_H) - 0.2 * (hours.weekday >= 5)
    )
    heated = np.maximum(0, 15 - weather.over(hours).get("temperature_c")) / 15
    levels = 100.0 * (1 + np.arange(series))
    amounts = levels[:, None] * (shape + 0.5 * heated)[None, :]
    amounts = amounts * random.normal(1, noise, amounts.shape)
    names = tuple(f"s-{number}" for number in range(series))
    return Usage(series_ids=names, hours=hours, amounts=amounts)


class Dressed:
    """As a week ago, plus and minus a tenth; and whatever a test has it do besides."""

    def __init__(self, factor: float = 1.0, fails: bool = False) -> None:
        self.factor = factor
        self.fails = fails
        self.series_ids: tuple[str, ...] = ()

    def fit(self, usage: Usage, weather: Weather) -> Self:
        self.series_ids = usage.series_ids
        assert weather.hours.count == usage.hours.count
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        assert usage.series_ids == self.series_ids
        assert weather.hours.count == usage.hours.count + horizon_h
        if self.fails:
            raise ArithmeticError("There is no such matrix.")
        middle = LastWeek().forecast(usage, weather, horizon_h)[:, :, None] * self.factor
        told: Floats = middle * np.array([0.9, 1.0, 1.1])
        assert told.shape[2] == len(LEVELS)
        return told


class Mortal(Dressed):
    """Kills the process that fits it, so long as there are lives in a file; each takes a byte."""

    def __init__(self, lives: Path) -> None:
        super().__init__()
        self.lives = lives

    def fit(self, usage: Usage, weather: Weather) -> Self:
        left = self.lives.read_bytes()
        if left:
            self.lives.write_bytes(left[1:])
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(usage, weather)


class Weatherwise(Dressed):
    """As a week ago, and one more for each degree that is told: whatever it knows shows."""

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> Floats:
        told = super().forecast(usage, weather, horizon_h)
        ahead = weather.between(usage.hours.count, usage.hours.count + horizon_h)
        degrees = np.nan_to_num(ahead.get("temperature_c"))
        return told + degrees[None, :, None]
