# SPDX-License-Identifier: EUPL-1.2
"""Programs under measurement: what they hold and write, over all restarts."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from simulators import processes
from simulators.errors import NotReadyError
from simulators.processes import Program

SAMPLE_S = 0.1
_START_S = 60.0
_NO_LIMIT = psutil.RLIM_INFINITY


class Measured(Program):
    """A supervised program whose memory and writes are watched, and whose disk can be full.

    Its output comes through a pipe, as the journal of a systemd machine takes it: a full disk
    is no reason to be unable to speak. However often it ends, it is started again.
    """

    max_quick_deaths = (
        10_000  # as systemd with StartLimitIntervalSec=0: a disk may be full for long
    )

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log_file: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
    ) -> None:
        super().__init__(name, command, log_file, env)
        self.held_bytes = 0  # of memory, now
        self.is_disk_full = False
        self._cwd = cwd
        self._written_before = 0  # by processes that are gone
        self._written_now = 0
        self._listening: asyncio.Task[None] | None = None

    @property
    def written_bytes(self) -> int:
        """How much all its processes made the disk write, as the kernel counts it."""
        return self._written_before + self._written_now

    def sample(self) -> None:
        """Look at the process that runs now, and limit it if the disk is full."""
        if self.pid is None:
            self.held_bytes = 0
            return
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            limit = 0 if self.is_disk_full else _NO_LIMIT
            if process.rlimit(psutil.RLIMIT_FSIZE)[0] != limit:
                process.rlimit(psutil.RLIMIT_FSIZE, (limit, _NO_LIMIT))
            self._written_now = process.io_counters().write_bytes
            self.held_bytes = process.memory_info().rss

    async def has_said(self, words: str) -> None:
        """Wait until its log holds ``words``, or raise NotReadyError."""
        try:
            async with asyncio.timeout(_START_S):
                while not (self._log_file.exists() and words in self._log_file.read_text()):
                    await asyncio.sleep(SAMPLE_S)
        except TimeoutError:
            raise NotReadyError(self.name, _START_S, f"Look at {self._log_file}.") from None

    async def kill(self, signal_number: int = signal.SIGKILL) -> None:
        """Measure it once more, then kill it as ``Program`` does."""
        self.sample()
        await super().kill(signal_number)

    async def _spawn(self) -> None:
        self._written_before += self._written_now
        self._written_now = 0
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        if self._cwd is not None:
            self._cwd.mkdir(parents=True, exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
            preexec_fn=processes.die_with_parent,
            restore_signals=False,  # SIGXFSZ stays ignored: a full disk is an error, not a death
        )
        self._listening = asyncio.create_task(self._listen(self._process))
        self.starts += 1

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with self._log_file.open("ab", buffering=0) as log:
            while heard := await process.stdout.read(65536):
                log.write(heard)


class Watch:
    """Looks at the programs of one machine again and again; ``peak_bytes`` is of them together."""

    def __init__(self, programs: Sequence[Measured]) -> None:
        self.peak_bytes = 0
        self._programs = programs

    @property
    def written_bytes(self) -> int:
        """How much all of them made the disk write."""
        return sum(program.written_bytes for program in self._programs)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            for program in self._programs:
                program.sample()
                program.check()
            self.peak_bytes = max(self.peak_bytes, sum(one.held_bytes for one in self._programs))
            await asyncio.sleep(SAMPLE_S)


@contextlib.contextmanager
def frozen(root: int, name: str) -> Iterator[None]:
    """Stop the process ``root`` and those below it that are called ``name``, and let them go on.

    Their connections stay and nothing answers: what a client sees of a server that hangs.
    """
    stopped = list(_family(root, name))
    for process in stopped:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


def _family(root: int, name: str) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(root)
        yield first
        yield from (child for child in first.children(recursive=True) if child.name() == name)
