# SPDX-License-Identifier: EUPL-1.2
"""What weather can be: physical limits, and those of Bulgaria's climate at a place's height.

Sources: WMO World Weather and Climate Extremes Archive (temperature -89.2 to 56.7 °C, gust 113 m/s,
305 mm in an hour, 1825 mm in a day); Bulgarian records by NIMH: 45.2 °C (Sadovo 1916, 155 m),
-38.3 °C (Tran 1947), 342 mm in a day (1951); solar constant 1361 W/m2 (WMO-No. 8,
volume I, chapter 7).
"""

from cloud.weather.models import Resolution

_RECORD_HIGH_C, _RECORD_HIGH_M = 45.2, 155.0
_RECORD_LOW_C = -38.3
_LAPSE_C_PER_M = -0.0065
# Records are of some stations over a century: a new one beats them by little.
_MARGIN_C = 3.0
_SEA_LEVEL_HPA = 1013.25
_HEIGHT_OF_PRESSURE_M = 8434.0  # RT/Mg at 15 °C: pressure falls by e over it
_PRESSURE_SPREAD = 0.08  # about the mean, in the deepest low and strongest high of Europe

_SAME_FOR_BOTH = {
    "humidity_pct": (0.0, 100.0),
    "wind_max_m_per_s": (0.0, 113.0),
    "snow_depth_cm": (0.0, 1200.0),
    "snow_water_mm": (0.0, 5000.0),
}
_OF = {
    Resolution.HOUR: {
        "precipitation_mm": (0.0, 150.0),
        "wind_m_per_s": (0.0, 75.0),
        "irradiance_w_per_m2": (0.0, 1361.0),
    },
    Resolution.DAY: {
        "precipitation_mm": (0.0, 400.0),
        "snowfall_cm": (0.0, 200.0),
        "wind_m_per_s": (0.0, 60.0),
        "irradiance_w_per_m2": (0.0, 420.0),  # a clear day in June at 42° north, above the air
    },
}


def limits(resolution: Resolution, column: str, elevation_m: float) -> tuple[float, float]:
    """Return the least and the greatest that a column can be at this height."""
    if column.startswith("temperature"):
        warmest = _RECORD_HIGH_C + _LAPSE_C_PER_M * (elevation_m - _RECORD_HIGH_M) + _MARGIN_C
        # frost gathers in hollows: no height is too low for it
        return _RECORD_LOW_C - _MARGIN_C, warmest
    if column == "pressure_hpa":
        mean = _SEA_LEVEL_HPA * 2.718281828 ** (-elevation_m / _HEIGHT_OF_PRESSURE_M)
        return mean * (1 - _PRESSURE_SPREAD), mean * (1 + _PRESSURE_SPREAD)
    return {**_SAME_FOR_BOTH, **_OF[resolution]}[column]
