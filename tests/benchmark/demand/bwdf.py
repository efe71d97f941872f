# SPDX-License-Identifier: EUPL-1.2
"""``python -m tests.benchmark.demand.bwdf [--weeks | --history]``: the battle of water demands.

The Battle of Water Demand Forecasting: ten districts, a week ahead.

Prints the contest's indicators and how much of a week the 90 % range covered, ours beside the naive
model, plain boosting and what the best two of the contest's 31 teams had over its four weeks. First
for each contest week whose use the data folder tells; then for Mondays of the history, every eighth
of the last year, none a contest week: what is tuned is tuned there. ``--weeks`` and ``--history``
take one of the two. The last line is one JSON object.
Source of the indicators and of the teams' scores: Alvisi et al. (2025).
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cloud.demand.model import LEVELS, Forecaster, RangeForecaster
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.models.level import Level
from cloud.demand.models.naive import LastWeek
from cloud.demand.models.surprises import Surprises
from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage, Weather
from tests.benchmark.demand import ferrara
from tests.benchmark.demand.ferrara import Task
from tests.benchmark.demand.plain_boosting import PlainBoosting
from tests.benchmark.demand.spread import Spread
from tests.benchmark.demand.verdicts import Wanted, judge, show

USAGE = "python -m tests.benchmark.demand.bwdf [--weeks | --history]\n"
WANTED = (
    Wanted(figure="pi1", most=0.98),
    Wanted(figure="pi2", most=3.30),
    Wanted(figure="pi3", most=1.06),
    Wanted(figure="coverage_pct", least=87.0, most=93.0),
)
TEAMS = {  # over the four weeks of the contest
    "first team, 4 weeks": {"pi1": 0.985, "pi2": 3.303, "pi3": 1.128},
    "second team, 4 weeks": {"pi1": 1.035, "pi2": 3.523, "pi3": 1.103},
}
_HISTORY_WEEKS = 52
_EVERY_WEEKS = 8  # of the history: seven Mondays over the year
_MIDDLE = LEVELS.index(0.5)


@dataclass(frozen=True, kw_only=True)
class Indicators:
    """What the contest scores, in L/s, means over the districts.

    Attributes:
        pi1: mean absolute error of the first day; pi2: the largest one of it.
        pi3: mean absolute error of the days after.
        coverage_pct: share of hours inside the 90 % range; None without a range.
    """

    pi1: float
    pi2: float
    pi3: float
    coverage_pct: float | None


def indicators(came: Floats, told: Floats) -> Indicators:
    """Return the indicators of a week: ``told`` is (series, hours) or (series, hours, levels)."""
    middle = told[..., _MIDDLE] if told.ndim > came.ndim else told
    missed = np.abs(came - middle)
    first, rest = missed[:, :DAY_H], missed[:, DAY_H:]
    coverage = None
    if told.ndim > came.ndim:
        known = ~np.isnan(came)
        inside = (told[..., 0] <= came) & (came <= told[..., -1])
        coverage = float(inside[known].mean() * 100)
    some = ~np.isnan(first).all(axis=1)  # a district of which nothing is known isn't scored
    return Indicators(
        pi1=float(np.mean(np.nanmean(first[some], axis=1))),
        pi2=float(np.mean(np.nanmax(first[some], axis=1))),
        pi3=float(np.mean(np.nanmean(rest[~np.isnan(rest).all(axis=1)], axis=1))),
        coverage_pct=coverage,
    )


def _of_the_level() -> Spread:
    return Spread([Level, Surprises])


OURS = "Iskar"
MODELS: dict[str, Callable[[], Forecaster | RangeForecaster]] = {
    OURS: default_forecaster,
    "Iskar, by the level": _of_the_level,
    "Iskar, the level alone": Level,
    "plain boosting": PlainBoosting,
    "as last week": LastWeek,
}


def main(options: list[str]) -> int:
    """Run all of it; return the exit status."""
    if options not in ([], ["--weeks"], ["--history"]):
        sys.stderr.write(USAGE)
        return 2
    told = {}
    if options != ["--history"]:
        told["weeks"] = _measured("weeks of the contest", ferrara.tasks())
    if options != ["--weeks"]:
        told["history"] = _measured(f"every {_EVERY_WEEKS}th Monday before", _history())
    print(json.dumps(told))
    return 0


def _measured(title: str, tasks: list[Task]) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    rows: dict[str, dict[str, float | None]] = {}
    covered: list[tuple[str, float | None]] = []
    for name, make in MODELS.items():
        began_s, scores = time.process_time(), []
        for task in tasks:
            one = indicators(task.came, _forecast(make, task))
            scores.append(one)
            when = f"{task.known.hours.end.astimezone(ferrara.ZONE):%Y-%m-%d}"
            _say(name, when, one)
            if name == OURS:
                covered.append((when, one.coverage_pct))
        whole = _mean(scores)
        rows[name] = vars(whole) | {"cpu_s": time.process_time() - began_s}
        found[name] = {"all": vars(whole), "weeks": [vars(one) for one in scores]}
    show(f"{len(tasks)} {title}", rows | TEAMS, WANTED)
    judge(rows[OURS], WANTED, title)
    for when, coverage in covered:
        judge({"coverage_pct": coverage}, WANTED[-1:], when)
    return found


def _forecast(make: Callable[[], Forecaster | RangeForecaster], task: Task) -> Floats:
    """Return what a model that has learnt from the history alone forecasts of the week."""
    known, weather = task.known, task.weather
    model = make().fit(known, weather.over(known.hours))
    seen = weather.over(known.hours.between(0, known.hours.count + WEEK_H))
    return model.forecast(known, seen, WEEK_H)


def _history() -> list[Task]:
    """Return Mondays of the last year of the longest history, but for the contest's own weeks."""
    usage, weather = ferrara.longest()
    scored = {task.known.hours.end for task in ferrara.tasks()}
    hours = usage.hours
    mondays = np.flatnonzero((hours.weekday == 0) & (hours.hour_of_day == 0))
    mondays = mondays[mondays + WEEK_H <= hours.count][-_HISTORY_WEEKS:][::-_EVERY_WEEKS][::-1]
    return [_as_if(usage, weather, int(at)) for at in mondays if hours.at(int(at)) not in scored]


def _as_if(usage: Usage, weather: Weather, origin: int) -> Task:
    return Task(
        week=0,
        known=usage.until(origin),
        weather=weather.between(0, origin + WEEK_H),
        came=usage.between(origin, origin + WEEK_H).amounts,
    )


def _mean(scores: list[Indicators]) -> Indicators:
    covered = [one.coverage_pct for one in scores if one.coverage_pct is not None]
    return Indicators(
        pi1=float(np.mean([one.pi1 for one in scores])),
        pi2=float(np.mean([one.pi2 for one in scores])),
        pi3=float(np.mean([one.pi3 for one in scores])),
        coverage_pct=float(np.mean(covered)) if covered else None,
    )


def _say(name: str, when: str, one: Indicators) -> None:
    covered = "" if one.coverage_pct is None else f"{one.coverage_pct:5.1f}"
    print(f"{name:24}{when:>12}{one.pi1:7.3f}{one.pi2:7.3f}{one.pi3:7.3f} {covered:>6}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
