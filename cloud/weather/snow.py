# SPDX-License-Identifier: EUPL-1.2
"""Snow water: how much water lies as snow, from daily temperature and precipitation alone.

Precipitation below 0 °C is snow, above 2 °C rain, in between a part of each (half at 1 °C); what
lies melts by 4 mm a day for each degree above 0 °C.
Source: Hock, Temperature index melt modelling in mountain areas, J. Hydrology 282 (2003) 104-115;
melt factors of deep snow of 3 to 5 mm per °C and day and both thresholds at 0 °C: Fontrodona-Bach
et al. on NH-SWE stations; half snow at 1 °C: US National Weather Service, SNOW-17 (PXTEMP).
Limits: gauges on windy peaks catch half of the snow that falls, and drift moves it; rain that
freezes in the snow, sublimation, slope and forest are left out; the factor is not calibrated for
Rila, where no measured snow water was at hand. It tells whether a winter is rich or poor and when
it melts, not the volume of a reservoir.
"""

from dataclasses import dataclass

import numpy as np

from cloud.weather.models import Floats, Ints

ALL_SNOW_C, ALL_RAIN_C = 0.0, 2.0
MELT_FROM_C = 0.0
MELT_MM_PER_C_D = 4.0


@dataclass(frozen=True, kw_only=True)
class SnowWater:
    """Each (days,): water lying at the end of the day, melt of the day (mm).

    ``unknown_days`` counts days of unknown weather since no snow lay: what they brought is missing.
    """

    water_mm: Floats
    melt_mm: Floats
    unknown_days: Ints


def snow_water(
    temperature_c: Floats,
    precipitation_mm: Floats,
    melt_mm_per_c_d: float = MELT_MM_PER_C_D,
) -> SnowWater:
    """Return the snow from a first day on which none lies: begin in late summer.

    A day of unknown precipitation brings nothing, one of unknown temperature changes nothing.
    """
    share = np.clip((ALL_RAIN_C - temperature_c) / (ALL_RAIN_C - ALL_SNOW_C), 0, 1)
    fallen = np.nan_to_num(share * precipitation_mm)
    thaw = np.nan_to_num(melt_mm_per_c_d * np.maximum(temperature_c - MELT_FROM_C, 0))
    is_unknown = np.isnan(temperature_c) | np.isnan(precipitation_mm)
    count = len(temperature_c)
    water, melt, unknown_days = np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.int64)
    lying, unknown = 0.0, 0
    for day in range(count):
        lying += fallen[day]
        melt[day] = min(lying, thaw[day])
        lying -= melt[day]
        unknown += bool(is_unknown[day])
        if lying <= 0 and thaw[day] > 0:
            unknown = 0
        water[day], unknown_days[day] = lying, unknown
    return SnowWater(water_mm=water, melt_mm=melt, unknown_days=unknown_days)
