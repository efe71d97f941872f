# SPDX-License-Identifier: EUPL-1.2
"""What a backup must know of a database, and a restored one be told."""

from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Server = psycopg.Connection[dict[str, Any]]


def connected(dsn: str) -> Server:
    """Return a connection on which each statement commits."""
    return psycopg.connect(dsn, autocommit=True, row_factory=dict_row)


def server(connection: Server) -> dict[str, Any]:
    """Return the server's version and that of TimescaleDB in this database, None without."""
    found = connection.execute(
        "select current_setting('server_version_num')::int / 10000 as major,"
        " (select extversion from pg_extension where extname = 'timescaledb') as timescaledb"
    ).fetchone()
    assert found is not None  # noqa: S101 - it has no condition
    return found


def roles(connection: Server) -> list[dict[str, Any]]:
    """Return the roles that this database's rights name, and whether we may act as each."""
    return connection.execute(
        "select distinct rolname as name, pg_has_role(current_user, roles.oid, 'set') as is_ours"
        " from pg_shdepend join pg_roles roles on roles.oid = refobjid"
        " where refclassid = 'pg_authid'::regclass and deptype in ('a', 'r')"
        " and dbid = (select oid from pg_database where datname = current_database())"
        " and rolname <> current_user and rolname not like 'pg\\_%' order by 1"
    ).fetchall()


def add_role(connection: Server, name: str, *, is_ours: bool) -> None:
    """Make a role that can't sign in, unless it is there; let us act as it if that was so.

    Who made a role isn't allowed to act as it by that alone, unless a superuser.
    """
    known = connection.execute("select 1 from pg_roles where rolname = %s", [name]).fetchone()
    if known is None:
        connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))
    member = connection.execute(
        "select pg_has_role(current_user, %s, 'set') as is_ours", [name]
    ).fetchone()
    if is_ours and member is not None and not member["is_ours"]:
        connection.execute(
            sql.SQL("grant {} to current_user with inherit false, set true").format(
                sql.Identifier(name)
            )
        )


def relations(connection: Server) -> list[str]:
    """Return the tables and views that are not an extension's."""
    found = connection.execute(
        "select relname as name from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
        " and not relispartition and not exists (select 1 from pg_depend"
        " where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype = 'e')"
        " order by 1"
    )
    return [one["name"] for one in found]


def counts(connection: Server) -> dict[str, int]:
    """Return how many rows each table and view has."""
    counted = {}
    for name in relations(connection):
        query = sql.SQL("select count(*) as found from {}").format(sql.Identifier("public", name))
        found = connection.execute(query).fetchone()
        assert found is not None  # noqa: S101 - a count has a row
        counted[name] = int(found["found"])
    return counted


def timescaledb_versions(connection: Server) -> list[str]:
    """Return the versions of TimescaleDB that this server could run."""
    found = connection.execute(
        "select version from pg_available_extension_versions where name = 'timescaledb'"
    )
    return [one["version"] for one in found]


def begin_timescaledb(connection: Server, version: str) -> None:
    """Prepare the database to take in tables of TimescaleDB.

    Source: TimescaleDB documentation, "Logical backups with pg_dump and pg_restore".
    """
    connection.execute(
        sql.SQL("create extension if not exists timescaledb version {}").format(
            sql.Literal(version)
        )
    )
    connection.execute("select timescaledb_pre_restore()")


def end_timescaledb(connection: Server) -> None:
    """Give the database back to TimescaleDB's own work."""
    connection.execute("select timescaledb_post_restore()")
