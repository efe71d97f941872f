# SPDX-License-Identifier: EUPL-1.2
"""The forecaster that Iskar uses unless told otherwise."""

from cloud.demand.calibration import Calibrated
from cloud.demand.model import RangeForecaster
from cloud.demand.naive import LastWeek


def default_forecaster() -> RangeForecaster:
    """Return a forecaster that has learnt nothing yet."""
    return Calibrated(LastWeek)
