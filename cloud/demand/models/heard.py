# SPDX-License-Identifier: EUPL-1.2
"""What a member says, or silence: one that fails must not take the forecast down with it."""

from collections.abc import Callable

import numpy as np
import structlog

from cloud.demand.series import Floats

log = structlog.get_logger(__name__)

# What numbers can do to an algorithm. Whatever else is raised is a mistake in the code, and shown.
FAILURES = (np.linalg.LinAlgError, ValueError, ArithmeticError, IndexError)


def heard(member: str, ask: Callable[[], Floats], shape: tuple[int, ...]) -> Floats:
    """Return what ``member`` answers to ``ask``; all NaN of this shape where it fails."""
    try:
        return ask()
    except FAILURES as error:
        log.warning(
            "forecast_member_failed", member=member, error=f"{type(error).__name__}: {error}"
        )
        return np.full(shape, np.nan)
