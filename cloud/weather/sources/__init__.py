# SPDX-License-Identifier: EUPL-1.2
"""Sources: each turns the bytes of one format into rows, and knows its units and what is missing.

A reader is a function from ``Given`` to ``Told``; to add a source, write one and name it here.
Times are hours of UTC, or days as the source counts them.
"""

from collections.abc import Callable, Mapping

from cloud.weather.sources import gsod, meteostat, ogimet, open_meteo, own, public_repository
from cloud.weather.sources.told import Given, Told, UnreadableWeatherError

Reader = Callable[[Given], list[Told]]

FORMATS: Mapping[str, Reader] = {
    "own": own.read,
    "open-meteo": open_meteo.read,
    "meteostat-hourly": meteostat.read_hours,
    "meteostat-daily": meteostat.read_days,
    "gsod": gsod.read,
    "ogimet-synop": ogimet.read,
    # two public repositories' own layouts, see ../README of the shared data
    "sofia-stations": public_repository.read_stations,
    "sofia-era5": public_repository.read_era5,
}

__all__ = ["FORMATS", "Given", "Reader", "Told", "UnreadableWeatherError"]
