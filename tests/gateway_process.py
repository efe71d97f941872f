# SPDX-License-Identifier: EUPL-1.2
"""The real programs that the gateway's integration tests start: itself and Mosquitto."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.gateway_builders import GATEWAY, SITE


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Program:
    """One command of ``iskar-gateway``, started, killed and started again."""

    def __init__(
        self, command: str, data_dir: Path, *, log: Path | None = None, **settings: Any
    ) -> None:
        told = {"ID": GATEWAY, "SITE": SITE, "DATA_DIR": data_dir, **settings}
        self.data_dir = data_dir
        self._command = command
        self._environment = os.environ | {f"GATEWAY_{name}": str(told[name]) for name in told}
        self._environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = log or data_dir / f"{command}.log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge_gateway", self._command],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it without notice, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if self._process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        status = self._process.wait(20)
        self._process = None
        return status

    def status(self) -> dict[str, Any]:
        told = [sys.executable, "-m", "edge_gateway", "status", "--data-dir", str(self.data_dir)]
        printed = subprocess.run(told, env=self._environment, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(printed.stdout)
        return found


async def port_open(port: int, within_s: float = 15) -> None:
    """Wait until somebody listens."""
    deadline_s = time.monotonic() + within_s
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < deadline_s, f"Nobody listens on {port}."
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
