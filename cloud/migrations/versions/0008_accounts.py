# SPDX-License-Identifier: EUPL-1.2
"""Second factors, sessions that turn over, and what accounts need besides."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Change nothing yet."""
