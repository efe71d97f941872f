# SPDX-License-Identifier: EUPL-1.2
"""The peak of a day that is forecast: how high, in which hour, by what was issued before.

The range is the day's own, as it was issued, and a limit's probability the one that letters tell:
two answers to one question would be one too many. Only where a day has no range of its own is it
made of paths through the day; they also tell which hour is the highest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from cloud.demand.issued.limits import DAY_PEAK, Outlook, outlooks
from cloud.demand.runs.repository import Run
from cloud.demand.series import DAY_H, Floats, Hours, Usage
from cloud.demand.studies.peak import MIN_DAYS, errors_of, paths, peak_of

EPOCH_DAY = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class DayPeak:
    """The peak of a day.

    Attributes:
        quantiles: at LEVELS; without a range only the middle counts.
        by_hour: with what probability each hour is the highest; empty where too few days tell.
        days: past days whose forecasts told that.
    """

    day: date
    quantiles: Floats
    has_range: bool
    by_hour: Mapping[datetime, float]
    days: int


def peak_of_day(run: Run, before: Sequence[Run], used: Usage, day: date) -> DayPeak | None:
    """Return the peak of a whole local day ahead, None if ``run`` doesn't reach over it.

    ``before`` are earlier forecasts of the series, ``used`` is what came, in the zone of days.
    """
    told = next((one for one in outlooks(run, DAY_PEAK, 0.0) if one.day == day), None)
    if told is None:
        return None
    hours, quantiles = of_day(run, used.hours, day)
    forecasts, came = _past(run, before, used, day)
    errors = errors_of(came, forecasts) if len(came) else np.empty((0, DAY_H))
    if len(errors) < MIN_DAYS:
        return _without_hours(told, len(errors))
    errors = errors[:, hours.hour_of_day]  # also where clocks are put back: one hour twice
    by_hour = np.bincount(paths(quantiles, errors).argmax(axis=1), minlength=hours.count)
    ranged = np.array([told.p05, told.p50, told.p95])
    if not told.is_calibrated:
        ranged = peak_of(quantiles, errors, _levels(forecasts, came)).quantiles
    return DayPeak(
        day=day,
        quantiles=ranged,
        has_range=True,
        by_hour={
            hours.at(at): float(share) for at, share in enumerate(by_hour / max(1, by_hour.sum()))
        },
        days=len(errors),
    )


def of_day(run: Run, like: Hours, day: date) -> tuple[Hours, Floats]:
    """Return the hours of a local day that a forecast reaches over, and their quantiles."""
    ahead = Hours(start=run.issued_at.astimezone(UTC), count=len(run.quantiles), zone=like.zone)
    at = np.flatnonzero(ahead.day == (day - EPOCH_DAY).days)
    if not at.size:
        return ahead.between(0, 0), run.quantiles[:0]
    return ahead.between(int(at[0]), int(at[-1]) + 1), run.quantiles[at]


def _without_hours(told: Outlook, days: int) -> DayPeak:
    return DayPeak(
        day=told.day,
        quantiles=np.array([told.p05, told.p50, told.p95]),
        has_range=told.is_calibrated,
        by_hour={},
        days=days,
    )


def _past(run: Run, before: Sequence[Run], used: Usage, day: date) -> tuple[Floats, Floats]:
    """Return forecasts (days, 24, levels) and use (days, 24) of past days, as of their evenings.

    Only by what makes forecasts now: what the naive model misses tells nothing of another's.
    """
    last: dict[int, Run] = {}
    for one in sorted(before, key=lambda one: one.issued_at):
        if (one.fallback_reason is None) == (run.fallback_reason is None):
            of = Hours(start=one.issued_at.astimezone(UTC), count=1, zone=used.hours.zone)
            # the day after the one that it was issued on; a forecast of midnight is of its own day
            last[int(of.day[0]) + int(of.hour_of_day[0] > 0)] = one
    forecasts, came = [], []
    for number, one in last.items():
        hours, quantiles = of_day(one, used.hours, EPOCH_DAY + timedelta(days=number))
        known = used.between(first := used.hours.index(hours.start), first + hours.count).amounts[0]
        whole = hours.count == DAY_H and hours.hour_of_day[0] == 0
        if number < (day - EPOCH_DAY).days and whole and not np.isnan(known).any():
            forecasts.append(quantiles)
            came.append(known)
    if not came:
        return np.empty((0, DAY_H, 3)), np.empty((0, DAY_H))
    return np.array(forecasts), np.array(came)


def _levels(forecasts: Floats, came: Floats) -> Floats:
    """Return at which level of its own paths each past day's peak came, told without that day."""
    told = []
    for at in range(len(came)):
        others = np.arange(len(came)) != at
        errors = errors_of(came[others], forecasts[others])
        if len(errors) >= MIN_DAYS:
            told.append(peak_of(forecasts[at], errors).level_of(float(came[at].max())))
    return np.array(told)
