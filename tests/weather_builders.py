# SPDX-License-Identifier: EUPL-1.2
"""Places and what is told of their weather; valid unless told otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from cloud.weather.models import Place, Resolution
from cloud.weather.sources import Told

MIDNIGHT = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def a_place(**changes: Any) -> Place:
    """Return a station in Sofia."""
    fields: dict[str, Any] = {
        "place_id": "sofia",
        "name_bg": "София",
        "name_en": "Sofia",
        "latitude": 42.65,
        "longitude": 23.38,
        "elevation_m": 586.0,
        "kind": "station",
        "source": "a test",
        "licence": "CC BY 4.0",
        "attribution": "A test",
        **changes,
    }
    return Place(**fields)


def hours_of(
    *amounts: float | None, column: str = "temperature_c", is_forecast: bool = False
) -> Told:
    """Return hours from midnight on."""
    return _told(Resolution.HOUR, HOUR, amounts, column, is_forecast=is_forecast)


def days_of(*amounts: float | None, column: str = "temperature_c") -> Told:
    """Return days from the first of January on."""
    return _told(Resolution.DAY, DAY, amounts, column, is_forecast=False)


def _told(
    resolution: Resolution,
    step: timedelta,
    amounts: tuple[float | None, ...],
    column: str,
    *,
    is_forecast: bool,
) -> Told:
    at = [MIDNIGHT + index * step for index in range(len(amounts))]
    rows = pl.DataFrame(
        {"at": at, column: [None if one is None else float(one) for one in amounts]},
        schema={"at": pl.Datetime("us", "UTC"), column: pl.Float64},
    )
    return Told(resolution=resolution, rows=rows, is_forecast=is_forecast)
