# SPDX-License-Identifier: EUPL-1.2
"""The app: what goes over the line when a building is opened for the first and the second time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, async_playwright

from tests.benchmark.figures import Figure, Figures
from tests.e2e.app_page import PHONE
from tests.e2e.conftest import FLAGS
from tests.fakes.fake_cloud_api import EMAIL, PASSWORD, FakeCloud, running
from tests.needs import program

BUILDING = "#/premises/mladost-17"
CHARTED = "[data-chart] .uplot"
SETTLING_S = 3  # the worker keeps what the page had already; anything more it asks for is counted
TIMEOUT_MS = 60_000
_CONTROLLED = "() => Boolean(navigator.serviceWorker.controller)"


class Line:
    """Carries connections to a server and counts the bytes that come back, heads and all."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.down_bytes = 0
        self._carrying: set[asyncio.Task[None]] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        theirs, ours = await asyncio.open_connection(*self._target)
        up = asyncio.create_task(self._pass(reader, ours, counts=False))
        self._carrying.add(up)
        up.add_done_callback(self._carrying.discard)
        await self._pass(theirs, writer, counts=True)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        try:
            while part := await reader.read(65536):
                if counts:
                    self.down_bytes += len(part)
                writer.write(part)
                await writer.drain()
        except ConnectionError:
            pass  # the browser closes connections as it likes
        finally:
            writer.close()


@asynccontextmanager
async def counted(address: str) -> AsyncIterator[tuple[Line, str]]:
    """Give a counted line to a server, and the address at its near end."""
    parts = urlsplit(address)
    line = Line(str(parts.hostname), int(parts.port or 80))
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield line, f"http://127.0.0.1:{port}"
    finally:
        server.close()


async def transferred(place: BrowserContext, line: Line, address: str) -> tuple[int, int]:
    """Return the bytes that the first opening of a building took, and the second."""
    await place.request.post(
        f"{address}/api/v1/session", data={"email": EMAIL, "password": PASSWORD}
    )
    took: list[int] = []
    for _ in range(2):
        before = line.down_bytes
        page = await place.new_page()
        await page.goto(f"{address}/{BUILDING}", timeout=TIMEOUT_MS)
        await page.wait_for_selector(CHARTED, timeout=TIMEOUT_MS)
        await page.wait_for_function(_CONTROLLED, timeout=TIMEOUT_MS)
        await asyncio.sleep(SETTLING_S)
        took.append(line.down_bytes - before)
        await page.close()
    return took[0], took[1]


async def measure() -> Figures:
    """Open a building twice and count."""
    with running(FakeCloud()) as served:
        async with counted(served) as (line, address), async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program("chromium"), args=list(FLAGS)
            )
            settings: dict[str, Any] = {"viewport": PHONE, "locale": "bg-BG"}
            place = await browser.new_context(**settings)
            first, second = await transferred(place, line, address)
            await browser.close()
    return [
        Figure("app_first_load_kb", first / 1000, "all bytes of a first opening; at most 150"),
        Figure("app_second_load_kb", second / 1000, "all bytes of the next one; at most 10"),
    ]
