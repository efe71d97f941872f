# SPDX-License-Identifier: EUPL-1.2
"""Weather: what stations and grids told, and when they told it."""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Change nothing yet."""
