# SPDX-License-Identifier: EUPL-1.2
"""The tables of the job queue, as procrastinate ships them."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the queue's tables, by the driver itself: its SQL is full of percent signs."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(SchemaManager.get_schema())
