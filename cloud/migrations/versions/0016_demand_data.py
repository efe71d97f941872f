# SPDX-License-Identifier: EUPL-1.2
"""Demand data: use that utilities bring along, and the register of data sets."""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Change nothing yet."""
