# SPDX-License-Identifier: EUPL-1.2
"""Forecasting: the cloud hears of the city's weather, and forecasts what its buildings will use.

All by the commands that an operator has. The weather ahead is told as a forecast is: the city's own
weather, missed by more the further ahead. The cloud goes on by itself every hour; the weather is
told anew as often as a real service tells it.
"""

import asyncio
import csv
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simulators.ground import Ground, console_script
from simulators.processes import run_to_end
from simulators.weather import LATITUDE, LONGITUDE, Weather

PLACE = "sofia"
HOUR_S = 3600
DAY_H = 24
AHEAD_H = 15 * DAY_H
TELL_EVERY_S = 6 * HOUR_S
WEATHER_YEARS = 5  # what may come is told by past weather: three years are the least
RUN_PATIENCE_S = 900.0  # forty series on a small machine that has all the rest to do
# Of a day's temperature a day ahead, and what each further day adds. Source: of the same order as
# in the WMO lead centre's verification of ECMWF's two-metre temperature: 1 K to 2 K, then 3 K to 4.
MISSED_K, MISSED_MORE_K = 1.0, 0.2
CLEAR_W_PER_M2 = 1000.0
COLUMNS = ("interval_start", "temperature_c", "irradiance_w_per_m2")

Row = tuple[str, float, float]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What came of a round: forecasts made, and how many of them only naively."""

    forecasts: int
    fallbacks: int

    def in_words(self, took_s: float) -> str:
        """Say what there is now and, where that isn't much, why and when there will be more."""
        if not self.forecasts:
            return (
                "No forecasts yet: no whole hour of use is known. The cloud makes them by itself,"
                " nine minutes past each hour."
            )
        words = f"Forecasts of {self.forecasts} series of use are in the app, after {took_s:.0f} s."
        if self.fallbacks == self.forecasts:
            return f"{words} All of them only say “as a week ago”: there is too little history."
        if self.fallbacks:
            words += f" {self.fallbacks} of them only say “as a week ago”; the app says why."
        return words


class Forecasting:
    """Tells a running cloud the weather and has it forecast; ``cloud`` is its environment."""

    def __init__(
        self,
        ground: Ground,
        cloud: Mapping[str, str],
        weather: Weather,
        *,
        days: int,
        now_s: Callable[[], float],
    ) -> None:
        self._folder = ground.root / "weather"
        self._cloud = cloud
        self._weather = weather
        self._days = days
        self._now_s = now_s

    async def begin(self) -> Forecast:
        """Make the buildings' series, and forecast as a week ago those that have no model yet."""
        await self._run("demand", "series", "--make")
        return await self._forecast("--simple")

    async def learn(self) -> Forecast:
        """Tell the weather so far and to come, fit models to it, and forecast by them."""
        await self._add_place()
        await self._tell(max(self._days, WEATHER_YEARS * 366))
        return await self._forecast("--once")

    async def _forecast(self, how: str) -> Forecast:
        told = json.loads((await self._run("demand", "run", how)).splitlines()[-1])
        return Forecast(forecasts=told["forecasts"], fallbacks=told["fallbacks"])

    async def keep_telling(self) -> None:
        """Tell the weather every few hours until cancelled."""
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            await self._tell(self._days)

    async def _add_place(self) -> None:
        degrees = (f"{math.degrees(LATITUDE):.1f}", f"{LONGITUDE:.1f}")
        await self._run(
            *("weather", "places", "add", PLACE, "--name-bg", "София", "--name-en", "Sofia"),
            *("--latitude", degrees[0], "--longitude", degrees[1], "--elevation-m", "550"),
            *("--source", "The simulated city", "--licence", "EUPL-1.2"),
            *("--attribution", "Iskar's simulators"),
        )

    async def _tell(self, days: int) -> None:
        this_hour = int(self._now_s()) // HOUR_S
        seen = self._folder / "observed.csv"
        ahead = self._folder / "forecast.csv"
        known_at = datetime.fromtimestamp(this_hour * HOUR_S, UTC)
        await asyncio.to_thread(
            _write, seen, observed(self._weather, this_hour - days * DAY_H, this_hour)
        )
        await asyncio.to_thread(_write, ahead, forecast(self._weather, this_hour))
        await self._run("weather", "import", seen, "--place", PLACE)
        await self._run(
            *("weather", "import", ahead, "--place", PLACE),
            *("--forecast", "--run", known_at.isoformat()),
        )

    async def _run(self, *words: str | Path) -> str:
        nice: list[str | Path] = ["nice", "-n", "10", console_script("iskar-cloud")]
        return await run_to_end([*nice, *words], self._cloud, RUN_PATIENCE_S)


def observed(weather: Weather, first_h: int, end_h: int) -> Iterator[Row]:
    """Yield the weather of the hours [first, end), counted since 1970."""
    for hour in range(first_h, end_h):
        yield _row(weather, hour, 0.0, 1.0)


def forecast(weather: Weather, this_h: int) -> Iterator[Row]:
    """Yield the hours ahead as a forecast of now tells them: right at first, then less so.

    The same hour is always told in the same way.
    """
    draws = random.Random(f"forecast/{this_h}")  # noqa: S311 - no secret
    off, clouds = 0.0, 1.0
    for ahead in range(AHEAD_H):
        if ahead % DAY_H == 0:
            share = 0.6  # of a day's miss that the next one has, too
            size = MISSED_K + MISSED_MORE_K * ahead / DAY_H
            off = share * off + math.sqrt(1 - share**2) * draws.gauss(0, size)
            clouds = max(0.2, 1 + draws.gauss(0, 0.15))
        yield _row(weather, this_h + ahead, off * min(1.0, (ahead + 6) / DAY_H), clouds)


def _row(weather: Weather, hour: int, off_k: float, clouds: float) -> Row:
    middle_s = hour * HOUR_S + HOUR_S // 2
    start = datetime.fromtimestamp(hour * HOUR_S, UTC).isoformat()
    sunlight = weather.sunlight(middle_s) * clouds * CLEAR_W_PER_M2
    return start, round(weather.temperature_c(middle_s) + off_k, 2), round(sunlight, 1)


def _write(path: Path, rows: Iterator[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
