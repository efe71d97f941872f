# SPDX-License-Identifier: EUPL-1.2
"""Who looked at what."""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Change nothing yet."""
