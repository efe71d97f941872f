# SPDX-License-Identifier: EUPL-1.2
"""Two layouts found in public repositories, with the weather of Sofia and the mountains about it.

``sofia-stations``: a CSV with ``date`` and, for each station, ``temp_<station>`` and
``prec_<station>`` (°C, mm); ``part`` names the station. ``sofia-era5``: a Parquet with ``date,
temp_min, temp_mean, temp_max, rain_sum, snow_sum, prec_sum, wind_max``: ERA5 by way of Open-Meteo,
in °C, mm, cm of snow and m/s. Both are days; nothing else is known of how they were made.
"""

import polars as pl

from cloud.weather.models import Resolution
from cloud.weather.sources.told import Given, Told, UnreadableWeatherError, dated, needed, number

_ERA5 = {
    "temp_mean": "temperature_c",
    "temp_min": "temperature_min_c",
    "temp_max": "temperature_max_c",
    "prec_sum": "precipitation_mm",
    "snow_sum": "snowfall_cm",
    "wind_max": "wind_max_m_per_s",
}


def read_stations(given: Given) -> list[Told]:
    """Return the days of the station that ``part`` names, such as musala_2925m."""
    table = given.table()
    needed(table, ["date"], given.name)
    stations = sorted({name.split("_", 1)[1] for name in table.columns if name.startswith("temp_")})
    if given.part not in stations:
        raise UnreadableWeatherError(
            f"{given.name} holds several stations; name one as part: {', '.join(stations)}."
        )
    rows = {
        ours: number(table, f"{theirs}_{given.part}", given.name)
        for theirs, ours in (("temp", "temperature_c"), ("prec", "precipitation_mm"))
        if f"{theirs}_{given.part}" in table.columns
    }
    at = dated(table["date"], "%Y-%m-%d", given.name)
    return [Told(resolution=Resolution.DAY, rows=pl.DataFrame({"at": at, **rows}))]


def read_era5(given: Given) -> list[Told]:
    """Return the days of the grid point."""
    table = given.table()
    needed(table, ["date", *_ERA5], given.name)
    at = table["date"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    rows = {ours: number(table, theirs, given.name) for theirs, ours in _ERA5.items()}
    return [Told(resolution=Resolution.DAY, rows=pl.DataFrame({"at": at, **rows}))]
