# SPDX-License-Identifier: EUPL-1.2
"""Restore: a backup into an empty database and an empty data directory, all of it or nothing.

The whole backup is looked through before anything is written. Into what is not empty nothing is
restored: that would be a mixture of two clouds.
"""

import os
from pathlib import Path
from typing import Any

import psycopg
import structlog

from cloud import migrations
from cloud.kit.errors import CloudError
from cloud.operation import archive, backup_repository
from cloud.operation.backup import Seen, look_through
from cloud.operation.postgres_tools import PostgresTools
from cloud.operation.sealing import Unsealer

log = structlog.get_logger(__name__)


class RestoreError(CloudError):
    """A backup can't be restored here; what is here is as it was."""

    code = "restore"


def restore(
    file: Path, passphrase: str | None, dsn: str, data_dir: Path, tools: PostgresTools
) -> dict[str, object]:
    """Restore ``file`` and bring it to this release's schema; return what is there now."""
    seen = look_through(file, passphrase, tools)
    with backup_repository.connected(dsn) as connection:
        _refuse(seen, connection, data_dir)
        _add_roles(connection, seen.about["roles"])
        timescaledb = seen.about["timescaledb"]
        if timescaledb is not None:
            backup_repository.begin_timescaledb(connection, timescaledb)
    _fill(file, passphrase, dsn, tools, at_once=timescaledb is None)
    with backup_repository.connected(dsn) as connection:
        if timescaledb is not None:
            backup_repository.end_timescaledb(connection)
        rows = backup_repository.counts(connection)
    _lay_down(file, passphrase, data_dir)
    migrations.upgrade(dsn)
    log.info("restored", made_at=seen.about["made_at"], schema=seen.about["schema"])
    return {**seen.told(), "rows": rows}


def _refuse(seen: Seen, connection: backup_repository.Server, data_dir: Path) -> None:
    about = seen.about
    if about["schema"] > migrations.NEWEST:
        raise RestoreError(
            f"The backup was made by release {about['release']} (schema {about['schema']}); this"
            f" one knows schemas up to {migrations.NEWEST}. Install that release or a later one."
        )
    server = backup_repository.server(connection)
    if server["major"] < about["postgres"]:
        raise RestoreError(
            f"The backup is of PostgreSQL {about['postgres']}, this server is {server['major']}."
        )
    there = backup_repository.relations(connection)
    if there:
        raise RestoreError(
            f"The database is not empty (it has {', '.join(there[:3])}…). Restore into a new one:"
            " `createdb` it and set CLOUD_DATABASE_URL, or set CLOUD_DATA_DIR to a new directory."
        )
    known = [name for name in seen.files if (data_dir / name).exists()]
    if known:
        raise RestoreError(f"{data_dir} is not empty: it has {', '.join(known[:3])}.")
    wanted = about["timescaledb"]
    if wanted is not None:
        offered = backup_repository.timescaledb_versions(connection)
        if wanted not in offered:
            raise RestoreError(
                f"The backup needs TimescaleDB {wanted}; this server has"
                f" {', '.join(offered) or 'none'}. Install that version, restore, then update it."
            )


def _add_roles(connection: backup_repository.Server, roles: list[dict[str, Any]]) -> None:
    for one in roles:
        try:
            backup_repository.add_role(connection, one["name"], is_ours=one["is_ours"])
        except psycopg.errors.InsufficientPrivilege as error:
            me = connection.info.user
            raise RestoreError(
                f"The database's rights name the role {one['name']}, and {me} may not make it. Let"
                f" an administrator run: create role {one['name']} nologin; grant {one['name']} to"
                f" {me} with inherit false, set true;"
            ) from error


def _fill(
    file: Path, passphrase: str | None, dsn: str, tools: PostgresTools, *, at_once: bool
) -> None:
    with file.open("rb") as source, tools.restoring(dsn, at_once=at_once) as dump:
        for name, content in archive.members(Unsealer(source, passphrase)):
            if name.startswith(archive.DATABASE):
                dump.write(content)


def _lay_down(file: Path, passphrase: str | None, data_dir: Path) -> None:
    """Write the files, each whole, readable by us alone."""
    with file.open("rb") as source:
        for name, content in archive.members(Unsealer(source, passphrase)):
            if not name.startswith(archive.FILES):
                continue
            path = data_dir / name.removeprefix(archive.FILES)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = path.with_name(f"{path.name}.new")
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, archive.MODE)
            with os.fdopen(descriptor, "wb") as output:
                output.write(content)
                output.flush()
                os.fsync(output.fileno())
            beside.rename(path)
