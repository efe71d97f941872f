# SPDX-License-Identifier: EUPL-1.2
"""Tokens with a purpose and an end; organisations that sign in elsewhere."""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Change nothing yet."""
