# SPDX-License-Identifier: EUPL-1.2
"""Open-Meteo's JSON, of its archive and its forecasts: ``hourly`` and ``daily`` blocks.

Units are taken as the answer tells them, times by ``utc_offset_seconds``. Sums and means of an hour
(precipitation, radiation) are stamped at its end; they are moved to its start here.
Source: open-meteo.com/en/docs, "Hourly Parameter Definition" and "JSON Return Object".
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from cloud.weather.models import DAY, HOUR, Resolution
from cloud.weather.sources.told import Given, Told, UnreadableWeatherError

Column = tuple[str, str]  # ours, and the quantity its unit is of

HOURLY: Mapping[str, Column] = {
    "temperature_2m": ("temperature_c", "temperature"),
    "precipitation": ("precipitation_mm", "length"),
    "relative_humidity_2m": ("humidity_pct", "share"),
    "wind_speed_10m": ("wind_m_per_s", "speed"),
    "shortwave_radiation": ("irradiance_w_per_m2", "power"),
    "surface_pressure": ("pressure_hpa", "pressure"),
    "snow_depth": ("snow_depth_cm", "depth"),
}
DAILY: Mapping[str, Column] = {
    "temperature_2m_mean": ("temperature_c", "temperature"),
    "temperature_2m_min": ("temperature_min_c", "temperature"),
    "temperature_2m_max": ("temperature_max_c", "temperature"),
    "precipitation_sum": ("precipitation_mm", "length"),
    "snowfall_sum": ("snowfall_cm", "depth"),
    "relative_humidity_2m_mean": ("humidity_pct", "share"),
    "wind_speed_10m_mean": ("wind_m_per_s", "speed"),
    "wind_speed_10m_max": ("wind_max_m_per_s", "speed"),
    "shortwave_radiation_sum": ("irradiance_w_per_m2", "power"),
    "surface_pressure_mean": ("pressure_hpa", "pressure"),
}
AT_THE_END = ("precipitation_mm", "irradiance_w_per_m2")
_MJ_PER_DAY_W = 1e6 / 86400
_INCH_MM = 25.4
_FOOT_CM = 30.48
# By quantity: what one of a unit is of ours, and what to add after that.
UNITS: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "temperature": {"°C": (1, 0), "°F": (5 / 9, -160 / 9)},
    "length": {"mm": (1, 0), "inch": (_INCH_MM, 0)},
    "share": {"%": (1, 0)},
    "speed": {
        "m/s": (1, 0),
        "km/h": (1 / 3.6, 0),
        "mp/h": (0.44704, 0),
        "mph": (0.44704, 0),
        "kn": (1852 / 3600, 0),
    },
    "power": {"W/m²": (1, 0), "MJ/m²": (_MJ_PER_DAY_W, 0)},
    "pressure": {"hPa": (1, 0)},
    "depth": {"m": (100, 0), "cm": (1, 0), "ft": (_FOOT_CM, 0), "inch": (_INCH_MM / 10, 0)},
}


def read(given: Given) -> list[Told]:
    """Return what an answer or a saved file tells; an archive's and a forecast's look the same."""
    try:
        answer = json.loads(given.unpacked())
    except ValueError as error:
        raise UnreadableWeatherError(f"{given.name} is no JSON: {error}.") from error
    return told_in(answer, given.name)


def told_in(answer: object, where: str, *, is_forecast: bool = False) -> list[Told]:
    """Return what an answer tells, or raise UnreadableWeatherError with its own reason."""
    if not isinstance(answer, dict) or answer.get("error"):
        reason = answer.get("reason") if isinstance(answer, dict) else "it is no object"
        raise UnreadableWeatherError(f"{where} was refused: {str(reason)[:300]}")
    offset_s = answer.get("utc_offset_seconds", 0)
    if not isinstance(offset_s, int) or offset_s % 3600:
        raise UnreadableWeatherError(f"{where}: a zone of {offset_s} s isn't of whole hours.")
    blocks: list[tuple[str, Resolution, Mapping[str, Column], Callable[..., Any]]] = [
        ("hourly", Resolution.HOUR, HOURLY, _hours),
        ("daily", Resolution.DAY, DAILY, _days),
    ]
    told = [
        Told(
            resolution=resolution,
            rows=rows_of(_columns(answer, block, known, where), timedelta(seconds=offset_s)),
            is_forecast=is_forecast,
        )
        for block, resolution, known, rows_of in blocks
        if block in answer
    ]
    if not told:
        raise UnreadableWeatherError(f"{where} has neither hourly nor daily weather.")
    return told


def _columns(
    answer: Mapping[str, Any], block: str, known: Mapping[str, Column], where: str
) -> pl.DataFrame:
    """Return a block as a table in our units, with naive local times at ``at``."""
    try:
        content, units = dict(answer[block]), dict(answer[f"{block}_units"])
        times = content["time"]
        found = {}
        for theirs, (ours, quantity) in known.items():
            if theirs not in content:
                continue
            factor, offset = UNITS[quantity][units[theirs]]
            found[ours] = pl.Series(content[theirs], dtype=pl.Float64) * factor + offset
        if units.get("time") == "unixtime":
            at = pl.Series([datetime.fromtimestamp(one, UTC).replace(tzinfo=None) for one in times])
        else:
            at = pl.Series([datetime.fromisoformat(one) for one in times])
        return pl.DataFrame({"at": at.cast(pl.Datetime("us")), **found})
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise UnreadableWeatherError(
            f"{where}: {block} isn't as Open-Meteo tells it ({type(error).__name__}: {error})."
        ) from error


def _hours(table: pl.DataFrame, offset: timedelta) -> pl.DataFrame:
    at = (pl.col("at") - offset).dt.replace_time_zone("UTC")
    table = table.with_columns(at)
    ended = [name for name in AT_THE_END if name in table.columns]
    begun = table.drop(ended)
    if not ended:
        return begun
    over = table.select(pl.col("at") - HOUR, *ended)
    return begun.join(over, on="at", how="full", coalesce=True).sort("at")


def _days(table: pl.DataFrame, offset: timedelta) -> pl.DataFrame:  # noqa: ARG001 - local days
    return table.with_columns(pl.col("at").dt.truncate(DAY).dt.replace_time_zone("UTC"))
