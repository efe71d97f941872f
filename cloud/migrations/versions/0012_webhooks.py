# SPDX-License-Identifier: EUPL-1.2
"""Webhooks: keys, filters, deliveries."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Change nothing yet."""
