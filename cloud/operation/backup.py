# SPDX-License-Identifier: EUPL-1.2
"""Backup: the database and the keys beside it in one file, sealed, and looked through afterwards.

Without the keys of the data directory (the certificate authority's above all) a restored database
is worth little: every gateway and node would have to be enrolled again.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cloud import migrations
from cloud.kit.errors import CloudError
from cloud.operation import archive, backup_repository
from cloud.operation.archive import ArchiveError, ArchiveWriter
from cloud.operation.postgres_tools import PostgresTools
from cloud.operation.sealing import Sealer, Unsealer

FORMAT = 1
NAME = "iskar-{at:%Y%m%dT%H%M%SZ}.backup"
PATTERN = "iskar-*Z.backup"
# The embedded server's own files are in the dump; locks and what is half-written are nothing.
LEFT_OUT = ("postgres",)
PASSING = ("lock", ".new", ".partial")


class BackupError(CloudError):
    """A backup can't be made, and none was left behind half-done."""

    code = "backup"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a look through a backup found: it is whole, and can be read to its end."""

    about: dict[str, Any]
    is_encrypted: bool
    files: list[str]
    dump_bytes: int
    entries: int  # in the dump's table of contents

    def told(self) -> dict[str, object]:
        """Return it for people and programs."""
        return {
            **self.about,
            "encrypted": self.is_encrypted,
            "files": len(self.files),
            "dump_bytes": self.dump_bytes,
            "entries": self.entries,
        }


def back_up(
    dsn: str,
    data_dir: Path,
    target: Path,
    passphrase: str | None,
    now: datetime,
    tools: PostgresTools,
) -> Seen:
    """Write a backup to ``target`` and look through it; it is there whole or not at all."""
    if target.exists():
        raise BackupError(f"{target} is there already; a backup never writes over another.")
    with backup_repository.connected(dsn) as connection:
        server = backup_repository.server(connection)
        about = {
            "format": FORMAT,
            "made_at": now.isoformat(timespec="seconds"),
            "release": version("iskar"),
            "schema": migrations.revision(dsn),
            "postgres": server["major"],
            "timescaledb": server["timescaledb"],
            "roles": backup_repository.roles(connection),
        }
    if about["schema"] is None:
        raise BackupError("The database is empty; there is nothing to back up.")
    tools.require(server["major"])
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        _write(partial, dsn, data_dir, about, passphrase, tools)
        seen = look_through(partial, passphrase, tools)
        partial.rename(target)
        _sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return seen


def look_through(file: Path, passphrase: str | None, tools: PostgresTools) -> Seen:
    """Read a backup to its end, or raise what is wrong with it."""
    about: dict[str, Any] | None = None
    files: list[str] = []
    dump_bytes = 0
    with file.open("rb") as source, tempfile.NamedTemporaryFile() as head:
        unsealer = Unsealer(source, passphrase)
        for name, content in archive.members(unsealer):
            if name == archive.ABOUT:
                about = json.loads(content)
            elif name.startswith(archive.FILES):
                files.append(name.removeprefix(archive.FILES))
            elif name.startswith(archive.DATABASE):
                if not dump_bytes:  # its table of contents; the rest is as the sums say
                    head.write(content)
                    head.flush()
                dump_bytes += len(content)
        entries = tools.contents(Path(head.name)) if dump_bytes else 0
    if about is None or not entries:
        raise ArchiveError("The backup is damaged: it holds no database.")
    if about["format"] != FORMAT:
        raise ArchiveError(f"The backup is of format {about['format']}, made by a later release.")
    return Seen(
        about=about,
        is_encrypted=unsealer.is_encrypted,
        files=files,
        dump_bytes=dump_bytes,
        entries=entries,
    )


def in_directory(directory: Path) -> list[Path]:
    """Return the backups of a directory, the newest first."""
    return sorted(directory.glob(PATTERN), reverse=True)


def newest(chosen: Path) -> Path:
    """Return the file that is chosen, of a directory the newest backup."""
    if not chosen.is_dir():
        return chosen
    found = in_directory(chosen)
    if not found:
        raise BackupError(f"{chosen} holds no backup.")
    return found[0]


def forget_old(directory: Path, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` backups of a directory, and return those removed."""
    old = in_directory(directory)[keep:]
    for one in old:
        one.unlink()
    return old


def _write(
    partial: Path,
    dsn: str,
    data_dir: Path,
    about: dict[str, Any],
    passphrase: str | None,
    tools: PostgresTools,
) -> None:
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, archive.MODE)
    with os.fdopen(descriptor, "wb") as output:
        sealer = Sealer(output, passphrase)
        writer = ArchiveWriter(sealer)
        writer.add(archive.ABOUT, json.dumps(about).encode())
        with tools.dumping(dsn) as dump:
            writer.add_stream(archive.DATABASE, dump)
        for name, file in _files(data_dir):
            writer.add(f"{archive.FILES}{name}", file.read_bytes())
        writer.close()
        sealer.close()
        output.flush()
        os.fsync(output.fileno())


def _files(folder: Path, inside: str = "") -> Iterator[tuple[str, Path]]:
    """Yield what is kept beside the database: keys and certificates, also behind links."""
    for path in sorted(folder.iterdir()):
        name = f"{inside}{path.name}"
        if name in LEFT_OUT or path.name.endswith(PASSING) or path.match(PATTERN):
            continue
        if path.is_symlink():
            _check_link(path)
        if path.is_dir():
            yield from _files(path, f"{name}/")
        elif path.is_file():
            yield name, path


def _check_link(path: Path) -> None:
    """Raise BackupError for a link that leads nowhere, or to a folder that the link is in."""
    if not path.exists():
        raise BackupError(f"{path} is a link that leads nowhere; mend it or remove it.")
    if path.resolve() in path.parent.resolve().parents or path.samefile(path.parent):
        raise BackupError(f"{path} is a link to a folder that holds it; remove it.")


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
