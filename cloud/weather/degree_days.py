# SPDX-License-Identifier: EUPL-1.2
"""Degree days: how much heating or cooling the weather asks for.

From daily means; where a day told only its least and greatest temperature, their middle stands for
the mean, as in Eurostat's own definition before gridded means. No shape of the day is made up.
Source: Eurostat, nrg_chdd reference metadata: heating 18 °C less the mean on days of at most 15 °C;
cooling the mean less 21 °C on days of at least 24 °C. District heating in Sofia begins once three
days' means are below 12 °C, and Bulgarian building rules reckon from an indoor 19 °C (their text
was not at hand): for those give ``base_c=19, threshold_c=12``.
"""

import numpy as np

from cloud.weather.models import Floats

HEATING_BASE_C, HEATING_THRESHOLD_C = 18.0, 15.0
COOLING_BASE_C, COOLING_THRESHOLD_C = 21.0, 24.0


def daily_means(mean_c: Floats, least_c: Floats, greatest_c: Floats) -> Floats:
    """Return the means of days (°C); the middle of both extremes where none is told."""
    return np.where(np.isnan(mean_c), (least_c + greatest_c) / 2, mean_c)


def heating(
    mean_c: Floats,
    base_c: float = HEATING_BASE_C,
    threshold_c: float = HEATING_THRESHOLD_C,
) -> Floats:
    """Return the heating degree days of each day (K·d); NaN where its mean is unknown."""
    asked = np.where(mean_c <= threshold_c, np.maximum(base_c - mean_c, 0.0), 0.0)
    return np.where(np.isnan(mean_c), np.nan, asked)


def cooling(
    mean_c: Floats,
    base_c: float = COOLING_BASE_C,
    threshold_c: float = COOLING_THRESHOLD_C,
) -> Floats:
    """Return the cooling degree days of each day (K·d); NaN where its mean is unknown."""
    asked = np.where(mean_c >= threshold_c, np.maximum(mean_c - base_c, 0.0), 0.0)
    return np.where(np.isnan(mean_c), np.nan, asked)
