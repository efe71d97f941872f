# SPDX-License-Identifier: EUPL-1.2
"""What gateways themselves have to say."""

from alembic import op

revision = "0004"
down_revision = "0003"

TOKENS = """
-- Of a token that a gateway asked for itself and has not used yet: when it ends unless it is used.
alter table tokens add column unused_until timestamptz;
create index on tokens (gateway_id);
"""


def upgrade() -> None:
    """Make the tables by the driver itself."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None  # noqa: S101 - an open connection has one
    driver.execute(TOKENS)
