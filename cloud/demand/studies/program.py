# SPDX-License-Identifier: EUPL-1.2
"""The program that studies a series: it reads a question, writes JSON, and then it is over.

A study of ten years takes a minute and a gigabyte at times, which the cloud that asks has no part
in. What can't be told is an answer, too: ``{"refused": sentence}``.
"""

import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from cloud.demand.series import Hours
from cloud.demand.studies.additive import TooLittleHistoryError
from cloud.demand.studies.explain import Explanation, explain
from cloud.demand.studies.explain_told import told_of
from cloud.demand.studies.scenario import NoScenarioError, Scenario, scenarios
from cloud.demand.studies.what_if import BeyondHistoryError, Change, what_if
from cloud.demand.studies.wire import EXPLAIN, Question, read
from cloud.demand.told import plain
from cloud.kit.parents import end_with_parent

PATIENCE = 15  # nice(2): whoever waits for an answer to a live question goes first
# What may be asked of tomorrow: more than 15 °C off is no forecast's error but another season.
STEP_C, FARTHEST_C = 0.5, 15.0
MONTH_D, YEAR_D = 30, 365
# A season ends with these months. Source: ENTSOG's winter and summer outlooks, October to March.
SEASON_ENDS = (4, 10)
RARE = 10  # years: a cold day is told that comes once in so many
# A correlation between years: below it the day of most use is one of the coldest. 85 years show it
# by chance once in 400. Source: Fisher (1915), a standard error of 1/sqrt(n - 3).
COLD_BELOW = -0.3


def answer(asked: bytes) -> bytes:
    """Return the answer to a packed question, as JSON."""
    question = read(asked)
    try:
        told = _explained(question) if question.task == EXPLAIN else _may_come(question)
    except (TooLittleHistoryError, NoScenarioError) as error:
        told = {"refused": str(error)}
    return json.dumps(told).encode()


def _explained(question: Question) -> dict[str, Any]:
    """Return what explains a series, and what the last day of the weather would be if changed."""
    found = explain(question.usage, question.weather)
    hours = question.weather.hours
    day = np.flatnonzero(hours.day == hours.day[-1])
    tomorrow = hours.between(int(day[0]), hours.count)
    steps = np.arange(-FARTHEST_C, FARTHEST_C + STEP_C / 2, STEP_C)
    return {
        "explained": plain(told_of(found)),
        "day": tomorrow.dates()[0].isoformat(),
        "what_if": {delta_key(step): _changed(found, question, tomorrow, step) for step in steps},
    }


def delta_key(delta_c: float) -> str:
    """Return how a change of temperature is named among the answers."""
    return f"{delta_c + 0.0:.1f}"


def _changed(
    found: Explanation, question: Question, hours: Hours, delta_c: float
) -> dict[str, Any]:
    try:
        told = what_if(found, hours, question.weather, Change(temperature_delta_c=float(delta_c)))
    except BeyondHistoryError as error:
        return {"refused": str(error)}
    return {"p05": told.total_low, "p50": told.total, "p95": told.total_high}


def _may_come(question: Question) -> dict[str, Any]:
    """Return totals of spans from the end of the history on, and a cold day of one year in ten."""
    hours = question.usage.hours
    first = hours.between(hours.count, hours.count + 1).dates()[0]
    ends = {
        "month": first + timedelta(days=MONTH_D),
        "season": season_end(first),
        "year": first + timedelta(days=YEAR_D),
    }
    untils = [_midnight(day, hours) for day in ends.values()]
    found = scenarios(question.usage, question.weather, untils=untils, years=question.years)
    year = found[-1]
    spans = [
        {
            "kind": kind,
            "first_day": first.isoformat(),
            "last_day": (end - timedelta(days=1)).isoformat(),
            "total": _range(one),
        }
        for (kind, end), one in zip(ends.items(), found, strict=True)
    ]
    return {
        "weather_years": year.years,
        "spans": spans,
        "cold_day": _cold_day(year),
        "years_beyond_history_pct": year.beyond_pct,
        "notes": list(dict.fromkeys(note for one in found for note in one.notes)),
    }


def _range(found: Scenario) -> dict[str, float]:
    told = found.quantiles("totals")
    return {"p05": told[0.05], "p50": told[0.5], "p95": told[0.95]}


def _cold_day(found: Scenario) -> dict[str, float] | None:
    """Return the day of most use of one year in ten; None where cold isn't what brings it."""
    if found.years < RARE or not np.isfinite(found.coldest_c).all():
        return None
    of_year = [found.weather_year == year for year in np.unique(found.weather_year)]
    coldest, peaks = (
        [told[at].mean() for at in of_year] for told in (found.coldest_c, found.peak_days)
    )
    if not (np.ptp(coldest) and np.ptp(peaks)) or np.corrcoef(coldest, peaks)[0, 1] > COLD_BELOW:
        return None
    peak, cold = found.one_year_in("peak_days", RARE), found.one_year_in("coldest_c", RARE)
    return {
        "amount": peak.told,
        "low": peak.low,
        "high": peak.high,
        "temperature_c": cold.told,
    }


def season_end(first: date) -> date:
    """Return the day after the season that ``first`` is in, at least a month ahead of it."""
    soonest = first + timedelta(days=MONTH_D)
    ends = [date(first.year + more, month, 1) for more in (0, 1) for month in SEASON_ENDS]
    return next(end for end in ends if end >= soonest)


def _midnight(day: date, hours: Hours) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=hours.zone).astimezone(UTC)


if __name__ == "__main__":
    end_with_parent()
    os.nice(PATIENCE)
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))
