# SPDX-License-Identifier: EUPL-1.2
"""The database's schema, step by step, in plain SQL.

All steps of an upgrade are one transaction: it comes whole or not at all, and a process of the
earlier release goes on meanwhile. It waits for no lock for long, since everybody else would wait
behind it.
"""

import time
from pathlib import Path

import psycopg
import structlog
from psycopg.errors import LockNotAvailable, UndefinedTable

from cloud.kit.errors import CloudError

log = structlog.get_logger(__name__)

LOCK = 4715110  # any number that nobody else uses: one migration at a time
NEWEST = max(path.name for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))[:4]
LOCK_TIMEOUT_S = 5
PAUSES_S = (1.0, 5.0, 15.0)  # between attempts to get at tables that are in use


class NewerSchemaError(CloudError):
    """The database was migrated by a later release than this one."""

    code = "newer-schema"

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The database has schema {found}, this release knows those up to {NEWEST}. Run the"
            " release that migrated it, or restore the backup made before."
        )


class TablesInUseError(CloudError):
    """Others hold tables for so long that their shape can't be changed now."""

    code = "tables-in-use"

    def __init__(self) -> None:
        super().__init__(
            "The schema is as it was: its tables are in use for too long at a time. Stop exports"
            " and other long work (pg_stat_activity shows it) and try again."
        )


def upgrade(dsn: str, revision: str = NEWEST) -> None:
    """Bring the database to the newest schema, or an older one; harmless when it is there."""
    with psycopg.connect(dsn, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", [LOCK])
        found = _revision(guard)
        if found is not None and found > NEWEST:
            raise NewerSchemaError(found)
        if found == revision:
            return
        for pause_s in (*PAUSES_S, None):
            try:
                _run_alembic(dsn, revision)
            except LockNotAvailable as error:
                if pause_s is None:
                    raise TablesInUseError from error
                log.warning("migration_waits", schema=found, retry_in_s=pause_s)
                time.sleep(pause_s)
            else:
                log.info("migrated", schema=revision, before=found)
                return


def revision(dsn: str) -> str | None:
    """Return which schema the database has, None for none."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return _revision(connection)


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
    from sqlalchemy.exc import OperationalError
    from sqlalchemy.pool import NullPool

    def connected() -> psycopg.Connection[tuple[object, ...]]:
        connection = psycopg.connect(dsn)
        connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT_S}s'".encode())
        connection.commit()
        return connection

    engine = create_engine("postgresql+psycopg://", creator=connected, poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", "cloud:migrations")
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    except OperationalError as error:  # of a step that goes by SQLAlchemy
        if isinstance(error.orig, LockNotAvailable):
            raise error.orig from error
        raise
    finally:
        engine.dispose()
