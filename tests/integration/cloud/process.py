# SPDX-License-Identifier: EUPL-1.2
"""The real ``iskar-cloud serve`` as a process that a test may kill."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from cloud.kit.postgres_processes import processes_in

START_S = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class CloudProcess:
    """The program, with its data in ``directory``; ``settings`` are further variables."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.port = _free_port()
        self.environment = {
            **os.environ,
            "CLOUD_DATA_DIR": str(directory),
            "CLOUD_HTTP_PORT": str(self.port),
            **settings,
        }
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self.directory / "serve.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "cloud", "serve"),
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    async def run(self, *arguments: str) -> dict[str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cloud", *arguments),
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        answer: dict[str, str] = json.loads(said)
        return answer

    async def until_ready(self) -> None:
        async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/health/ready")).status_code == 200:
                        return
                assert self._process is not None
                assert self._process.returncode is None, (self.directory / "serve.log").read_text()
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    def kill_postgres(self) -> None:
        pid = self.postgres_pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def postgres_pid(self) -> int | None:
        lock = self.directory / "postgres" / "data" / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError):
            pid = int(lock.read_text().split()[0])
            return pid if pid in processes_in(self.cluster) else None
        return None

    @property
    def cluster(self) -> Path:
        return (self.directory / "postgres" / "data").resolve()

    async def stop(self) -> float:
        """Stop it as Ctrl-C does and return how long that took."""
        assert self._process is not None
        begun = asyncio.get_running_loop().time()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        return asyncio.get_running_loop().time() - begun


@asynccontextmanager
async def two_clouds(
    directory: Path, database_url: str, **settings: str
) -> AsyncIterator[list[CloudProcess]]:
    """Yield two processes that answer, on one database."""
    running = [
        CloudProcess(directory / name, CLOUD_DATABASE_URL=database_url, **settings)
        for name in ("a", "b")
    ]
    try:
        for one in running:
            one.directory.mkdir()
            await one.start()
            await one.until_ready()
        yield running
    finally:
        for one in running:
            await one.stop()
