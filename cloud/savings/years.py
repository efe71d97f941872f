# SPDX-License-Identifier: EUPL-1.2
"""Years: twelve months beside the twelve before, and what of the difference the weather explains.

A baseline learns from the year before how use followed temperature and calendar. What it expects
in the weather of the year after, less what was used in the year before, is the weather's part; what
was used, less what it expects, is the rest: habits, people, appliances, leaks. Both add up to the
difference.
Source: IPMVP core concepts, option C (routine adjustments for weather).
Limits: what changed for other reasons at the same time as the weather can't be told from it.
"""

from dataclasses import dataclass, replace

import numpy as np

from cloud.demand.baselines.baseline import Baseline, fit_baseline
from cloud.demand.baselines.savings import Total, savings
from cloud.demand.model import LEVELS
from cloud.demand.series import Floats, Hours, Weather
from cloud.savings.kinds import NotCompared

# By what share a model may miss a year of another weather though nothing changed (standard
# deviation). Our own choice, rather too wide: days left out within a year can't tell it.
MODEL_ERROR = 0.02
MIN_COVERAGE = 0.9  # CalTRACK 2.2 asks for 90 % of a year's days


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Two years of use in the reading type's unit, and why they differ; nine of ten in each range.

    ``by_weather`` is None where use doesn't follow temperature: then all of it is the rest.
    """

    before: float
    now: float
    by_weather: Total | None
    by_rest: Total

    @property
    def is_certain(self) -> bool:
        """Tell whether the rest is surely more, or surely less, than nothing."""
        return self.by_rest.low > 0 or self.by_rest.high < 0


def compared(amounts: Floats, hours: Hours, weather: Weather, split: int) -> Compared | NotCompared:
    """Return the years before and from hour ``split`` on, or why they can't be compared.

    Args:
        amounts: (hours,), NaN where unknown.
        weather: observed, NaN where unknown: guesses would explain nothing.
    """
    spans = (0, split), (split, hours.count)
    for first, last in spans:
        if not _is_covered(amounts[first:last]):
            return "too_little_history"
        if not _is_covered(weather.over(hours.between(first, last)).get("temperature_c")):
            return "no_weather"
    earlier, later = (hours.between(*span) for span in spans)
    baseline = _without_drift(fit_baseline(amounts[:split], earlier, weather))
    saved = savings(baseline, weather, amounts[split:], later)
    if saved is None or baseline.facts.points is None:
        return "too_little_history"
    before = _filled(baseline, amounts[:split], weather, earlier)
    now = _filled(baseline, amounts[split:], weather, later)
    below = saved.expected.middle - saved.expected.low
    above = saved.expected.high - saved.expected.middle
    points = baseline.facts.points
    if points.heats_below_c is None and points.cools_above_c is None:
        return Compared(
            before=before, now=now, by_weather=None, by_rest=_around(now - before, above, below)
        )
    rest = -saved.saved.middle
    by_weather = now - rest - before
    return Compared(
        before=before,
        now=now,
        by_weather=_around(by_weather, below, above),
        by_rest=_around(rest, above, below),
    )


def _is_covered(column: Floats) -> bool:
    return bool(column.size) and float(np.isfinite(column).mean()) >= MIN_COVERAGE


def _without_drift(baseline: Baseline) -> Baseline:
    """Return it with ranges of the weather's part alone.

    A building's own drift is no doubt about the weather: it is what the rest is made of.
    """
    return replace(baseline, facts=replace(baseline.facts, drift=MODEL_ERROR))


def _filled(baseline: Baseline, amounts: Floats, weather: Weather, hours: Hours) -> float:
    """Return a year's use, hours that aren't known as the baseline expects them."""
    expected = baseline.predict(weather, hours).by_hour[:, LEVELS.index(0.5)]
    return float(np.where(np.isnan(amounts), expected, amounts).sum())


def _around(middle: float, below: float, above: float) -> Total:
    return Total(low=middle - below, middle=middle, high=middle + above)
