# SPDX-License-Identifier: EUPL-1.2
"""PostgreSQL's own programs: pg_dump and pg_restore, with the password out of everybody's sight."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cloud.kit.errors import CloudError
from cloud.kit.postgres_processes import BINARIES

LOCK_WAIT = "--lock-wait-timeout=30s"  # a dump that waits holds up migrations behind it


class PostgresToolError(CloudError):
    """A program of PostgreSQL is missing, too old, or failed."""

    code = "postgres-tool"


class PostgresTools:
    """The programs of ``directory``, else the embedded server's, else those on the path."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory or (BINARIES if BINARIES.exists() else None)

    def require(self, server_major: int) -> None:
        """Raise PostgresToolError unless they know a server of this version."""
        said = subprocess.run(
            [self._program("pg_dump"), "--version"], capture_output=True, text=True, check=True
        ).stdout
        major = int("".join(c if c.isdigit() else " " for c in said).split()[0])
        if major < server_major:
            raise PostgresToolError(
                f"pg_dump is of PostgreSQL {major}, the server of {server_major}; install"
                f" postgresql-client-{server_major} and name its folder in CLOUD_POSTGRES_BIN."
            )

    @contextmanager
    def dumping(self, dsn: str) -> Iterator[IO[bytes]]:
        """Yield a dump in PostgreSQL's custom format; raise PostgresToolError if it failed."""
        command = ["pg_dump", "--format=custom", "--no-owner", LOCK_WAIT]
        with self._running(command, dsn, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101 - asked for
            yield process.stdout

    @contextmanager
    def restoring(self, dsn: str, *, at_once: bool) -> Iterator[IO[bytes]]:
        """Yield where to write a dump to; ``at_once``: all of it or, if it fails, nothing."""
        command = ["pg_restore", "--no-owner", "--exit-on-error", "--dbname", ""]
        command += ["--single-transaction"] if at_once else []
        with self._running(command, dsn, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None  # noqa: S101 - asked for
            yield process.stdin
            process.stdin.close()

    def contents(self, dump: Path) -> int:
        """Return how many things a dump tells of; raise PostgresToolError if it is none."""
        said = subprocess.run(
            [self._program("pg_restore"), "--list", dump],
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode != 0:
            raise PostgresToolError(f"The dump can't be read: {said.stderr.strip()[-300:]}")
        return sum(1 for line in said.stdout.splitlines() if line and not line.startswith(";"))

    @contextmanager
    def _running(
        self, command: list[str], dsn: str, *, stdin: int | None = None, stdout: int | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        told = conninfo_to_dict(dsn)
        password = told.pop("password", None)
        environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
        arguments = [self._program(command[0]), *command[1:]]
        address = make_conninfo("", **told)
        if "" in arguments:
            arguments[arguments.index("")] = address
        else:
            arguments.append(f"--dbname={address}")
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                arguments,
                stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=stdout if stdout is not None else subprocess.DEVNULL,
                stderr=errors,
                env=environment,
            )
            try:
                yield process
            except BrokenPipeError:
                process.wait()  # it ended early, and said why
            except BaseException:
                process.kill()
                process.wait()
                raise
            if process.wait() != 0:
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip()
                raise PostgresToolError(f"{command[0]} failed: {' '.join(said.split())[-500:]}")

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=str(self._directory) if self._directory else None)
        if found is None:
            raise PostgresToolError(f"{name} is not there; name its folder in CLOUD_POSTGRES_BIN.")
        return found
