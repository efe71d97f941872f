# SPDX-License-Identifier: EUPL-1.2
"""Weather of Sofia: the climate's mean course, and days that stray from it as real ones do.

The same seed gives the same weather for ever, at any moment asked, in any order. A day's anomaly
is a first-order autoregression; its tail is cut after ``_MEMORY_DAYS``, where it has faded to less
than a hundredth, so no day needs the whole past.

Source of the monthly figures: ERA5 reanalysis for Sofia 1991 to 2020 by way of Open-Meteo
(CC BY 4.0): means of the daily mean, of maximum less minimum, and the standard deviation and
one-day correlation of the daily mean about its day of the year. A test holds them to it.
"""

import math
import random
from functools import lru_cache

NORMAL_C = (-0.6, 1.1, 5.2, 10.2, 15.3, 19.2, 21.3, 21.6, 17.0, 11.6, 5.9, 0.9)
DAILY_RANGE_K = (7.9, 8.9, 9.5, 10.1, 9.7, 9.4, 9.7, 10.0, 9.8, 9.3, 8.3, 7.2)
ANOMALY_K = (4.5, 4.6, 4.0, 3.5, 3.2, 3.0, 2.9, 2.8, 3.2, 3.8, 3.9, 4.0)
ONE_DAY_CORRELATION = 0.84

LATITUDE, LONGITUDE = math.radians(42.7), 23.3
WARMEST_SOLAR_HOUR = 15.0
MEAN_CLEARNESS = 0.6

_DAY_S = 86400
_YEAR_DAYS = 365.2425
_MEMORY_DAYS = 27  # 0.84 ** 27 < 0.01


class Weather:
    """Temperature and sunlight at any moment; without a seed, the normal year."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._anomaly = lru_cache(maxsize=64)(self._computed_anomaly)
        self._shock = lru_cache(maxsize=64)(self._drawn_shock)

    def temperature_c(self, at_s: int) -> float:
        """Return the air temperature at Unix time ``at_s``."""
        swing = math.cos((_solar_hour(at_s) - WARMEST_SOLAR_HOUR) * math.pi / 12)
        mean = _of_season(NORMAL_C, at_s) + self._between_days(at_s)
        return mean + swing * _of_season(DAILY_RANGE_K, at_s) / 2

    def sunlight(self, at_s: int) -> float:
        """Return the sunlight on the ground, 0 at night to 1 under a clear zenith."""
        return max(0.0, _sine_of_elevation(at_s)) * self._clearness(at_s // _DAY_S)

    def _between_days(self, at_s: int) -> float:
        """Lead from one day's anomaly at noon to the next, so that midnight is no step."""
        day, share = divmod(at_s / _DAY_S - 0.5, 1)
        before, after = self._anomaly(int(day)), self._anomaly(int(day) + 1)
        return before + (after - before) * share

    def _computed_anomaly(self, day: int) -> float:
        if self._seed is None:
            return 0.0
        fading = sum(ONE_DAY_CORRELATION**k * self._shock(day - k) for k in range(_MEMORY_DAYS))
        spread_k = _of_season(ANOMALY_K, day * _DAY_S + _DAY_S // 2)
        return fading * spread_k * math.sqrt(1 - ONE_DAY_CORRELATION**2)

    def _drawn_shock(self, day: int) -> float:
        return random.Random(f"{self._seed}/weather/{day}").gauss(0, 1)  # noqa: S311 - no secret

    def _clearness(self, day: int) -> float:
        if self._seed is None:
            return MEAN_CLEARNESS
        return 0.2 + 0.8 * random.Random(f"{self._seed}/clouds/{day}").random()  # noqa: S311


def _of_season(monthly: tuple[float, ...], at_s: int) -> float:
    """Interpolate between the middles of two months, each a twelfth of a year."""
    month, share = divmod(at_s / _DAY_S % _YEAR_DAYS / _YEAR_DAYS * 12 - 0.5, 1)
    before, after = monthly[int(month) % 12], monthly[(int(month) + 1) % 12]
    return before + (after - before) * share


def _solar_hour(at_s: int) -> float:
    return (at_s / 3600 + LONGITUDE / 15) % 24


def _sine_of_elevation(at_s: int) -> float:
    """Source: Cooper (1969) for the declination; the equation of time is left out (< 17 min)."""
    day_of_year = at_s / _DAY_S % _YEAR_DAYS
    declination = math.radians(23.45) * math.sin(2 * math.pi * (284 + day_of_year) / _YEAR_DAYS)
    hour_angle = math.radians((_solar_hour(at_s) - 12) * 15)
    return math.sin(LATITUDE) * math.sin(declination) + math.cos(LATITUDE) * math.cos(
        declination
    ) * math.cos(hour_angle)
