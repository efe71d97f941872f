# SPDX-License-Identifier: EUPL-1.2
"""A node as a process: started, crashed, cut off from power, Wi-Fi and time as a test wants it."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import psutil
import structlog

from simulators.virtual_node.console import console
from simulators.virtual_node.ledger import Journaled, journaled
from simulators.virtual_node.pulse_input import PulseInput

log = structlog.get_logger()

DEVICE = Path(__file__).parent / "device"
REPOSITORY = Path(__file__).parents[2]  # where wire and firmware lie
MICROPYTHON = Path(sys.executable).parent / "micropython"
HEAP = "120wk"  # 64-bit words: what 120 KB are to an ESP32
INPUTS = 2

_RESET_CAUSES = {3: "soft", 4: "watchdog"}  # by exit status; device/board.py says the same
_STOP_S = 5.0


class VirtualNode:
    """The node whose flash and world lie in ``directory``; provisioned before it is started.

    ``uart`` is the terminal that its RS-485 side is wired to.
    """

    def __init__(self, directory: Path, *, uart: Path | str | None = None) -> None:
        self.directory = directory.absolute()
        self._world = self.directory / "world"
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._is_killed = False
        self._wifi = True
        self._uart = uart
        self._reset_cause = "power_on"
        (self._world / "attic").mkdir(parents=True, exist_ok=True)
        (self.directory / "flash").mkdir(exist_ok=True)
        self._inputs = [PulseInput(self._world, number) for number in range(INPUTS)]

    @property
    def is_running(self) -> bool:
        """True while there is a process, also in the moment between a reset and its next start."""
        return self._watch is not None and not self._watch.done() and not self._is_killed

    @property
    def process_id(self) -> int | None:
        """The process, or None."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def resident_bytes(self) -> int:
        """Return the resident memory of the process."""
        return int(psutil.Process(self.process_id).memory_info().rss)

    async def start(self) -> None:
        """Give the node power."""
        if self.is_running:
            raise RuntimeError(f"{self.directory.name} is already running.")
        await self._gone()
        self._is_killed = False
        await self._spawn()
        self._watch = asyncio.create_task(self._keep(), name=f"node {self.directory.name}")

    async def stop(self) -> None:
        """End the process for good, politely; to the node it is a crash all the same."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        if not await self._gone(_STOP_S):
            self.kill()
            await self._gone()

    def kill(self) -> None:
        """Crash the node with SIGKILL; its counters go on, its RTC too."""
        if self.process_id is not None and self._process is not None:
            self._process.kill()
        self._is_killed = True
        self._reset_cause = "other"

    async def cut_power(self) -> None:
        """Take the node's supply away: its RTC forgets, its counters have a cell of their own."""
        self.kill()
        await self._gone()
        self._reset_cause = "power_on"
        (self._world / "rtc").unlink(missing_ok=True)

    async def restart(self) -> None:
        """Crash, if it is still running, and start."""
        self.kill()
        await self._gone()
        await self.start()

    def set_wifi(self, is_up: bool) -> None:
        """Cut the node's Wi-Fi, or let it through again."""
        self._wifi = is_up
        self._tell()

    def set_uart(self, uart: Path | str | None) -> None:
        """Wire the RS-485 side to another terminal; in force when the node next opens it."""
        self._uart = uart
        self._tell()

    def set_rtc(self, unix_s: int | None) -> None:
        """Set the node's RTC, rightly or wrongly; None: it was never set."""
        path = self._world / "rtc"
        if unix_s is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(str(unix_s - int(time.time())))

    def pulse_input(self, number: int) -> PulseInput:
        """Return the input to which a meter's contact is wired."""
        return self._inputs[number]

    def journaled(self) -> Iterator[Journaled]:
        """Yield every message that was ever durably journaled, by key."""
        return journaled(self.directory)

    @staticmethod
    def repl(directory: Path) -> AbstractAsyncContextManager[str]:
        """Return a serial console on the node's flash: the path of a terminal, for mpremote."""
        (directory / "flash").mkdir(parents=True, exist_ok=True)
        return console(MICROPYTHON, directory / "flash")

    async def _spawn(self) -> None:
        self._write_conditions()
        environment = {**os.environ, "MICROPYPATH": f"{DEVICE}:.frozen:{REPOSITORY}"}
        options: list[str | Path] = ["-X", f"heapsize={HEAP}", DEVICE / "main.py"]
        with (self._world / "log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                MICROPYTHON,
                *options,
                self.directory,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,  # Ctrl-C is for us; the node ends when its stdin does
            )

    async def _keep(self) -> None:
        """Start the process again whenever the board resets itself."""
        while self._process is not None:
            status = await self._process.wait()
            if self._is_killed or status not in _RESET_CAUSES:
                return
            self._reset_cause = _RESET_CAUSES[status]
            log.warning("node_reset", node=self.directory.name, cause=self._reset_cause)
            await self._spawn()

    async def _gone(self, limit_s: float | None = None) -> bool:
        """Wait for the process to end; False if it has not after ``limit_s``."""
        if self._watch is None:
            return True
        done, _ = await asyncio.wait([self._watch], timeout=limit_s)
        return bool(done)

    def _tell(self) -> None:
        self._write_conditions()
        process = self._process
        if self.process_id is not None and process is not None and process.stdin is not None:
            process.stdin.write(b"!")

    def _write_conditions(self) -> None:
        conditions = {
            "wifi": self._wifi,
            "uart": str(self._uart) if self._uart is not None else None,
            "reset_cause": self._reset_cause,
        }
        path = self._world / "conditions.json"
        path.with_suffix(".new").write_text(json.dumps(conditions))
        path.with_suffix(".new").replace(path)
