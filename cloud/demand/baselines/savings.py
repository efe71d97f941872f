# SPDX-License-Identifier: EUPL-1.2
"""Savings: what a baseline tells less what was used, and how sure that is.

The errors of months that the baseline hadn't seen are drawn again in blocks of a fortnight, for a
mild spell or a holiday lasts; the drift of the building's level is drawn with them.
Sources: IPMVP core concepts (avoided energy use, normalised use); ASHRAE Guideline 14-2014 asks for
the uncertainty with each saving; block bootstrap after Künsch (1989).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from cloud.demand.baselines.baseline import Baseline
from cloud.demand.model import LEVELS
from cloud.demand.series import DAY_H, Floats, Hours, Weather

_BLOCK_DAYS = 14
_DRAWS = 1000
_SEED = 7  # the same question gets the same answer


@dataclass(frozen=True, kw_only=True)
class Total:
    """A sum over a period with its range that nine in ten keep to."""

    low: float
    middle: float
    high: float

    def as_json(self) -> dict[str, float]:
        """Return the range as p05, p50, p95."""
        return {"p05": self.low, "p50": self.middle, "p95": self.high}


@dataclass(frozen=True, kw_only=True)
class Savings:
    """Over the hours whose use is known: what would have been used, what was, and the difference.

    Attributes:
        saved: positive where less was used.
        share: of the expected use; None where none was expected.
        is_certain: whether the whole range is on one side of zero.
    """

    hours: int
    expected: Total
    used: float
    saved: Total
    share: float | None

    @property
    def is_certain(self) -> bool:
        """Whether the range of the saving excludes zero."""
        return self.saved.low > 0 or self.saved.high < 0

    def as_json(self) -> dict[str, Any]:
        """Return the figures by name, ranges as p05, p50, p95."""
        return {
            "hours": self.hours,
            "expected": self.expected.as_json(),
            "used": self.used,
            "saved": self.saved.as_json(),
            "saved_share": self.share,
            "is_certain": self.is_certain,
        }


def savings(baseline: Baseline, weather: Weather, amounts: Floats, hours: Hours) -> Savings | None:
    """Return what was saved in ``hours``, of which ``amounts`` were used; None if none is known.

    Nor is anything told where nothing was left out to learn errors from: a saving without its range
    is no figure.
    """
    middle = baseline.predict(weather, hours).by_hour[:, LEVELS.index(0.5)]
    known = ~np.isnan(amounts) & ~np.isnan(middle)
    if not known.any() or not baseline.missed.size:
        return None
    expected = _total(baseline, float(middle[known].sum()), float(known.sum()) / DAY_H)
    used = float(amounts[known].sum())
    saved = Total(low=expected.low - used, middle=expected.middle - used, high=expected.high - used)
    share = saved.middle / expected.middle if expected.middle > 0 else None
    return Savings(hours=int(known.sum()), expected=expected, used=used, saved=saved, share=share)


def normal_use(baseline: Baseline, normal: Weather) -> Total | None:
    """Return the use in the hours of ``normal``, a year's usual weather; None if nothing is known.

    Years are compared by this: each year's baseline in the same weather.
    """
    middle = baseline.predict(normal, normal.hours).by_hour[:, LEVELS.index(0.5)]
    if np.isnan(middle).any():
        return None
    return _total(baseline, float(middle.sum()), normal.hours.count / DAY_H)


def _total(baseline: Baseline, middle: float, days: float) -> Total:
    missed = baseline.missed
    rng = np.random.default_rng(_SEED)
    length = min(_BLOCK_DAYS, missed.size)
    blocks = max(1, round(days / length))
    firsts = rng.integers(0, missed.size - length + 1, size=(_DRAWS, blocks))
    so_far = np.concatenate([[0.0], np.cumsum(missed - missed.mean())])
    drawn = (so_far[firsts + length] - so_far[firsts]).sum(axis=1) * days / (blocks * length)
    drawn += baseline.facts.drift * middle * rng.standard_normal(_DRAWS)
    low, high = np.quantile(drawn, (LEVELS[0], LEVELS[-1]))
    return Total(low=middle + float(low), middle=middle, high=middle + float(high))
