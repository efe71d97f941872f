# SPDX-License-Identifier: EUPL-1.2
"""The app live: from a gateway's batch to the frame that shows its register, on the real cloud.

Cloud, PostgreSQL (which syncs), the gateway's part and the browser share the machine's cores; the
cloud runs its jobs and reviews meanwhile. Times are by the one system clock.
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright

from cloud import migrations
from cloud.app.services import Services
from cloud.app.serving import listen, serve
from cloud.kit.auth.rights import Role
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.settings import CloudSettings
from tests.benchmark.figures import Figure, Figures
from tests.e2e.app_page import PHONE
from tests.e2e.conftest import FLAGS
from tests.integration.cloud.builders import COLD, Caller, a_telegram, register
from tests.needs import program

READINGS = 200
PAUSE_S = 0.25  # on average, at random, so that no rhythm of the cloud's is met or missed
PATIENCE_S = 20
DIAL = "[data-service-point=sp-one] .dial"
EMAIL = "owner@example.bg"
_chance = random.Random(1)  # noqa: S311 - not a secret
# When the frame that follows a dial's change is drawn, in ms of Unix time, by register.
WATCH = """(selector) => {
  window.shownAt = {};
  const dial = document.querySelector(selector);
  new MutationObserver(() => {
    const register = dial.dataset.register;
    requestAnimationFrame(() => {
      window.shownAt[register] ??= performance.timeOrigin + performance.now();
    });
  }).observe(dial, { attributes: true, attributeFilter: ["data-register"] });
}"""


@asynccontextmanager
async def running_cloud(folder: Path) -> AsyncIterator[tuple[Services, str]]:
    """Run a cloud with its background work; give its services and address."""
    postgres = EmbeddedPostgres(folder / "pg", {})
    await postgres.start(must_own=True)
    try:
        await asyncio.to_thread(migrations.upgrade, postgres.dsn)
        bound = listen("127.0.0.1", 0, "-")
        url = f"http://localhost:{bound.getsockname()[1]}"
        settings = CloudSettings(data_dir=folder, public_url=url)
        async with Services.opened(settings, postgres.dsn) as services:
            tasks = [
                asyncio.create_task(serve(services, bound, None)),
                asyncio.create_task(services.run()),
            ]
            yield services, url
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await postgres.stop()


async def send_and_watch(page: Page, gateway: Caller) -> list[float]:
    """Return how long each reading took to be on the screen, itself or a newer one, in s."""
    sent: dict[int, float] = {}
    for sequence in range(2, READINGS + 2):
        await asyncio.sleep(_chance.uniform(0, 2 * PAUSE_S))
        count = sequence * 1000
        entry = a_telegram(sequence, at=datetime.now(UTC), registers={COLD: count})
        sent[count] = time.time()
        await gateway.send(entry)
    await page.wait_for_function(
        "(last) => last in window.shownAt", arg=str(max(sent)), timeout=PATIENCE_S * 1000
    )
    shown = {int(count): at for count, at in (await page.evaluate("window.shownAt")).items()}
    return [
        min(at for newer, at in shown.items() if newer >= count) / 1000 - begun
        for count, begun in sent.items()
    ]


async def measure() -> Figures:
    """Open a building in the app, and let its meter count."""
    with tempfile.TemporaryDirectory() as folder:
        async with running_cloud(Path(folder)) as (services, url), async_playwright() as playwright:
            token = await services.tokens.add_token("bench", Role.OPERATOR, ())
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
                gateway = Caller(client, await register(Caller(client, token), "one"))
                password = await services.access.put_user(EMAIL, "Ива", Role.OWNER, ["p-one"])
                await gateway.send(a_telegram(1, at=datetime.now(UTC), registers={COLD: 1000}))
                browser = await playwright.chromium.launch(
                    executable_path=program("chromium"), args=list(FLAGS)
                )
                settings: dict[str, Any] = {"viewport": PHONE, "locale": "bg-BG"}
                place = await browser.new_context(**settings)
                page = await place.new_page()
                await page.goto(url)
                await page.fill("#email", EMAIL)
                await page.fill("#password", password)
                await page.keyboard.press("Enter")
                await page.click("[data-premises=p-one] a")
                await page.wait_for_selector("[data-connection=live]")
                await page.evaluate(WATCH, DIAL)
                took = sorted(await send_and_watch(page, gateway))
                await browser.close()
    return [
        Figure("app_live_p50_s", statistics.median(took), "a batch's start to the screen, median"),
        Figure("app_live_p99_s", took[round(0.99 * len(took)) - 1], "99 of 100; at most 1"),
        Figure("app_live_worst_s", took[-1], f"the worst of {len(took)}"),
    ]
