# SPDX-License-Identifier: EUPL-1.2
"""Days of the year on which many buildings stand still, in whatever country they are.

What a building does on them is learnt, not assumed: a hotel may use more. Only days from Monday to
Friday count, for on others it is closed or open anyway. Public holidays of a country are told
apart, by the weather's column ``holiday``.
Source: Gauss's rule for Easter after Meeus (1991), Astronomical Algorithms, chapter 8.
"""

import numpy as np

from cloud.demand.series import Floats, Ints

FEASTS = ("christmas", "turn_of_year", "easter", "orthodox_easter")
_SATURDAY = 5
_JULIAN_LAG_D = 13  # from 1900 to 2099
_FRIDAY_AND_MONDAY = (-2, 1)  # from Easter Sunday


def feasts(number: Ints) -> Floats:
    """Return (days, ``FEASTS``) with 1 on working days of each; ``number`` is days since 1970."""
    days = number.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    of_month = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    late = (month == 12) & (of_month >= 24)
    christmas = (late & np.isin(of_month, (25, 26))) | ((month == 1) & (of_month == 1))
    years = np.unique(days.astype("datetime64[Y]").astype(np.int64) + 1970)
    western = [easter(int(year)) for year in years]
    orthodox = [orthodox_easter(int(year)) for year in years]
    columns = [christmas, late & ~christmas, _about(number, western), _about(number, orthodox)]
    is_working = (number + 3) % 7 < _SATURDAY
    return np.asarray(np.stack(columns, axis=1) & is_working[:, None], dtype=np.float64)


def _about(number: Ints, sundays: list[int]) -> Ints:
    return np.asarray(np.isin(number, [at + gap for at in sundays for gap in _FRIDAY_AND_MONDAY]))


def easter(year: int) -> int:
    """Return the Easter Sunday of the Gregorian calendar, as days since 1970."""
    century, of_century = divmod(year, 100)
    moons = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * (year % 19) + century - century // 4 - moons + 15) % 30
    to_sunday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (year % 19 + 11 * epact + 22 * to_sunday) // 451
    of_march = epact + to_sunday - 7 * late + 22  # 1 is 1 March
    return _march(year) + of_march - 1


def orthodox_easter(year: int) -> int:
    """Return the Easter Sunday of the Julian calendar, as days since 1970."""
    moon = (19 * (year % 19) + 15) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7
    return _march(year) + moon + sunday + 21 + _JULIAN_LAG_D


def _march(year: int) -> int:
    return int(np.datetime64(f"{year}-03-01", "D").astype(np.int64))
