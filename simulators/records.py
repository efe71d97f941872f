# SPDX-License-Identifier: EUPL-1.2
"""Records: years of the simulated city's use and weather as files, to try the analyst's path with.

They stand in for a utility's own history where that can't be shown, and claim nothing about Sofia.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from simulators.city import City
from simulators.days import HOURS_A_DAY
from simulators.forecasting import COLUMNS, HOUR_S, forecast, observed
from simulators.usage import Usage
from wire import reading_types

YEAR_DAYS = 365


def write_records(
    city: City, usage: Usage, utility: str, folder: Path, *, days: int, end_h: int
) -> None:
    """Write use.csv, weather.csv and forecast.csv: ``days`` days of hours up to ``end_h``."""
    folder.mkdir(parents=True, exist_ok=True)
    last_day = end_h // HOURS_A_DAY
    hours = _use(city, usage, utility, last_day - days, last_day)
    weather = usage.weather
    _write(folder / "use.csv", ("series_id", "interval_start", "usage"), hours)
    seen = observed(weather, (last_day - days) * HOURS_A_DAY, last_day * HOURS_A_DAY)
    _write(folder / "weather.csv", COLUMNS, seen)
    _write(folder / "forecast.csv", COLUMNS, forecast(weather, last_day * HOURS_A_DAY))


def _use(
    city: City, usage: Usage, utility: str, first_day: int, end_day: int
) -> Iterator[tuple[str, str, int]]:
    """Yield what all buildings use of a utility each hour, in the reading type's unit."""
    points = [one for one in city.service_points.values() if one.reading_type.utility == utility]
    points = [one for one in points if one.reading_type is not reading_types.ELECTRICITY_EXPORT]
    for day in range(first_day, end_day):
        hours = [usage.hourly(point, day) for point in points]
        for hour in range(HOURS_A_DAY):
            start = datetime.fromtimestamp((day * HOURS_A_DAY + hour) * HOUR_S, UTC)
            yield f"city-{utility}", start.isoformat(), sum(one[hour] for one in hours)


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
