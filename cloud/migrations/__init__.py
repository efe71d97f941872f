# SPDX-License-Identifier: EUPL-1.2
"""The database's schema, step by step, in plain SQL."""

from pathlib import Path

import psycopg
from psycopg.errors import UndefinedTable

LOCK = 4715110  # any number that nobody else uses: one migration at a time
NEWEST = max(path.name for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))[:4]


def upgrade(dsn: str, revision: str = NEWEST) -> None:
    """Bring the database to the newest schema, or an older one; harmless when it is there."""
    with psycopg.connect(dsn, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [LOCK])
        if _revision(guard) != revision:
            _run_alembic(dsn, revision)


def _revision(connection: psycopg.Connection[tuple[str]]) -> str | None:
    try:
        found = connection.execute("select version_num from alembic_version").fetchone()
    except UndefinedTable:
        return None
    return found[0] if found else None


def _run_alembic(dsn: str, revision: str) -> None:
    # imported here: they take longer than everything else, and most starts don't need them
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", "cloud:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
