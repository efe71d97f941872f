# SPDX-License-Identifier: EUPL-1.2
"""Weather as CSV: a row an hour or day, whose terms stand in every row, for rows get parted."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from cloud.weather.models import Place, Resolution, Weather


def table(place: Place, weather: Weather, names: Sequence[str]) -> str:
    """Return the columns ``names``; ``not_observed`` names those that are estimated or forecast."""
    grid = weather.grid
    starts = [grid.at(index) for index in range(grid.count)]
    if grid.resolution is Resolution.HOUR:
        stamps = pl.Series("interval_start", [f"{one:%Y-%m-%dT%H:%MZ}" for one in starts])
    else:
        stamps = pl.Series("day", [f"{one:%Y-%m-%d}" for one in starts])
    marks = [_marks(weather, names, index) for index in range(grid.count)]
    return pl.DataFrame(
        [
            pl.Series("place_id", [place.place_id] * grid.count),
            stamps,
            *(pl.Series(name, np.round(weather.get(name), 3), nan_to_null=True) for name in names),
            pl.Series("not_observed", marks, dtype=pl.String),
            pl.Series("licence", [place.licence] * grid.count),
            pl.Series("attribution", [place.attribution] * grid.count),
        ]
    ).write_csv()


def _marks(weather: Weather, names: Sequence[str], index: int) -> str:
    said = [
        f"{name}:{kind}"
        for kind, marks in (("estimated", weather.estimated), ("forecast", weather.forecast))
        for name in names
        if name in marks and marks[name][index]
    ]
    return " ".join(said)
