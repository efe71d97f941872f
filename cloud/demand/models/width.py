# SPDX-License-Identifier: EUPL-1.2
"""How far forecasts usually miss: by hour, season, weather, and how far the members disagree.

Learnt from errors out of sample. With few rows it is each series' mean.
"""

import numpy as np

from cloud.demand.models.rows import Rows
from cloud.demand.series import Floats, Ints

_NAMES = (
    "hour",
    "weekday",
    "holiday",
    "temperature",
    "temperature_over_24h",
    "temperature_max_24h",
    "year_sin1",
    "year_cos1",
)
_LEAST_ROWS = 2000
_MOST_ROWS = 60_000
_TREES = 80
_MOST_FACTOR = 50.0  # of the series' own mean error
_LEAST = 1e-6  # over the series' scale


class Width:
    """The mean absolute error to expect of each row."""

    def __init__(self) -> None:
        self._trees: object | None = None
        self._by_series = np.empty(0)

    def learn(self, columns: Floats, missed: Floats, series: Ints, count: int) -> Floats:
        """Learn from rows of which the absolute error is known; return each row's width."""
        whole = float(missed.mean()) if missed.size else 0.0
        rows = np.bincount(series, minlength=count)
        sums = np.bincount(series, missed, minlength=count)
        self._by_series = np.maximum((sums + whole) / (rows + 1), _LEAST)
        if missed.size >= _LEAST_ROWS and whole > _LEAST:
            self._trees = _grown(columns, missed / self._by_series[series])
        return self.predict(columns, series)

    def predict(self, columns: Floats, series: Ints) -> Floats:
        """Return the width of each row: positive, over the series' scale."""
        width = self._by_series[series]
        if self._trees is None:
            return width
        flat = columns.reshape(-1, columns.shape[-1])
        factor: Floats = self._trees.predict(flat)  # type: ignore[attr-defined]
        factor = np.minimum(factor, _MOST_FACTOR)  # of hours that nearly never miss, exp overflows
        return np.maximum(width * factor.reshape(width.shape), _LEAST)


def _grown(columns: Floats, missed: Floats) -> object:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    trees = HistGradientBoostingRegressor(
        loss="gamma",
        max_iter=_TREES,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=200,
        early_stopping=False,
        random_state=0,
    )
    step = -(-missed.size // _MOST_ROWS)
    with threadpool_limits(limits=1, user_api="openmp"):
        trees.fit(columns[::step], np.maximum(missed[::step], _LEAST))
    return trees


def width_columns(rows: Rows, linear: Floats) -> Floats:
    """Return what widths depend on: (series, origins, leads, columns)."""
    lags = rows.lags
    shared = [rows.column(name) for name in _NAMES if name in rows.known.columns]
    shared.append(np.broadcast_to(rows.ahead.astype(np.float64), rows.at.shape))
    own = [
        linear,
        lags["week_level"],
        np.abs(linear - lags["usual"]),
        np.abs(linear - lags["last_day"]),
        np.abs(lags["last_day"] - lags["last_week"]),
    ]
    out = np.empty((*rows.used.shape, len(shared) + len(own)))
    for index, column in enumerate([*shared, *own]):
        out[..., index] = column
    return out
