# SPDX-License-Identifier: EUPL-1.2
"""From some day on, a meter's use is many times what it was, or a fraction of it.

A pulse weight, a unit or a transformer ratio was changed, or a decimal point moved. Method: each
day is described by its low, middle, high and highest use. A candidate is a day from which all four
are higher, or all lower, than on the 14 days before. It is confirmed by comparing the days after it
with the same season of the year before: all four must differ by about the same factor, 2.5 at
least, on most days, and clearly more than this meter's years differ otherwise. That is what tells
it from a heating season, a shutdown, holidays or a new tenant. With less than a year of data, the
hours' distribution after the break must be that of before, multiplied, and lie outside of all that
was seen before.

Source: the comparison with the same season is that of ASHRAE Guideline 14 for baselines; thresholds
were set on public data of university buildings and homes, where nothing but true breaks passes.
Limits: a break while the meter sleeps (gas in summer) is dated by its awakening; one in the first
two weeks or the last one can't be seen; a factor under 2.5 is left to people.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cloud.validation.days import SEASON_D, YEAR_D, Days, Floats, least
from cloud.validation.finding import Finding, Severity, found, utc
from cloud.validation.rules import Rule
from cloud.validation.series import DAY_S, Integers, Mask, UsageSeries

BEFORE_D, AFTER_D = 14, 7
MIN_FACTOR = 2.5
MIN_STEP = np.log(2.0)
MAX_CANDIDATES = 12
MAX_BREAKS = 4

# How sure is sure: on this share of the days after it the shift is at least half of the break's,
# the break is so many times what the meter's years differ by otherwise, and lasts for some days.
SURE_ENOUGH = ((0.60, 2.5, AFTER_D), (0.85, 1.3, 56))
LASTING_SHARE, LASTING_D = 0.85, 180
SURE_D = 56  # days that show it; until then it is a warning
WHOLE_YEAR_D = YEAR_D - SEASON_D
MAX_SPREAD = 0.5  # of the four shifts, relative to the break
YEAR_BLOCK_D = 28  # over so many days other years are compared
UNSURE_MIN_FACTOR = 8.0  # where it isn't known what they differ by

# With little more than a year at most there is no year before.
SHORT_HISTORY_D = 400
SHORT_MIN_FACTOR = 4.0
SHORT_DAYS = 56
SHORT_OUTSIDE = 0.75  # of the days after lie beyond all days before
SHORT_DISTANCE = 0.3  # Kolmogorov-Smirnov, of the hours' logs once the break is taken out

KNOWN_FACTORS = (
    (3.6, "kWh and MJ"),
    (3.785, "US gallons and litres"),
    (10.0, "a decimal place"),
    (28.317, "cubic feet and litres"),
    (35.315, "cubic metres and cubic feet"),
    (100.0, "two decimal places"),
    (264.17, "cubic metres and US gallons"),
    (1000.0, "a thousand, such as l and m³ or Wh and kWh"),
)
NEAR = 1.12


@dataclass(frozen=True, kw_only=True)
class _Break:
    place: int  # in the awake days
    shift: float  # log of the factor
    days: int  # that show it
    own: float | None  # log of what years differ by otherwise
    step: float  # log of the step from the days before to those after
    score: float  # the clearest is taken first


@dataclass(frozen=True, kw_only=True)
class _Shift:
    """A candidate whose days differ from the year before."""

    place: int
    shift: float  # log of the factor
    size: float  # of the least of the four shifts
    share: float  # of the days that show half of it at least
    days: int
    step: float


def check(series: UsageSeries) -> Iterator[Finding]:
    """Find changes of unit or scale."""
    series = series.measured
    if not 0 < series.step_s <= DAY_S:
        return
    days = Days.of(series)
    for one in _breaks(series, days):
        yield _finding(series, int(days.number[one.place]) * DAY_S, one)


def _breaks(series: UsageSeries, days: Days) -> list[_Break]:
    """Return the breaks in order of time; each is taken out before the next is looked for."""
    known: list[_Break] = []
    while len(known) < MAX_BREAKS:
        one = _clearest(series, days)
        if one is None:
            break
        known.append(one)
        days = days.shifted(one.place, -one.shift)
    return sorted(known, key=lambda one: one.place)


def _clearest(series: UsageSeries, days: Days) -> _Break | None:
    steps = days.step(BEFORE_D, AFTER_D)
    places = _candidates(days, steps)
    if not places:
        return None
    yearly = days.against_last_year()
    shifts = [one for place in places if (one := _shift(days, steps, yearly, place)) is not None]
    seen = [_confirmed(days, yearly, one, shifts) for one in shifts]
    if days.number[-1] - days.number[0] < SHORT_HISTORY_D:
        seen += [_short(series, days, place) for place in places]
    return max((one for one in seen if one), key=lambda one: one.score, default=None)


def _candidates(days: Days, steps: Floats) -> list[int]:
    """Return the days at which all of the day's levels step the same way, largest steps first."""
    size = np.abs(least(steps))
    places: list[int] = []
    while len(places) < MAX_CANDIDATES and len(size) and size.max() >= MIN_STEP:
        place = int(size.argmax())
        size[max(0, place - AFTER_D) : place + AFTER_D] = 0
        places.append(_sharpened(days, place))
    return places


