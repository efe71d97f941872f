# SPDX-License-Identifier: EUPL-1.2
"""A real time-series server that speaks InfluxDB's write API."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx

from tests.gateway_process import port_open


class VictoriaMetrics:
    """One server on one port, with what it was written."""

    def __init__(self, program: Path, data_dir: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._command = [
            str(program),
            f"-storageDataPath={data_dir}",
            f"-httpListenAddr=127.0.0.1:{port}",
            "-memory.allowedBytes=64MB",
            "-loggerLevel=ERROR",
        ]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stderr=subprocess.DEVNULL
        )
        await port_open(self._port)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()
            self._process = None

    async def series(self, name: str, at_least: int = 1) -> list[dict[str, Any]]:
        """Return the series called ``name`` once they hold so many samples together."""
        async with asyncio.timeout(20), httpx.AsyncClient(base_url=self.url) as http:
            while True:
                await http.get("/internal/force_flush")
                answer = await http.get("/api/v1/export", params={"match[]": name})
                found = [json.loads(line) for line in answer.text.splitlines()]
                if sum(len(one["values"]) for one in found) >= at_least:
                    return found
                await asyncio.sleep(0.1)
