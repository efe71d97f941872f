# SPDX-License-Identifier: EUPL-1.2
"""How models fare after they were fitted: by day, against what their own check promised.

Hours of a day go together, so that a day is one observation: what share of its hours its range
held, and its error over that of the model's check. Only the model's own forecasts count; a range of
the way out promises something else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cloud.demand.issued.audits import Drift, told_of_days
from cloud.demand.runs.days import level_of
from cloud.demand.runs.repository import Run
from cloud.demand.series import Usage

# An e-CUSUM: each day stakes part of what was won on the range being at fault; who restarts at 1
# when it falls below passes c once in c days at most on average, so long as the mean of each day,
# given those before it, keeps to the band. Nothing is asked of how hours or days hang together.
# Source: Shin, Ramdas, Rinaldo, E-detectors: a nonparametric framework for sequential change
# detection, New England J. Statistics in Data Science 2 (2024), theorem 2.4; stakes after
# Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSS B 86
# (2024). The bands are our own; stakes and levels were chosen on drawn days (see the tests).
COVERAGE_BAND = (0.85, 0.95)  # nine hours of ten are promised
TOO_NARROW_STAKE, TOO_NARROW_FOUND = 1.5, 500.0
# A range that holds every hour of every day wins a twentieth a day: found after 80 days.
TOO_WIDE_STAKE, TOO_WIDE_FOUND = 1.0, 50.0
# The check knew the weather as it came, forecasts know it as it was forecast: some more is honest.
ERROR_BAND = 1.4
ERROR_STAKE, ERROR_FOUND = 0.5, 500.0
MOST_OF_A_DAY = 4.0  # so that a holiday that nobody told of is no drift
ENOUGH = 0.5  # of a day's hours
WEEK_DAYS = 7
WEEKS = 13


@dataclass(frozen=True, kw_only=True)
class DayFared:
    """A day of the newest forecast before it, if that was a model's.

    Attributes:
        coverage: the share of its known hours that the range held.
        error: mean absolute error of hours over the series' level of the weeks before, or over the
            day's own where that is higher, as when heating begins.
        check_error: what the model's own check told, over mean use; None where it had none.
        age_days: since the newest hour that the model had learnt from.
    """

    day: date
    coverage: float
    error: float
    check_error: float | None
    age_days: float


@dataclass(frozen=True, kw_only=True)
class WeekFared:
    """Seven days up to an audit; ``check_error_pct`` is that of the models that forecast them."""

    week_from: date
    days: int
    error_pct: float
    check_error_pct: float | None
    coverage90_pct: float
    model_age_days: float


@dataclass(frozen=True, kw_only=True)
class Training:
    """What is known of a model from its fit: how far it had learnt, in h since 1970, and its error.

    ``check_error`` is the check's mean absolute error a day ahead over mean use, None for none.
    """

    known_h: int
    check_error: float | None


def check_error_of(figures: Mapping[str, float | None] | None) -> float | None:
    """Return the error over mean use from a check's figures (MAE, RMSE and CVRMSE), if told."""
    mae, rmse, cvrmse_pct = ((figures or {}).get(name) for name in ("mae", "rmse", "cvrmse_pct"))
    if not mae or not rmse or not cvrmse_pct:
        return None
    return mae * cvrmse_pct / (100 * rmse)


def fared(runs: Sequence[Run], usage: Usage, models: Mapping[str, Training]) -> list[DayFared]:
    """Return the days that a model forecast, in order; ``usage`` is of one series."""
    found = []
    for day, first, last, run, told in told_of_days(runs, usage):
        model = models.get(run.model_version or "")
        used = usage.amounts[0, first:last]
        known = ~np.isnan(used)
        if model is None or run.fallback_reason is not None or known.mean() < ENOUGH:
            continue
        used = used[known]
        usual = level_of(usage.until(first))[0]
        over = max(0.0 if np.isnan(usual) else float(usual), float(np.abs(used).mean()))
        if not over > 0:
            continue  # a summer of zeros tells nothing of a heat model's errors
        low, middle, high = told[known].T
        found.append(
            DayFared(
                day=day,
                coverage=float(((low <= used) & (used <= high)).mean()),
                error=float(np.abs(used - middle).mean()) / over,
                check_error=model.check_error,
                age_days=(run.issued_at.timestamp() / 3600 - model.known_h) / 24,
            )
        )
    return found


def weeks(days: Sequence[DayFared], until: date) -> list[WeekFared]:
    """Return the last weeks before ``until``, the oldest first; those without a day left out."""
    found = []
    for back in range(WEEKS, 0, -1):
        first = until - timedelta(days=back * WEEK_DAYS)
        its = [one for one in days if first <= one.day < first + timedelta(days=WEEK_DAYS)]
        checks = [one.check_error for one in its if one.check_error is not None]
        if its:
            found.append(
                WeekFared(
                    week_from=first,
                    days=len(its),
                    error_pct=float(np.mean([one.error for one in its])) * 100,
                    check_error_pct=float(np.mean(checks)) * 100 if checks else None,
                    coverage90_pct=float(np.mean([one.coverage for one in its])) * 100,
                    model_age_days=float(np.mean([one.age_days for one in its])),
                )
            )
    return found


def coverage_drift(days: Sequence[DayFared]) -> Drift | None:
    """Return since when ranges hold too few hours (down) or too many (up); None where neither."""
    least, most = COVERAGE_BAND
    held = [(one.day, one.coverage) for one in days]
    return _first(
        _passed(
            held, lambda share: 1 + TOO_NARROW_STAKE * (least - share), TOO_NARROW_FOUND, "down"
        ),
        _passed(held, lambda share: 1 + TOO_WIDE_STAKE * (share - most), TOO_WIDE_FOUND, "up"),
    )


def error_drift(days: Sequence[DayFared]) -> Drift | None:
    """Return since when errors are above what the models' checks told, None where they aren't."""
    grown = [
        (one.day, min(one.error / one.check_error, MOST_OF_A_DAY))
        for one in days
        if one.check_error
    ]
    return _first(
        _passed(
            grown, lambda times: 1 + ERROR_STAKE * (times - ERROR_BAND), ERROR_FOUND, "up", "error"
        )
    )


def _passed(
    days: Sequence[tuple[date, float]],
    won: Callable[[float], float],
    found: float,
    direction: str,
    what: str = "coverage",
) -> Drift | None:
    held, began = 1.0, None
    for day, told in days:
        if held <= 1.0:
            held, began = 1.0, day
        held *= won(told)
        if held >= found and began is not None:
            return Drift(
                what=what, began_on=began, found_on=day, direction=direction, statistic=held
            )
    return None


def _first(*drifts: Drift | None) -> Drift | None:
    return min((one for one in drifts if one), key=lambda one: one.found_on, default=None)