def _sharpened(days: Days, place: int) -> int:
    """Return the place nearby that parts the days before and after best."""
    low, high = max(0, place - BEFORE_D), min(len(days), place + BEFORE_D)
    level = days.level[low:high]
    left = np.abs(level - np.median(days.level[low:place], axis=0)).sum(axis=1)
    right = np.abs(level - np.median(days.level[place:high], axis=0)).sum(axis=1)
    cost = (
        np.concatenate(([0], np.cumsum(left)))
        + right.sum()
        - np.concatenate(([0], np.cumsum(right)))
    )
    return low + 1 + int(np.argmin(cost[1:-1]))


def _shift(days: Days, steps: Floats, yearly: Floats, place: int) -> _Shift | None:
    """Compare what follows a candidate with the year before; None if all is much as it was."""
    known = ~np.isnan(yearly[:, 0])
    after = known & _within_a_year(days, place, WHOLE_YEAR_D)
    if after.sum() < AFTER_D:
        return None
    shifts = np.median(yearly[after], axis=0)
    weakest = float(least(shifts[None])[0])
    size = abs(weakest)
    if size < np.log(MIN_FACTOR) or np.ptp(shifts) > MAX_SPREAD * size:
        return None
    step = float(np.median(steps[place]))
    if step * np.sign(weakest) < size / 2:
        return None
    toward = yearly[after][:, 1:3] * np.sign(weakest)
    return _Shift(
        place=place,
        shift=float(np.median(shifts)),
        size=size,
        share=float((toward > size / 2).all(axis=1).mean()),
        days=int(after.sum()),
        step=step,
    )


def _within_a_year(days: Days, place: int, year_d: int) -> Mask:
    since = days.number - days.number[place]
    within: Mask = (since >= 0) & (since < year_d)
    return within


def _confirmed(days: Days, yearly: Floats, one: _Shift, others: Sequence[_Shift]) -> _Break | None:
    """Return the shift as a break if this meter's years don't differ so much otherwise.

    The year after another shift as lasting as this one is no measure of that.
    """
    elsewhere = ~np.isnan(yearly[:, 0])
    for other in others:
        if other is one or (other.share >= LASTING_SHARE and other.days >= LASTING_D):
            elsewhere &= ~_within_a_year(days, other.place, YEAR_D + SEASON_D)
    own = _own_variation(yearly[elsewhere], one.days)
    if own is None and one.size < np.log(UNSURE_MIN_FACTOR):
        return None
    if not any(
        one.share >= share and one.days >= least_d and one.size >= margin * (own or 0.0)
        for share, margin, least_d in SURE_ENOUGH
    ):
        return None
    return _Break(
        place=one.place,
        shift=one.shift,
        days=one.days,
        own=own,
        step=one.step,
        score=one.size * one.share,
    )


def _own_variation(yearly: Floats, length_d: int) -> float | None:
    """Return by how much this meter's years differ otherwise over so many days, None if unknown."""
    block = min(length_d, YEAR_BLOCK_D)
    if len(yearly) < 2 * block:
        return None
    medians = np.median(np.lib.stride_tricks.sliding_window_view(yearly, block, axis=0), axis=-1)
    return float(np.quantile(np.abs(least(medians)), 0.95))


