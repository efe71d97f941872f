# SPDX-License-Identifier: EUPL-1.2
"""A real TimescaleDB for tests, and marks that choose the engine a test's database runs on.

``pytestmark = on_both_engines`` runs each test of a module twice. A test without a mark runs on
plain PostgreSQL.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.needs import node, packages

POSTGRESQL = "postgresql"
TIMESCALEDB = "timescaledb"
on_both_engines = pytest.mark.parametrize("engine", [POSTGRESQL, TIMESCALEDB], indirect=True)
on_timescaledb = pytest.mark.parametrize("engine", [TIMESCALEDB], indirect=True)

FOLDER = Path(__file__).parent
STOP_TIMEOUT_S = 5
ROLLED_UP = ("daily_usage", "monthly_usage")


@contextmanager
def served() -> Iterator[str]:
    """Serve a TimescaleDB without tables, and yield how to reach it; it ends when we do."""
    packages(FOLDER)
    with subprocess.Popen(
        [node(), FOLDER / "server.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, f"the TimescaleDB for tests ended with {server.wait()}"
        yield f"host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=disable"
        server.stdin.close()
        server.wait(STOP_TIMEOUT_S)


def empty(dsn: str) -> None:
    """Empty all tables of the migrated database, as if it had just been made."""
    with psycopg.connect(dsn, autocommit=True) as server:
        tables = server.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind = 'r' and relname <> 'alembic_version'"
        ).fetchall()
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in tables)
        server.execute("set session_replication_role = replica")  # the audit log refuses it
        server.execute(sql.SQL("truncate {} restart identity cascade").format(names))
        server.execute("reset session_replication_role")
        for name in ROLLED_UP:
            server.execute(sql.SQL("truncate {}").format(sql.Identifier(name)))
