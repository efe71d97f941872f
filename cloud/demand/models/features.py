# SPDX-License-Identifier: EUPL-1.2
"""What is known of an hour before it comes: its place in the calendar, and its weather.

All columns are the same for all series; ``lags`` adds what each series used. An hour's columns
look back only (and around holidays, which are known ahead): they are the same whether or not the
hours after it are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Ints, Weather

MEMORIES_H = (6, 24, 72, 168)  # of the building stock: rooms, walls, ground and habit
SHIFTS_H = (1, 2, 3, 6, 12, 24, 48)
_GAP_H = 6  # shorter gaps of weather are bridged by a line
_YEAR_WAVES = 3
_EXTRA = ("humidity_pct", "wind_m_per_s", "irradiance_w_per_m2", "precipitation_mm")


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of each hour of a grid.

    Attributes:
        hours: the grid.
        columns: by name, each (hours,); weather that nobody knows is NaN.
        temperature_c: (hours,) without gaps, as far as any was known; else all NaN.
        holiday: (hours,) of 0 and 1.
    """

    hours: Hours
    columns: Mapping[str, Floats]
    temperature_c: Floats
    holiday: Floats


def known_of(weather: Weather, country: str | None = None) -> Known:
    """Return what is known of the hours of ``weather``.

    Holidays are those of its column ``holiday``; where that is unknown, those of ``country``
    (ISO 3166-1 code) if one is told.
    """
    hours = weather.hours
    holiday = _holidays(weather, country)
    temperature = without_gaps(weather.get("temperature_c"))
    columns = {**_calendar(hours), **_about_holidays(hours, holiday)}
    if not np.isnan(temperature).all():
        columns |= _of_temperature(temperature)
    for name in _EXTRA:
        told = weather.get(name)
        if not np.isnan(told).all():
            columns |= _of_extra(name, told)
    return Known(hours=hours, columns=columns, temperature_c=temperature, holiday=holiday)


def without_gaps(told: Floats) -> Floats:
    """Return a copy whose gaps are filled: short ones by a line, others as at this hour before.

    What comes before the first known hour is as the first day known. All NaN stays so.
    """
    known = np.flatnonzero(~np.isnan(told))
    if not known.size:
        return told.copy()
    filled = np.interp(np.arange(told.size), known, told[known])
    place = np.searchsorted(known, np.arange(told.size))
    before = known[np.maximum(place - 1, 0)]
    after = known[np.minimum(place, known.size - 1)]
    long = np.isnan(told) & ((after - before > _GAP_H + 1) | (after == before))
    filled[long] = np.nan
    for index in np.flatnonzero(long):
        filled[index] = filled[index - DAY_H] if index >= DAY_H else np.nan
    # Only hours before the first known one are left, or those of its first day.
    for index in np.flatnonzero(np.isnan(filled))[::-1]:
        later = filled[index + DAY_H] if index + DAY_H < told.size else np.nan
        filled[index] = told[known[-1]] if np.isnan(later) else later
    return filled


def trailing_mean(told: Floats, width: int) -> Floats:
    """Return the mean over the last ``width`` entries, this one included; NaN are left out."""
    known = ~np.isnan(told)
    sums = _windowed(np.where(known, told, 0.0), width)
    counts = _windowed(known.astype(np.float64), width)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, sums / counts, np.nan)


def _windowed(told: Floats, width: int) -> Floats:
    total = np.cumsum(told, axis=-1)
    out = total.copy()
    out[..., width:] -= total[..., :-width]
    return out


def _calendar(hours: Hours) -> dict[str, Floats]:
    turn = 2 * np.pi * hours.year_fraction
    columns = {
        "hour": hours.hour_of_day.astype(np.float64),
        "weekday": hours.weekday.astype(np.float64),
        "hour_of_week": (hours.weekday * DAY_H + hours.hour_of_day).astype(np.float64),
    }
    for wave in range(1, _YEAR_WAVES + 1):
        columns[f"year_sin{wave}"] = np.sin(wave * turn)
        columns[f"year_cos{wave}"] = np.cos(wave * turn)
    return columns


def _holidays(weather: Weather, country: str | None) -> Floats:
    told = weather.get("holiday")
    if country is not None and np.isnan(told).any():
        import holidays

        dates = weather.hours.dates()
        free = holidays.country_holidays(country, years=sorted({one.year for one in dates}))
        by_day = np.array([one in free for one in dates], dtype=np.float64)
        known = by_day[weather.hours.day - int(weather.hours.day[0])] if dates else told
        told = np.where(np.isnan(told), known, told)
    return np.nan_to_num(told)


def _about_holidays(hours: Hours, holiday: Floats) -> dict[str, Floats]:
    """Return the kinds of days around holidays: by local days, as far as they are on the grid."""
    if not hours.count:
        return dict.fromkeys(("holiday", "day_after_free", "day_before_free", "bridge"), holiday)
    place = hours.day - hours.day[0]
    size = int(place[-1]) + 1
    is_holiday = np.zeros(size)
    np.maximum.at(is_holiday, place, holiday)
    free = is_holiday.astype(bool) | (_weekday_of(hours.day[0] + np.arange(size)) >= _SATURDAY)
    after, before = np.roll(free, 1), np.roll(free, -1)
    after[0] = before[-1] = False
    holiday_near = np.convolve(is_holiday, np.ones(3), mode="same") > 0
    bridge = ~free & after & before & holiday_near
    columns = {
        "holiday": is_holiday,
        "day_after_free": np.where(holiday_near, after, False),
        "day_before_free": np.where(holiday_near, before, False),
        "bridge": bridge,
    }
    return {name: told[place].astype(np.float64) for name, told in columns.items()}


_SATURDAY = 5


def _weekday_of(day: Ints) -> Ints:
    return (day + 3) % 7  # 1970-01-01 was a Thursday


def _of_temperature(told: Floats) -> dict[str, Floats]:
    columns = {"temperature": told}
    for shift in SHIFTS_H:
        columns[f"temperature_{shift}h_ago"] = shifted(told, shift)
    for memory in MEMORIES_H:
        columns[f"temperature_over_{memory}h"] = remembered(told, memory)
    by_day = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([np.repeat(told[:1], DAY_H - 1), told]), DAY_H
    )
    columns["temperature_max_24h"] = by_day.max(axis=1)
    columns["temperature_min_24h"] = by_day.min(axis=1)
    return columns


def _of_extra(name: str, told: Floats) -> dict[str, Floats]:
    columns = {name: told, f"{name}_over_24h": trailing_mean(told, DAY_H)}
    if name == "precipitation_mm":
        columns[f"{name}_over_week"] = trailing_mean(told, WEEK_H)
    return columns


def shifted(told: Floats, by: int) -> Floats:
    """Return what was ``by`` hours before; before the first hour, as in the first."""
    first = np.repeat(told[..., :1], min(by, told.shape[-1]), axis=-1)
    return np.concatenate([first, told[..., : max(told.shape[-1] - by, 0)]], axis=-1)


def remembered(told: Floats, memory_h: int) -> Floats:
    """Return the mean that forgets by half in ``memory_h`` hours, this hour included."""
    kept = 0.5 ** (1 / memory_h)
    out, state = np.empty_like(told), float(told[0]) if told.size else 0.0
    for index, one in enumerate(told.tolist()):
        state = kept * state + (1 - kept) * one
        out[index] = state
    return out
