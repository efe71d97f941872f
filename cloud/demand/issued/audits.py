# SPDX-License-Identifier: EUPL-1.2
"""Audits: how forecasts came out, beside the naive model, and whether they drift.

Only what was issued counts, as it was issued, also where it fell back. An hour that was forecast
several times at a lead counts as often.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from cloud.demand.runs.check import LEADS
from cloud.demand.runs.days import level_of, whole_days
from cloud.demand.runs.repository import Run
from cloud.demand.scores import MIDDLE, score
from cloud.demand.series import WEEK_H, Floats, Ints, Usage

WINDOWS_DAYS = (7, 28, 90)
# Source: Page (1954); Montgomery, Introduction to Statistical Quality Control, chapter 9: with
# k = 0.5 and h = 5 a steady series raises one false alarm in 465 observations, here days, and a
# lasting shift by one standard deviation is found after 10.
REFERENCE_K = 0.5
DECISION_H = 5.0
# One odd day, a holiday that nobody told of, mustn't raise an alarm by itself.
MOST_OF_A_DAY = 3.0
EPOCH_DAY = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Audited:
    """How forecasts of a series came out at a lead in the days before; None where none did."""

    window_days: int
    lead: str
    hours: int
    mae: float | None
    mape_pct: float | None
    bias_pct: float | None
    pinball_pct: float | None
    coverage90_pct: float | None
    width90_pct: float | None
    naive_mae: float | None
    fallback_pct: float


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A lasting change that the forecasts don't follow.

    ``what``: use is above (up) or below (down) what was forecast; errors are above what the model's
    check told (error, up); ranges hold too few hours (coverage, down) or too many (up).
    """

    what: str  # use, error or coverage
    began_on: date
    found_on: date
    direction: str  # up or down
    statistic: float


def audited(runs: Sequence[Run], usage: Usage, until: datetime) -> list[Audited]:
    """Return the figures of one series by window and lead, of hours before ``until``.

    ``usage`` reaches back two weeks beyond the first forecast, for the naive model.
    """
    if not runs:
        return []
    used = usage.amounts[0]
    hours = max(len(one.quantiles) for one in runs)
    lead = np.arange(hours)
    first = np.array([usage.hours.index(one.issued_at) for one in runs])
    at: Ints = first[:, None] + lead[None, :]
    told = np.full((*at.shape, 3), np.nan)
    for row, one in enumerate(runs):
        told[row, : len(one.quantiles)] = one.quantiles
    actual = _at(used, at)
    naive = _at(used, at - (lead // WEEK_H + 1)[None, :] * WEEK_H)
    is_fallback = np.array([one.fallback_reason is not None for one in runs])
    end = usage.hours.index(until)
    return [
        _figures(days, name, actual[rows, ahead], told[rows, ahead], naive[rows, ahead], fallbacks)
        for days in WINDOWS_DAYS
        for name, (since, before) in LEADS.items()
        if since < hours
        for ahead in [slice(since, min(before, hours))]
        for rows, fallbacks in [_in_window(at, ahead, end - days * 24, end, is_fallback)]
    ]


def _at(used: Floats, at: Ints) -> Floats:
    inside = (at >= 0) & (at < len(used))
    return np.where(inside, used[np.clip(at, 0, len(used) - 1)], np.nan)


def _in_window(
    at: Ints,
    ahead: slice,
    first: int,
    end: int,
    is_fallback: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> tuple[Ints, float]:
    """Return the forecasts with an hour of this lead in the window, and how many fell back, in %.

    Whole stretches of a lead count where they end in the window, so that a week of errors isn't
    cut by hand.
    """
    last = at[:, ahead][:, -1]
    rows = np.flatnonzero((last >= first) & (last < end))
    return rows, float(is_fallback[rows].mean() * 100) if rows.size else 0.0


def _figures(
    days: int, lead: str, actual: Floats, told: Floats, naive: Floats, fallback_pct: float
) -> Audited:
    actual, told, naive = actual.ravel(), told.reshape(-1, 3), naive.ravel()
    figures = score(actual, told, None)
    known = ~np.isnan(actual) & ~np.isnan(told).any(axis=1)
    mean = float(np.abs(actual[known]).mean()) if known.any() else 0.0
    rival = np.abs(actual - naive)[known]
    rival = rival[~np.isnan(rival)]
    return Audited(
        window_days=days,
        lead=lead,
        hours=figures.hours,
        mae=figures.mae,
        mape_pct=figures.mape_pct,
        bias_pct=float((told[known, 1] - actual[known]).mean()) / mean * 100 if mean else None,
        pinball_pct=figures.pinball_pct,
        coverage90_pct=figures.coverage90_pct,
        width90_pct=figures.width90_pct,
        naive_mae=float(rival.mean()) if rival.size else None,
        fallback_pct=fallback_pct,
    )


def told_of_days(runs: Sequence[Run], usage: Usage) -> Iterator[tuple[date, int, int, Run, Floats]]:
    """Yield each whole local day, its hours [first, last), and the newest forecast before it.

    The last is (hours, levels) of that day; days that it doesn't reach the end of are left out.
    """
    issued = np.array([usage.hours.index(one.issued_at) for one in runs])
    for first, last in whole_days(usage.hours):
        before = np.flatnonzero(issued <= first)
        if not before.size:
            continue
        run = runs[int(before[np.argmax(issued[before])])]
        lead = first - usage.hours.index(run.issued_at)
        told = run.quantiles[lead : lead + last - first]
        if len(told) == last - first:
            day = EPOCH_DAY + timedelta(days=int(usage.hours.day[first]))
            yield day, first, last, run, told


def day_errors(runs: Sequence[Run], usage: Usage) -> dict[date, float]:
    """Return what the newest forecast before each local day missed its sum by, over the level.

    Positive where more was used. Days that are not known in full are left out, and those of the
    naive model, whose errors say nothing of ours.
    """
    found: dict[date, float] = {}
    for day, first, last, run, told in told_of_days(runs, usage):
        if run.fallback_reason is not None:
            continue
        level = level_of(usage.until(first))[0]
        error = (usage.amounts[0, first:last].sum() - told[:, MIDDLE].sum()) / level
        if np.isfinite(error):
            found[day] = float(error)
    return found


def drift(errors: dict[date, float], bias: float, spread: float) -> Drift | None:
    """Return the first drift in days' errors, by a two-sided CUSUM; None where there is none.

    ``bias`` and ``spread`` are those of the model's own check: what it missed days by when it was
    fitted is no drift.
    """
    if not spread > 0:
        return None
    above = below = 0.0
    began: dict[str, date | None] = {"up": None, "down": None}
    for day in sorted(errors):
        step = min(max((errors[day] - bias) / spread, -MOST_OF_A_DAY), MOST_OF_A_DAY)
        above, below = max(0.0, above + step - REFERENCE_K), max(0.0, below - step - REFERENCE_K)
        for direction, reached in (("up", above), ("down", below)):
            since = began[direction] if reached else None
            began[direction] = (since or day) if reached else None
            if reached > DECISION_H:
                return Drift(
                    what="use",
                    began_on=since or day,
                    found_on=day,
                    direction=direction,
                    statistic=reached,
                )
    return None
