# SPDX-License-Identifier: EUPL-1.2
"""The peak of a day to come: when, how much, and with what probability a limit is passed.

Hours of a day err together, so a peak can't be read from each hour's quantiles alone. Paths through
the day keep each hour's forecast range, and take the order among them from days forecast before.
Source: Schefzik, Thorarinsdottir and Gneiting (2013), ensemble copula coupling; the order of past
errors for a template as in Clark et al. (2004), the Schaake shuffle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cloud.demand.model import LEVELS
from cloud.demand.scores import MIDDLE
from cloud.demand.series import Floats

MIN_DAYS = 20
_LOW, _HIGH = 0, len(LEVELS) - 1


class TooFewDaysError(Exception):
    """Too few past days were forecast to tell how hours hang together."""


@dataclass(frozen=True, kw_only=True)
class Peak:
    """Where and how high a day's peak is.

    Attributes:
        quantiles: of the peak's amount, at ``LEVELS``.
        by_hour: (hours,), with what probability each is the peak; they add up to 1.
        peaks: (paths,), the peak of each path.
        days: past days behind the order of hours.
    """

    quantiles: Floats
    by_hour: Floats
    peaks: Floats
    days: int

    def level_of(self, came: float) -> float:
        """Return which share of paths has a lower peak than came: even from 0 to 1, at best."""
        return float((self.peaks < came).mean())

    def passes(self, limit: float) -> float:
        """Return with what probability the peak is above ``limit``.

        Never 0 or 1: so many days can't tell that (the rule of succession).
        """
        count = self.peaks.size
        return float(((self.peaks > limit).sum() + 0.5) / (count + 1))


def errors_of(used: Floats, forecasts: Floats) -> Floats:
    """Return past errors over the half width of their range on that side, 1 at its edge.

    ``used`` is (days, hours), ``forecasts`` (days, hours, levels). Days not known whole are left
    out. Returns (days, hours).
    """
    middle = forecasts[:, :, MIDDLE]
    above = forecasts[:, :, _HIGH] - middle
    below = middle - forecasts[:, :, _LOW]
    off = used - middle
    width = np.where(off >= 0, above, below)
    with np.errstate(divide="ignore", invalid="ignore"):
        over = np.where(width > 0, off / width, np.where(off == 0, 0.0, np.nan))
    return np.asarray(over[~np.isnan(over).any(axis=1)])


def paths(quantiles: Floats, errors: Floats) -> Floats:
    """Return (days, hours): as many paths through a day as there are past days.

    ``quantiles`` is (hours, levels). At each hour, the paths' amounts have the forecast's 5 %, 50 %
    and 95 %; between and beyond they are spread as past errors were.

    Raises:
        TooFewDaysError: fewer than ``MIN_DAYS`` past days.
    """
    days, hours = errors.shape
    if days < MIN_DAYS:
        raise TooFewDaysError(f"{days} past days were forecast; {MIN_DAYS} are the least.")
    if quantiles.shape[0] != hours:
        raise ValueError(f"The day has {quantiles.shape[0]} hours, past days {hours}.")
    steps = _shape(errors, (np.arange(days) + 0.5) / days)
    middle = quantiles[:, MIDDLE]
    half = np.where(
        steps[:, None] >= 0,
        quantiles[None, :, _HIGH] - middle,
        middle - quantiles[None, :, _LOW],
    )
    sorted_amounts = middle + steps[:, None] * half  # (days, hours), rising along days
    ranks = np.argsort(np.argsort(errors, axis=0, kind="stable"), axis=0, kind="stable")
    return np.take_along_axis(sorted_amounts, ranks, axis=0)


def peak_of(quantiles: Floats, errors: Floats, levels: Floats | None = None) -> Peak:
    """Return the peak of a day forecast by ``quantiles`` (hours, levels), given past errors.

    ``levels`` are ``Peak.level_of`` of what came on past days, told without them. They right a peak
    that was told too high or too surely: each hour's range may hold while the peak's doesn't.
    Source: recalibration by past probability integral transforms, Gneiting and Ranjan (2013).
    """
    drawn = paths(quantiles, errors)
    peaks = drawn.max(axis=1)
    if levels is not None and levels.size >= MIN_DAYS:
        # Some even levels beside those seen: a few days that went well make no peak certain.
        even = (np.arange(MIN_DAYS) + 0.5) / MIN_DAYS
        peaks = np.quantile(peaks, np.sort(np.concatenate([levels, even])))
    hours = drawn.shape[1]
    at = np.bincount(drawn.argmax(axis=1), minlength=hours)
    return Peak(
        quantiles=np.quantile(peaks, LEVELS),
        by_hour=at / at.sum(),
        peaks=peaks,
        days=len(errors),
    )


def _shape(errors: Floats, at: Floats) -> Floats:
    """Return how many half widths off the middle lies each level of ``at``, rising.

    Past errors of all hours tell the shape; it is stretched so that the forecast's own levels are
    at -1, 0 and 1.
    """
    pooled = np.sort(errors.ravel())
    low, middle, high = np.quantile(pooled, LEVELS)
    told = np.quantile(pooled, at) - middle
    below, above = middle - low, high - middle
    if below <= 0 or above <= 0:
        return np.interp(at, LEVELS, (-1.0, 0.0, 1.0))
    return np.asarray(np.where(told >= 0, told / above, told / below))


def brier(probabilities: Sequence[float], happened: Sequence[bool]) -> float:
    """Return the mean squared error of probabilities. Source: Brier (1950)."""
    return float(np.mean((np.asarray(probabilities) - np.asarray(happened, dtype=float)) ** 2))