def _short(series: UsageSeries, days: Days, place: int) -> _Break | None:
    """Judge a candidate without a year to compare with."""
    before, after = days.level[:place], days.level[place:]
    if len(before) < BEFORE_D or len(after) < BEFORE_D:
        return None
    shifts = np.median(after[:SHORT_DAYS], axis=0) - np.median(before[-SHORT_DAYS:], axis=0)
    shift = float(np.median(shifts))
    if abs(least(shifts[None])[0]) < np.log(SHORT_MIN_FACTOR):
        return None
    toward = np.sign(shift)
    beyond = after[:, 1] * toward > (before[:, 1] * toward).max()
    if beyond.mean() < SHORT_OUTSIDE:
        return None
    at_s = int(days.number[place]) * DAY_S
    old = series.usage[(series.start_s >= at_s - SHORT_DAYS * DAY_S) & (series.start_s < at_s)]
    new = series.usage[(series.start_s >= at_s) & (series.start_s < at_s + SHORT_DAYS * DAY_S)]
    if _distance(old, new, shift) > SHORT_DISTANCE:
        return None
    return _Break(
        place=place, shift=shift, days=len(after), own=None, step=shift, score=abs(shift) / 2
    )


def _distance(old: Integers, new: Integers, shift: float) -> float:
    """Return how far the distributions of use are apart once ``shift`` is taken out, 0 to 1."""
    if not (old > 0).any() or not (new > 0).any():
        return 1.0
    old_log, new_log = np.sort(np.log(old[old > 0])), np.sort(np.log(new[new > 0])) - shift
    at = np.concatenate((old_log, new_log))
    below = np.searchsorted(old_log, at, "right") / len(old_log)
    apart = np.abs(below - np.searchsorted(new_log, at, "right") / len(new_log)).max()
    used = abs(float((old > 0).mean()) - float((new > 0).mean()))
    return float(max(apart, used))


def smallest_step(usage: Integers) -> int:
    """Return the usual distance between neighbouring small amounts: the meter's resolution."""
    distinct = np.unique(usage[usage > 0])[:12]
    return int(np.median(np.diff(distinct))) if len(distinct) > 2 else 0


def _finding(series: UsageSeries, at_s: int, one: _Break) -> Finding:
    about = series.about
    factor = float(np.exp(abs(one.shift)))
    said = f"{factor:.1f} times" if one.shift > 0 else f"1/{factor:.1f} of"
    span = 90 * DAY_S
    old = smallest_step(series.usage[(series.start_s < at_s) & (series.start_s >= at_s - span)])
    new = smallest_step(series.usage[(series.start_s >= at_s) & (series.start_s < at_s + span)])
    meaning = [name for known, name in KNOWN_FACTORS if 1 / NEAR < factor / known < NEAR]
    first = (
        f"From {utc(at_s):%Y-%m-%d} on the meter shows about {said} what it showed before, in its"
        f" low hours as in its high ones, on {one.days} days since"
    )
    parts = [first]
    if one.own is not None:
        parts.append(
            f", compared with the same season a year before; otherwise its years differ by"
            f" {np.exp(one.own):.1f} times at most"
        )
    parts.append(".")
    if old and new and not 0.5 <= new / old <= 2:
        parts.append(
            f" The smallest step it shows went from {about.amount(old)} to {about.amount(new)}."
        )
    if meaning:
        parts.append(f" The factor is near that between {meaning[0]}.")
    parts.append(" Look for a changed unit, pulse weight or transformer ratio.")
    return found(
        RULE.name,
        about,
        at_s,
        None,
        Severity.ERROR if one.own is not None and one.days >= SURE_D else Severity.WARNING,
        "".join(parts),
        factor=round(float(np.exp(one.shift)), 5),
        days_compared=one.days,
        own_yearly_factor=None if one.own is None else round(float(np.exp(one.own)), 3),
        step_at_the_day=round(float(np.exp(one.step)), 5),
        smallest_step_before=about.in_unit(old),
        smallest_step_after=about.in_unit(new),
        near=meaning[0] if meaning else None,
    )


RULE = Rule(name="unit_break", history=check, needs_days=BEFORE_D + AFTER_D)
