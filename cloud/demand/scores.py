# SPDX-License-Identifier: EUPL-1.2
"""How good forecasts were: the field's figures, over the hours whose use is known.

Sources: CVRMSE after ASHRAE Guideline 14; MASE after Hyndman and Koehler (2006), against the error
of "as a week ago" inside the history; pinball loss after Koenker and Bassett (1978).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from cloud.demand.model import LEVELS
from cloud.demand.series import WEEK_H, Floats

MIDDLE = LEVELS.index(0.5)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Figures of one series or of all; None where they can't be told.

    Attributes:
        mae, rmse: in the unit of the series.
        cvrmse_pct: RMSE over mean use.
        mape_pct: mean of absolute error over use, hours without use left out.
        mase: MAE over that of the naive model inside the history.
        pinball_pct: mean loss of the 5 % and 95 % quantiles over mean use.
        coverage90_pct: share of hours inside the range; width90_pct: its mean width over mean use.
    """

    hours: int
    mae: float | None
    rmse: float | None
    cvrmse_pct: float | None
    mape_pct: float | None
    mase: float | None
    pinball_pct: float | None
    coverage90_pct: float | None
    width90_pct: float | None

    def as_json(self) -> dict[str, float | None]:
        """Return the figures by name."""
        return asdict(self)


def score(used: Floats, quantiles: Floats, naive_error: float | None) -> Scores:
    """Return the figures of one series: ``used`` (hours,), ``quantiles`` (hours, levels)."""
    known = ~np.isnan(used) & ~np.isnan(quantiles).any(axis=1)
    y, q = used[known], quantiles[known]
    if not y.size:
        return Scores(hours=0, **dict.fromkeys(_FIGURES))
    error = np.abs(y - q[:, MIDDLE])
    mean, mae = float(np.abs(y).mean()), float(error.mean())
    rmse = float(np.sqrt((error**2).mean()))
    low, high = q[:, 0], q[:, -1]
    some = y != 0
    return Scores(
        hours=int(y.size),
        mae=mae,
        rmse=rmse,
        cvrmse_pct=_pct(rmse, mean),
        mape_pct=float((error[some] / np.abs(y[some])).mean() * 100) if some.any() else None,
        mase=mae / naive_error if naive_error else None,
        pinball_pct=_pct((pinball(y, low, LEVELS[0]) + pinball(y, high, LEVELS[-1])) / 2, mean),
        coverage90_pct=float(((low <= y) & (y <= high)).mean() * 100),
        width90_pct=_pct(float((high - low).mean()), mean),
    )


def pinball(used: Floats, quantile: Floats, level: float) -> float:
    """Return the mean pinball loss of a quantile."""
    short = used - quantile
    return float(np.maximum(level * short, (level - 1) * short).mean())


def naive_error_of(history: Floats) -> float | None:
    """Return the mean absolute error of "as a week ago" in a series' history, if it can be told."""
    steps = np.abs(history[WEEK_H:] - history[:-WEEK_H])
    known = steps[~np.isnan(steps)]
    return float(known.mean()) if known.size else None


def overall(scores: Sequence[Scores]) -> Scores:
    """Return the mean of each figure over the series that have it; ``hours`` is their sum."""
    told: dict[str, float | None] = {}
    for name in _FIGURES:
        known = [figure for one in scores if (figure := getattr(one, name)) is not None]
        told[name] = float(np.mean(known)) if known else None
    return Scores(hours=sum(one.hours for one in scores), **told)


_FIGURES = tuple(name for name in Scores.__dataclass_fields__ if name != "hours")


def _pct(part: float, whole: float) -> float | None:
    return part / whole * 100 if whole else None
