# SPDX-License-Identifier: EUPL-1.2
"""Peers: the intervals that one interval is fairly compared with."""

from collections.abc import Iterator

import numpy as np

from cloud.validation.finding import Finding, Severity, found, stamp
from cloud.validation.series import DAY_S, Integers, UsageSeries

HIGH, LOW = 1, -1

MIN_INTERVALS = 500
NEAR = range(2, 25)  # intervals on either side; the next one may share a spike
WEEKS = range(1, 4)
WEEK_S = 7 * DAY_S
USUAL_QUANTILE = 0.999
MARGIN = 3.0
BEYOND = 1.5  # times what the meter does in one interval of a thousand, at any season
MONSTROUS = 8.0  # times that, and it is a spike whatever is around it
MAX_SPARSE = 50  # places for each interval; a series with more gaps than that has no peers
MIN_STEPS = 5  # of the meter's resolution; below, a ratio means nothing


def outstanding(series: UsageSeries, side: int) -> Iterator[tuple[int, int, float]]:
    """Return each interval far beyond its peers: its place, their extreme, the ratio allowed.

    Peers are the intervals up to a day around it and those a whole number of weeks away. HIGH: it
    is above the highest of them; LOW: it is in use, but below the lowest.
    """
    series = series.measured
    if len(series) < MIN_INTERVALS or not 0 < series.step_s <= DAY_S:
        return
    step_s = series.step_s
    place = (series.start_s - series.start_s[0]) // step_s
    used = series.usage[series.usage > 0]
    if not len(used) or place[-1] > MAX_SPARSE * len(series):
        return
    extreme = _extreme(place, series.usage, _shifts(step_s), side)
    known = (extreme > 0) & (series.usage > 0)
    ratio = np.ones(len(series))
    ratio[known] = series.usage[known] / extreme[known]
    if side == LOW:
        ratio = 1 / ratio
    usual = float(np.quantile(ratio[known], USUAL_QUANTILE)) if known.any() else 1.0
    limit = MARGIN * max(1.0, usual)
    larger = series.usage if side == HIGH else extreme
    is_far = (ratio > limit) & (larger >= MIN_STEPS * int(used.min()))
    if side == HIGH:
        most = float(np.quantile(used, USUAL_QUANTILE))
        is_far &= series.usage > BEYOND * most
        is_far |= series.usage > MONSTROUS * most
        extreme = np.maximum(extreme, int(most))
    else:
        is_far &= series.usage < float(np.quantile(used, 1 - USUAL_QUANTILE)) / BEYOND
    for one in np.flatnonzero(is_far).tolist():
        yield one, int(extreme[one]), limit


def _shifts(step_s: int) -> list[int]:
    near = [shift for shift in NEAR if shift * step_s <= max(DAY_S, 7 * step_s)]
    weekly = [weeks * WEEK_S // step_s for weeks in WEEKS] if WEEK_S % step_s == 0 else []
    return sorted({sign * shift for shift in (*near, *weekly) for sign in (1, -1)})


def _extreme(place: Integers, usage: Integers, shifts: list[int], side: int) -> Integers:
    """Return the highest, or lowest, usage among the peers of each interval; 0 without peers."""
    worst = -1 if side == HIGH else np.iinfo(np.int64).max
    margin = max(map(abs, shifts))
    grid = np.full(int(place[-1]) + 1 + 2 * margin, worst)
    grid[place + margin] = usage
    inside = grid[margin : len(grid) - margin]
    extreme = np.full(len(inside), worst)
    pick = np.maximum if side == HIGH else np.minimum
    for shift in shifts:
        pick(extreme, grid[margin + shift : margin + shift + len(inside)], out=extreme)
    return np.where(extreme == worst, 0, extreme)[place]


def outstanding_usage(rule: str, series: UsageSeries, side: int) -> Iterator[Finding]:
    """Return a finding for each interval far beyond its peers."""
    about = series.about
    for place, peers, limit in outstanding(series, side):
        used, at_s = int(series.usage[place]), int(series.start_s[place])
        times = used / peers if side == HIGH else peers / used
        more, against = "less", "the lowest of the day around it and of that hour in other weeks"
        if side == HIGH:
            more = "more"
            against = "is usual at most, around it, at that hour of other weeks or ever"
        yield found(
            rule,
            about,
            at_s,
            at_s + int(series.length_s[place]),
            Severity.WARNING,
            f"{about.amount(used)} from {stamp(at_s)} is {times:.1f} times {more} than {against}"
            f" ({about.amount(peers)}).",
            usage=about.in_unit(used),
            peers=about.in_unit(peers),
            threshold=round(limit, 2),
            row=int(series.row[place]),
        )
