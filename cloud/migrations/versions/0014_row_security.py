# SPDX-License-Identifier: EUPL-1.2
"""The database itself shows callers only what is theirs."""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Change nothing yet."""
