# SPDX-License-Identifier: EUPL-1.2
"""What can be believed of a forecast: no more than a series' own history has shown to happen.

A week to come may be as the least and the greatest weeks were, and as far from the last week as
weeks were from the one before. Days count, too, each over what its weekday has of a week: a warm
day in winter tells of the weeks in spring, which are still to come where less than a year is known;
and a weekend on which nearly nothing runs tells nothing. All of it with a margin: a forecast that
is beyond is a model's mistake and not news.
"""

import numpy as np

from cloud.demand.scores import MIDDLE
from cloud.demand.series import DAY_H, WEEK_H, Floats

# Our own bounds: a record is seldom beaten threefold.
TIMES_HIGHEST = 3.0
TIMES_MEAN = 3.0
# Of days, in order: beyond them are a broken meter's and a main's that burst.
USUAL_DAYS = (0.02, 0.98)
# A weekday that has less than this share of a mean day tells nothing of its week.
LEAST_SHARE = 0.1
ENOUGH = 0.5  # of a day's or a week's hours
TOLERANCE = 1e-6  # of the highest hour ever: single floats, and what a solver leaves of nothing


def is_plausible(quantiles: Floats, used: Floats) -> bool:
    """Tell whether a forecast (hours, levels) can be believed, by all that was ever used."""
    known = used[~np.isnan(used)]
    highest = float(np.abs(known).max()) if known.size else 0.0
    if not np.isfinite(quantiles).all():
        return False
    if (np.diff(quantiles, axis=1) < -TOLERANCE * highest - 1e-9).any():
        return False
    middle = quantiles[:, MIDDLE]
    if known.size and known.min() >= 0 and (middle < -TOLERANCE * highest).any():
        return False
    if (np.abs(middle) > TIMES_HIGHEST * highest).any():
        return False
    bounds = week_bounds(used)
    if bounds is None:
        return True
    low, high = bounds
    return bool(low <= float(middle[:WEEK_H].mean()) <= high)


def week_bounds(used: Floats) -> tuple[float, float] | None:
    """Return the least and the greatest mean that the next week may have; None without a week."""
    weeks = _means(used, WEEK_H)
    known = weeks[~np.isnan(weeks)]
    if not known.size:
        return None
    least, most = [float(known.min())], [float(known.max())]
    days = _as_weeks(used)
    if days.size:
        few, many = np.quantile(days, USUAL_DAYS)
        least.append(float(few))
        most.append(float(many))
    last = float(known[-1])
    least.append(last / _greatest_step(weeks))
    # a works that opens again after holidays rises a thousandfold, which tells of no other rise
    most.append(last * _greatest_step(np.where(weeks >= LEAST_SHARE * known.max(), weeks, np.nan)))
    low, high = min(least), max(most)
    return (low / TIMES_MEAN if low > 0 else low * TIMES_MEAN, max(high, 0.0) * TIMES_MEAN)


def _greatest_step(weeks: Floats) -> float:
    """Return by how many times a week was ever more or less than the one before.

    What rose so fast may fall so fast: of a heating season that began, the end is to come.
    """
    before, after = weeks[:-1], weeks[1:]
    both = (before > 0) & (after > 0)
    return float(np.exp(np.abs(np.log(after[both] / before[both])).max())) if both.any() else 1.0


def _as_weeks(used: Floats) -> Floats:
    """Return the mean of the week that each day tells of, by its weekday's usual share of one."""
    days = _means(used, DAY_H)
    days = days[days.size % 7 :].reshape(-1, 7)
    known = ~np.isnan(days)
    if not known.any(axis=0).all():
        return np.empty(0)
    usual = np.array([np.median(days[known[:, day], day]) for day in range(7)])
    if not usual.mean() > 0:
        return np.empty(0)
    share = usual / usual.mean()
    told = days[:, share >= LEAST_SHARE] / share[share >= LEAST_SHARE]
    return np.asarray(told[~np.isnan(told)], dtype=np.float64)


def _means(used: Floats, length_h: int) -> Floats:
    """Return the means of stretches of so many hours up to the end, NaN where too little is known.

    A week's or a day's place in it is kept, for they are counted from the end.
    """
    parts = used[used.size % length_h :].reshape(-1, length_h)
    known = ~np.isnan(parts)
    count = known.sum(axis=1)
    totals = np.where(known, parts, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count >= ENOUGH * length_h, totals / count, np.nan)
