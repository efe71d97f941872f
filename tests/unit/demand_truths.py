# SPDX-License-Identifier: EUPL-1.2
"""Made-up demand whose causes are known."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from cloud.demand.series import DAY_H, Floats, Hours, Usage, Weather

HEATING_BELOW_C = 15.0
HEATING_PER_C = 2.0
HOLIDAY_OFF = 15.0
NOISE = 3.0


def a_heated_town(
    *, days: int, supply_effect: float = 0.0, seed: int = 7
) -> tuple[Usage, Weather, Floats]:
    """Return hourly use, the weather that made it, and what heating alone used."""
    hours = Hours(
        start=datetime(2023, 1, 1, tzinfo=UTC), count=days * DAY_H, zone=ZoneInfo("Europe/Sofia")
    )
    luck = np.random.default_rng(seed)
    of_day = np.repeat(_wandering(luck, days, 0.8) * 3.5, DAY_H)
    warm = 11 - 11 * np.cos(2 * np.pi * (hours.year_fraction - 0.05))
    temperature = warm + of_day + 4 * np.sin(2 * np.pi * (hours.hour_of_day - 9) / DAY_H)
    rain = np.where(luck.random(hours.count) < 0.06, luck.exponential(1.5, hours.count), 0.0)
    far = np.repeat(
        np.where(luck.random(days) < 0.3, luck.exponential(8, days), 0.0) / DAY_H, DAY_H
    )
    month = np.convolve(far, np.ones(30 * DAY_H))[: hours.count] / 30
    holiday = np.repeat((luck.random(days) < 0.04).astype(float), DAY_H)
    weather = Weather(
        hours=hours,
        columns={
            "temperature_c": temperature,
            "precipitation_mm": rain,
            "supply_precipitation_mm": far,
            "holiday": holiday,
        },
    )
    busy = 20 * np.sin(np.pi * np.clip(hours.hour_of_day - 6, 0, 14) / 14)
    calendar = np.where(hours.weekday < 5, busy, 0.5 * busy)
    heating = HEATING_PER_C * np.maximum(HEATING_BELOW_C - temperature, 0)
    off = HOLIDAY_OFF * holiday * (hours.weekday < 5)
    noise = luck.normal(0, NOISE, hours.count)
    use = 80 + calendar + heating - off + supply_effect * month + noise
    return Usage(series_ids=("town",), hours=hours, amounts=use[None, :]), weather, heating


def _wandering(luck: np.random.Generator, count: int, keeps: float) -> Floats:
    """Return steps of unit variance, each of which remembers the one before."""
    told = np.zeros(count)
    for at in range(1, count):
        told[at] = keeps * told[at - 1] + luck.normal(0, np.sqrt(1 - keeps**2))
    return told
