# SPDX-License-Identifier: EUPL-1.2
"""Alerts with one life, and who wants to hear of them."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Change nothing yet."""
