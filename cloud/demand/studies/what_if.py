# SPDX-License-Identifier: EUPL-1.2
"""What if it were warmer, wetter or a holiday: the difference to a forecast, with a range.

The difference is the explaining model's, which has no lags: recent use is held as it was, so what a
changed day does to the days after it through people's habits isn't told. The range is from
refitting without each block: how sure the response is, not how sure the day is.
Source: the jackknife after Quenouille (1956) and Tukey (1958).
"""

from dataclasses import dataclass, replace

import numpy as np

from cloud.demand.series import DAY_H, Floats, Hours, Weather
from cloud.demand.studies.additive import Additive
from cloud.demand.studies.explain import Explanation
from cloud.demand.studies.students import t_quantile
from cloud.demand.studies.terms import HOLIDAY, RAIN, TEMPERATURE

CONFIDENCE = 0.9  # p05 to p95, as everything that is forecast
MIN_HOLIDAYS = 5  # on working days, for a holiday to be told


class BeyondHistoryError(Exception):
    """What is asked has no example in the history; the message says what it saw."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is changed over all hours: nothing, unless said."""

    temperature_delta_c: float = 0.0
    precipitation_mm_per_h: float | None = None
    holiday: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Changed less unchanged, each (hours,), and the total of the hours; 90 % ranges."""

    hours: Hours
    told: Floats
    low: Floats
    high: Floats
    total: float
    total_low: float
    total_high: float


def what_if(found: Explanation, hours: Hours, weather: Weather, change: Change) -> Difference:
    """Return what a change of the weather over ``hours`` does to use.

    ``weather`` is what is expected, with some days before the hours.

    Raises:
        BeyondHistoryError: the history saw nothing like it, or shows no response to it.
    """
    model = found.model
    kept = {one.group for one in found.worths if one.kept}
    changed = dict(weather.columns)
    span = slice(max(0, weather.hours.index(hours.start)), max(0, weather.hours.index(hours.end)))
    if change.temperature_delta_c:
        _need(kept, TEMPERATURE, found.series_id)
        changed["temperature_c"] = _set(
            weather,
            "temperature_c",
            span,
            weather.get("temperature_c")[span] + change.temperature_delta_c,
        )
        _seen(model, hours, replace(weather, columns=changed))
    if change.precipitation_mm_per_h is not None:
        _need(kept, RAIN, found.series_id)
        highest = model.terms.wettest_mm
        if not 0 <= change.precipitation_mm_per_h <= highest:
            raise BeyondHistoryError(
                f"{change.precipitation_mm_per_h:g} mm in an hour lies beyond what the history of"
                f" {found.series_id} saw: up to {highest:g} mm."
            )
        changed["precipitation_mm"] = _set(
            weather, "precipitation_mm", span, change.precipitation_mm_per_h
        )
    if change.holiday is not None:
        _need(kept, HOLIDAY, found.series_id)
        if model.terms.holidays < MIN_HOLIDAYS:
            raise BeyondHistoryError(
                f"The history of {found.series_id} saw {model.terms.holidays} holidays on working"
                f" days; {MIN_HOLIDAYS} are the least."
            )
        changed["holiday"] = _set(weather, "holiday", span, float(change.holiday))
    before = model.standardised(hours, weather)
    after = model.standardised(hours, replace(weather, columns=changed))
    return _difference(model, hours, after - before)


def _difference(model: Additive, hours: Hours, moved: Floats) -> Difference:
    moved = np.nan_to_num(moved)
    told = moved @ model.coefficients[:-1]
    again = model.by_block[:, :-1] @ moved.T  # (blocks, hours)
    blocks = len(again)
    reach = t_quantile((1 + CONFIDENCE) / 2, blocks - 1)
    error = reach * _jackknife(again)
    total = float(told.sum())
    total_error = reach * float(_jackknife(again.sum(axis=1, keepdims=True))[0])
    return Difference(
        hours=hours,
        told=told,
        low=told - error,
        high=told + error,
        total=total,
        total_low=total - total_error,
        total_high=total + total_error,
    )


def _jackknife(again: Floats) -> Floats:
    """Return the standard error of each column from its fits without each block."""
    blocks = len(again)
    return np.asarray(np.sqrt((blocks - 1) * again.var(axis=0)))


def _need(kept: set[str], group: str, series_id: str) -> None:
    if group not in kept:
        raise BeyondHistoryError(
            f"The history of {series_id} shows no response to {group}, so there is none to tell."
        )


def _set(weather: Weather, name: str, span: slice, told: Floats | float) -> Floats:
    column = weather.get(name).copy()
    column[span] = told
    return column


def _seen(model: Additive, hours: Hours, changed: Weather) -> None:
    """Refuse temperatures, of an hour or a day's mean, that the history never had."""
    now = changed.over(hours).get("temperature_c")
    if np.isnan(now).any():
        raise BeyondHistoryError("The temperature of some of these hours is unknown.")
    days = [
        now[hours.day == day].mean()
        for day in np.unique(hours.day)
        if (hours.day == day).sum() >= DAY_H - 1
    ]
    for name, told, (low, high) in zip(
        ("an hour", "a day"), (now, np.array(days)), model.terms.seen_c, strict=True
    ):
        if told.size and (told.min() < low or told.max() > high):
            raise BeyondHistoryError(
                f"{told.min():.1f} to {told.max():.1f} °C in {name} lies beyond what the history"
                f" saw: {low:.1f} to {high:.1f} °C."
            )
