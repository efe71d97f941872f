# SPDX-License-Identifier: EUPL-1.2
"""Programs of the chain as child processes: started, killed, started again, as systemd would."""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import structlog

from simulators.errors import NotReadyError, ProgramFailedError

log = structlog.get_logger()

RESTART_DELAY_S = 0.5
POLL_S = 0.05
QUICK_DEATH_S = 5.0
POSTGRES_PATIENCE_S = 120.0  # a server that was killed often has much to recover
_PR_SET_PDEATHSIG = 1
_STATUS_LINE = 7  # of postmaster.pid, counted from 0 (PostgreSQL, miscadmin.h)
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the simulator dies, so that none of its children stays."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """One supervised child process; its output goes to a log file.

    A death that nobody asked for is followed by a start after ``RESTART_DELAY_S``; after five
    within seconds of their start it stays dead, and ``check`` raises ProgramFailedError, which
    quotes the log.
    """

    max_quick_deaths = 5

    def __init__(
        self, name: str, command: Sequence[str | Path], log_file: Path, env: Mapping[str, str]
    ) -> None:
        self.name = name
        self.starts = 0
        self._command = [str(word) for word in command]
        self._log_file = log_file
        self._env = {**os.environ, **env}
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._striking = asyncio.Lock()
        self._quick_deaths = 0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def start(self) -> None:
        """Start and supervise until ``stop``."""
        await self._spawn()
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervise {self.name}")

    def check(self) -> None:
        """Raise what ended the supervision, if it has ended: the program is not kept running."""
        if self._supervisor is not None and self._supervisor.done():
            self._supervisor.result()

    def forgive(self) -> None:
        """Count its next quick death as the first: what it needs was struck, and is to blame."""
        self._quick_deaths = 0

    async def kill(self, signal_number: int = signal.SIGKILL) -> None:
        """Send a signal, by default the one that can't be caught; return when the process is gone.

        Where none runs it waits for the next one, and two kills never share a process.
        """
        async with self._striking:
            while self.pid is None:
                self.check()
                await asyncio.sleep(POLL_S)
            assert self._process is not None  # noqa: S101 - it has a pid
            self._process.send_signal(signal_number)
            await self._process.wait()

    async def stop(self, grace_s: float = 15.0) -> None:
        """Ask it to end, and kill it when it has not after ``grace_s``."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            log.warning("program_killed_at_stop", program=self.name, after_s=grace_s)
            process.kill()
            await process.wait()

    async def _spawn(self) -> None:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                start_new_session=True,  # Ctrl-C is ours; children are stopped in order
                preexec_fn=die_with_parent,
            )
        self.starts += 1

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            assert self._process is not None  # noqa: S101 - set by _spawn
            born = loop.time()
            status = await self._process.wait()
            # A kill from outside is a fault being played; an exit of its own within seconds is not.
            own_fault = status > 0 and loop.time() - born < QUICK_DEATH_S
            self._quick_deaths = self._quick_deaths + 1 if own_fault else 0
            log.info("program_ended", program=self.name, status=status)
            if self._quick_deaths >= self.max_quick_deaths:
                raise ProgramFailedError(self.name, status, self._log_file)
            await asyncio.sleep(RESTART_DELAY_S)
            await self._spawn()


async def kill_postgres(cluster: Path) -> int:
    """Kill the database server that works in ``cluster``; return its process id once it is gone.

    It is its cloud's child, not ours. Where none runs, this waits until the next one is ready, or
    its cloud might never come to start one.
    """
    try:
        async with asyncio.timeout(POSTGRES_PATIENCE_S):
            server = _postgres(cluster)
            while server is None:
                await asyncio.sleep(POLL_S)
                server = _postgres(cluster, is_ready=True)
            with contextlib.suppress(psutil.NoSuchProcess):
                server.kill()
            while _postgres(cluster) == server:
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise NotReadyError(
            "PostgreSQL", POSTGRES_PATIENCE_S, "Look at cloud.log in the data directory."
        ) from None
    return server.pid


def _postgres(cluster: Path, *, is_ready: bool = False) -> psutil.Process | None:
    """Return the live server named in the lock file, which outlives a killed one."""
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
        lock = (cluster / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lock[0]))
        if is_ready and lock[_STATUS_LINE].strip() != "ready":
            return None
        if process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


async def run_to_end(
    command: Sequence[str | Path], env: Mapping[str, str] | None = None, timeout_s: float = 120.0
) -> str:
    """Return what a program printed once it ended well, or raise ProgramFailedError."""
    words = [str(word) for word in command]
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
        preexec_fn=die_with_parent,
    )
    try:
        async with asyncio.timeout(timeout_s):
            printed, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ProgramFailedError(
            " ".join(words[:2]), process.returncode, None, complaints.decode(errors="replace")
        )
    return printed.decode()
