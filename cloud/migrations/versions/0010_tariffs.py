# SPDX-License-Identifier: EUPL-1.2
"""Tariffs."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Change nothing yet."""
