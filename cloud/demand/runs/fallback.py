# SPDX-License-Identifier: EUPL-1.2
"""The way out: when the model's forecast can't be had or believed, as a week ago, with wide ranges.

Which of the reasons it was is kept with the forecast and told to whoever reads it.
"""

import numpy as np

from cloud.demand.model import LEVELS
from cloud.demand.models.naive import LastWeek
from cloud.demand.series import WEEK_H, Floats, Usage, Weather

TOO_LITTLE = "too_little_history"
STALE = "stale_usage"
NO_WEATHER = "no_weather"
NO_MODEL = "no_model"
FAILED = "model_failed"
IMPLAUSIBLE = "implausible_forecast"
REASONS = (TOO_LITTLE, STALE, NO_WEATHER, NO_MODEL, FAILED, IMPLAUSIBLE)

# Four of each weekday: with fewer, what is a weekday's and what is chance can't be told apart.
MIN_KNOWN_H = 4 * WEEK_H
STALE_H = 72  # a weekend and a day: a utility that imports daily and misses one is no exception
MIN_WEATHER_SHARE = 0.5  # of the next days' hours; models bear gaps, but not that there is nothing
WEATHER_COUNTS_H = 48
# One in twenty on each side is what the range promises; something is wrong when this is needed, so
# that it is taken from the outermost fortieth of the naive model's own errors.
WIDE = (0.025, 0.975)
ERROR_WEEKS = 8


def naive_quantiles(usage: Usage, horizon_h: int) -> Floats:
    """Return (series, horizon_h, levels); NaN only for a series of which nothing is known."""
    nothing = Weather(hours=usage.hours, columns={})
    middle = LastWeek().forecast(usage, nothing, horizon_h)
    quantiles = np.repeat(middle[:, :, None], len(LEVELS), axis=2)
    weeks = -(-horizon_h // WEEK_H)
    for row, used in enumerate(usage.amounts):
        known = used[~np.isnan(used)]
        if not known.size:
            continue
        for week in range(1, weeks + 1):
            hours = slice((week - 1) * WEEK_H, week * WEEK_H)
            errors = _errors(used, week)
            if errors.size >= WEEK_H:
                quantiles[row, hours, ::2] += np.quantile(errors, WIDE)
            else:  # nothing to learn a range from but what was used at all
                quantiles[row, hours, 0] = np.minimum(known.min(), middle[row, hours])
                quantiles[row, hours, -1] = np.maximum(known.max(), middle[row, hours])
        if known.min() >= 0:
            quantiles[row] = np.maximum(quantiles[row], 0.0)
    return np.sort(quantiles, axis=2)


def _errors(used: Floats, weeks: int) -> Floats:
    """Return what "as so many weeks ago" missed the last weeks by."""
    lag = weeks * WEEK_H
    recent = used[-(ERROR_WEEKS * WEEK_H + lag) :]
    steps = recent[lag:] - recent[:-lag]
    return steps[~np.isnan(steps)]


def reason_before(used: Floats) -> str | None:
    """Return why a series' past allows no model, None if it does."""
    known = np.flatnonzero(~np.isnan(used))
    if known.size < MIN_KNOWN_H:
        return TOO_LITTLE
    if len(used) - 1 - known[-1] > STALE_H:
        return STALE
    return None


def lacks_weather(weather: Weather, first: int) -> bool:
    """Tell whether the temperature was known before ``first``, and is not from there on."""
    temperature = weather.get("temperature_c")
    before, ahead = temperature[:first], temperature[first : first + WEATHER_COUNTS_H]
    if not ahead.size or np.isnan(before).all():
        return False
    return bool((~np.isnan(ahead)).mean() < MIN_WEATHER_SHARE)
