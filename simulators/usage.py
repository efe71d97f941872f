# SPDX-License-Identifier: EUPL-1.2
"""Use at each service point, in whole wire units, following weather, calendar and people.

First the hour's amount is settled: the profile's weight in that hour against its mean over a normal
year, times the point's mean use, times chance. Then ``draws`` spreads it over the hour. Both are
drawn from the seed, the point and the hour alone, so use between any two moments is the same
whoever asks, in whatever steps, and sums without drift.
"""

import random
from functools import cache, lru_cache

from simulators.city import City, Profile, Schedules, ServicePoint
from simulators.days import HOUR_S, HOURS_A_DAY, Hour, hours_of
from simulators.draws import HOUR_MS, MEAN_DRAW_ML, Course, drawn, steady
from simulators.weather import Weather

HEATING_LIMIT_C = 15.0  # above it no building heats
COOLING_LIMIT_C = 22.0
SETBACK = 0.55  # of full heating when nobody is there
DUSK = 0.15  # sunlight under which lamps are needed
REFERENCE_DAYS = range(20089, 20089 + 365)  # 2025-01-01 and the year after, in days since 1970


class Usage:
    """How much is used at each service point, its sub-meters not included."""

    def __init__(self, city: City, seed: int = 1) -> None:
        self.seed = seed
        self.weather = Weather(seed)
        self._city = city
        self._hours = lru_cache(maxsize=3)(lambda day: hours_of(day, self.weather))
        self._mean_weights: dict[str, float] = {}
        self._days: dict[str, tuple[int, tuple[int, ...]]] = {}
        self._courses: dict[str, tuple[int, Course]] = {}

    def own_use(self, point: ServicePoint, from_ms: int, to_ms: int) -> int:
        """Return the use in [from_ms, to_ms), Unix time in ms."""
        total = 0
        for hour in range(from_ms // HOUR_MS, -(-to_ms // HOUR_MS)):
            start_ms = hour * HOUR_MS
            if from_ms <= start_ms and start_ms + HOUR_MS <= to_ms:
                total += self._amount(point, hour)
                continue
            course = self._course(point, hour)
            end = course.used_by(min(to_ms - start_ms, HOUR_MS))
            total += end - course.used_by(max(from_ms - start_ms, 0))
        return total

    def own_rate(self, point: ServicePoint, at_ms: int) -> int:
        """Return the rate of use at a moment, in wire units per hour (so Wh/h is W)."""
        hour, offset_ms = divmod(at_ms, HOUR_MS)
        return self._course(point, hour).per_hour(offset_ms)

    def hourly(self, point: ServicePoint, utc_day: int) -> tuple[int, ...]:
        """Return the use in each of the 24 hours of a UTC day."""
        held_day, amounts = self._days.get(point.service_point_id, (None, ()))
        if held_day != utc_day:
            amounts = self._drawn_day(point, utc_day)
            self._days[point.service_point_id] = (utc_day, amounts)
        return amounts

    def _amount(self, point: ServicePoint, hour: int) -> int:
        return self.hourly(point, hour // HOURS_A_DAY)[hour % HOURS_A_DAY]

    def _drawn_day(self, point: ServicePoint, utc_day: int) -> tuple[int, ...]:
        profile = self._city.profiles[point.profile]
        schedules = self._city.schedules
        per_weight = point.own_use_per_day / HOURS_A_DAY / self._mean_weight(profile)
        chance = self._chance(point, utc_day)
        return tuple(
            _amount(weight(profile, schedules, hour) * per_weight, profile, chance)
            for hour in self._hours(utc_day)
        )

    def _mean_weight(self, profile: Profile) -> float:
        if profile.profile not in self._mean_weights:
            weights = [weight(profile, self._city.schedules, hour) for hour in _normal_year()]
            self._mean_weights[profile.profile] = sum(weights) / len(weights)
        return self._mean_weights[profile.profile]

    def _course(self, point: ServicePoint, hour: int) -> Course:
        held_hour, course = self._courses.get(point.service_point_id, (None, None))
        if course is None or held_hour != hour:
            chance = self._chance(point, hour * HOUR_S)
            kind = self._city.profiles[point.profile].course
            amount = self._amount(point, hour)
            course = steady(amount, chance) if kind == "steady" else drawn(amount, kind, chance)
            self._courses[point.service_point_id] = (hour, course)
        return course

    def _chance(self, point: ServicePoint, moment: int) -> random.Random:
        return random.Random(f"{self.seed}/{point.service_point_id}/{moment}")  # noqa: S311


def weight(profile: Profile, schedules: Schedules, hour: Hour) -> float:
    """Return how much a profile uses in an hour, relative to its other hours."""
    days = schedules[profile.schedule]
    occupancy = days.get(hour.day, days["working"])[hour.local_hour]
    cold_k = max(0.0, HEATING_LIMIT_C - hour.temperature_c)
    warm_k = max(0.0, hour.temperature_c - COOLING_LIMIT_C)
    return (
        profile.always
        + profile.occupied * occupancy
        + profile.darkness * occupancy * (hour.sunlight < DUSK)
        + profile.heating * cold_k * (SETBACK + (1 - SETBACK) * occupancy)
        + profile.cooling * warm_k * occupancy
        + profile.sunlight * hour.sunlight * (1 - occupancy)
    )


@cache
def _normal_year() -> tuple[Hour, ...]:
    normal = Weather(None)
    return tuple(hour for day in REFERENCE_DAYS for hour in hours_of(day, normal))


def _amount(expected: float, profile: Profile, chance: random.Random) -> int:
    """Draw an hour's amount around ``expected``: a number of draws of water, or a little spread."""
    if profile.course == "steady":
        spread = profile.spread_percent / 100 * (2 * chance.random() - 1)
        return round(expected * (1 + spread))
    mean_ml = MEAN_DRAW_ML[profile.course]
    draws = _poisson(expected / mean_ml, chance)
    return round(chance.gammavariate(draws, mean_ml)) if draws else 0


def _poisson(mean: float, chance: random.Random) -> int:
    """Draw a count; near the normal limit the normal is close enough and much faster."""
    if mean > 40:
        return max(0, round(chance.gauss(mean, mean**0.5)))
    count, product, limit = 0, chance.random(), 2.718281828459045**-mean
    while product > limit:
        count += 1
        product *= chance.random()
    return count
