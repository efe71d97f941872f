# SPDX-License-Identifier: EUPL-1.2
"""The database's schema, step by step, in plain SQL."""

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

LOCK = 4715110  # any number that nobody else uses: one migration at a time


def upgrade(dsn: str) -> None:
    """Bring the database to the newest schema; harmless when it is there already."""
    with psycopg.connect(dsn, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [LOCK])
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
        )
        config = Config()
        config.set_main_option("script_location", "cloud:migrations")
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        engine.dispose()
