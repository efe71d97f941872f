# SPDX-License-Identifier: EUPL-1.2
"""What to know before money is paid for a saving: warnings about a baseline, in sentences."""

from collections.abc import Mapping

import numpy as np

from cloud.demand.baselines.breaks import Break
from cloud.demand.baselines.days import Climate, Days
from cloud.demand.baselines.faults import Fault
from cloud.demand.series import DAY_H, Floats, Hours, Weather

ENOUGH_DAYS = 300  # CalTRACK 2.2 asks for a year with 90 % of its days; a bit less can still do
_HOTTEST_C = 57.0  # WMO's archive of extremes: 56.7 °C, Furnace Creek 1913
_HOTTEST_MEAN_C = 35.0  # of any year anywhere: 34.6 °C, Dallol
_BEYOND_C = 2.0  # past what was ever seen: a day like this is a guess
_MAX_BEYOND_SHARE = 0.03
_MAX_UNKNOWN_SHARE = 0.05
_FAULTS = {
    "zeros": "are zero where a gap is meant",
    "stuck": "repeat one value",
    "jump": "are beyond what the meter ever tells",
}


def of_history(
    days: int,
    weather: Weather,
    climate: Climate,
    removed: Mapping[Fault, int],
    found: Break | None,
) -> tuple[str, ...]:
    """Return what is doubtful about a history of ``days`` whole days."""
    told = []
    if days < ENOUGH_DAYS:
        told.append(f"Only {days} whole days are known; {ENOUGH_DAYS} are needed to know a year.")
    if not climate.has_temperature:
        told.append("No temperature is known; the baseline follows the calendar only.")
    else:
        told += _of_gaps(weather.get("temperature_c"), "of the history")
    told += _of_units(weather.get("temperature_c"))
    told += [f"{count} hours {_FAULTS[name]} and were left out." for name, count in removed.items()]
    if found is not None:
        told.append(
            f"Use changed by {found.share * 100:+.0f} % about {found.on}: find out what happened."
        )
    return tuple(told)


def of_asked(
    weather: Weather, hours: Hours, days: Days, seen_c: tuple[float, float]
) -> tuple[str, ...]:
    """Return what is doubtful about predicting ``hours`` of ``days`` from their weather.

    ``seen_c`` are the coldest and the hottest daily mean that the baseline was learnt from.
    """
    temperature_c = weather.over(hours).get("temperature_c")
    if not temperature_c.size:
        return ()
    told = _of_units(temperature_c) + _of_gaps(temperature_c, "to predict")
    coldest, hottest = seen_c
    gap = np.maximum(coldest - days.temperature_c, days.temperature_c - hottest)
    beyond = int((gap > _BEYOND_C).sum())
    if beyond > _MAX_BEYOND_SHARE * days.count:
        told.append(
            f"{beyond} of {days.count} days to predict are colder or warmer than any in the"
            f" history ({coldest:.0f} to {hottest:.0f} °C a day)."
        )
    return tuple(told)


def _of_gaps(temperature_c: Floats, hours_of: str) -> list[str]:
    unknown, count = int(np.isnan(temperature_c).sum()), temperature_c.size
    if unknown <= _MAX_UNKNOWN_SHARE * count:
        return []
    of_all = f"{unknown} of {count} hours {hours_of}"
    return [f"No temperature is known for {of_all}; they are taken as usual."]


def _of_units(temperature_c: Floats) -> list[str]:
    known = temperature_c[~np.isnan(temperature_c)]
    if not known.size:
        return []
    is_year = known.size >= ENOUGH_DAYS * DAY_H
    if known.max() <= _HOTTEST_C and not (is_year and known.mean() > _HOTTEST_MEAN_C):
        return []
    return ["Temperatures are higher than of any weather in °C: are they in °F or K?"]
