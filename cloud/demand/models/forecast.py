# SPDX-License-Identifier: EUPL-1.2
"""The forecaster that Iskar uses unless told otherwise."""

from cloud.demand.models.calibration import Calibrated
from cloud.demand.models.ensemble import Ensemble
from cloud.demand.models.level import Level
from cloud.demand.models.surprises import Surprises


def default_forecaster(country: str | None = None) -> Calibrated:
    """Return a forecaster that has learnt nothing yet.

    ``country`` (ISO 3166-1) says whose public holidays count where the weather tells none.
    """
    return Calibrated(Ensemble([Level, Surprises], country))
