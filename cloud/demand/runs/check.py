# SPDX-License-Identifier: EUPL-1.2
"""A model's own walk-forward check: fitted without the last weeks, it forecasts them day by day.

What comes of it is kept with the model: its scores by how far ahead, beside the naive model's, and
what it missed days by, from which days' ranges are made.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cloud.demand.model import LEVELS, RangeForecaster
from cloud.demand.models.naive import LastWeek
from cloud.demand.runs.days import DayErrors, DayErrorsGathered
from cloud.demand.scores import MIDDLE, naive_error_of, overall, score
from cloud.demand.series import DAY_H, WEEK_H, Floats, Usage, Weather

CHECK_H = 4 * WEEK_H
# Hours ahead, by name: tomorrow, the rest of the week, the week after.
LEADS = {"day_1": (0, DAY_H), "days_2_7": (DAY_H, WEEK_H), "days_8_14": (WEEK_H, 2 * WEEK_H)}
# One forecast a day of few series, one a week of many: these make up for it.
SERIES_FOR_A_DAY = 20

Figures = dict[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Check:
    """Scores over all series and by series, each by lead; ``days`` where there were enough."""

    overall: dict[str, Figures]
    by_series: dict[str, dict[str, Figures]]
    days: DayErrors | None


def walk_forward(
    make: Callable[[], RangeForecaster], usage: Usage, weather: Weather, horizon_h: int
) -> Check | None:
    """Return how a model does in the last weeks of ``usage``; None where there is too little."""
    count = usage.hours.count
    first = count - CHECK_H
    early = usage.until(first)
    if first < CHECK_H or np.isnan(early.amounts).all():
        return None
    model = make().fit(early, weather.over(early.hours))
    gathered = DayErrorsGathered(usage.series_ids)
    pieces: dict[str, list[tuple[Floats, Floats, Floats]]] = {name: [] for name in LEADS}
    step_h = DAY_H * min(7, 1 + len(usage.series_ids) // SERIES_FOR_A_DAY)
    for origin in range(first, count - DAY_H + 1, step_h):
        ahead_h = min(horizon_h, count - origin)
        known = usage.until(origin)
        seen = weather.between(0, origin + ahead_h)
        told = model.forecast(known, seen, ahead_h)
        naive = LastWeek().forecast(known, seen, ahead_h)
        used = usage.between(origin, origin + ahead_h)
        gathered.add(known, told[:, :, MIDDLE], used)
        for name, (since, until) in LEADS.items():
            if since < ahead_h:
                ahead = slice(since, min(until, ahead_h))
                pieces[name].append((used.amounts[:, ahead], told[:, ahead], naive[:, ahead]))
    return _scored(early, pieces, gathered.told())


def _scored(
    early: Usage,
    pieces: dict[str, list[tuple[Floats, Floats, Floats]]],
    days: DayErrors | None,
) -> Check:
    by_series: dict[str, dict[str, Figures]] = {name: {} for name in early.series_ids}
    whole: dict[str, Figures] = {}
    errors = [naive_error_of(used) for used in early.amounts]
    for lead, parts in pieces.items():
        if not parts:
            continue
        used, told, naive = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        scores = [score(used[row], told[row], error) for row, error in enumerate(errors)]
        beside = [
            score(used[row], np.repeat(naive[row][:, None], len(LEVELS), axis=1), error)
            for row, error in enumerate(errors)
        ]
        for name, model, rival in zip(early.series_ids, scores, beside, strict=True):
            by_series[name][lead] = model.as_json() | {"naive_mae": rival.mae}
        whole[lead] = overall(scores).as_json() | {"naive_mase": overall(beside).mase}
    return Check(overall=whole, by_series=by_series, days=days)
