# SPDX-License-Identifier: EUPL-1.2
"""Forecasts: what was forecast, by which model, from what was known then."""

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Change nothing yet."""
