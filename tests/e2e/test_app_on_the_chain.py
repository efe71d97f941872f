# SPDX-License-Identifier: EUPL-1.2
"""A litre on a dial reaches the owner's phone: the real app on the real chain."""

from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from simulators.chain import assembled
from simulators.commissioning import OWNER
from simulators.ground import Ground
from simulators.run import LEAK_AT, Run
from tests.e2e.conftest import FLAGS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.usefixtures("mosquitto")]

DIAL = f"[data-service-point={LEAK_AT}] .dial"
PATIENCE_MS = 90_000


async def test_an_open_hose_turns_the_dial_in_the_app_and_raises_the_alert(
    chromium: Path, tmp_path: Path
):
    ground = Ground(tmp_path)
    async with assembled(ground) as (chain, _), async_playwright() as playwright:
        await chain.start()
        run = Run(chain)
        await run.begin()
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await sign_in(page, chain.url, ground.remembered()[OWNER])
        await page.click("[data-premises=lozenets-school]")
        await expect(page.locator(DIAL)).not_to_have_attribute("data-register", "", timeout=30_000)

        before = int(await page.locator(DIAL).get_attribute("data-register") or 0)
        run.open_leak()
        await page.wait_for_selector("[data-alert][data-state=raised]", timeout=PATIENCE_MS)

        shown = int(await page.locator(DIAL).get_attribute("data-register") or 0)
        dial = chain.dials()[LEAK_AT]
        assert before < shown <= dial.shown
        assert (await run.webhook_seen()).event_type == "leak.raised"
        report = await run.end()
        assert (report.lost, report.duplicated, report.dial_mismatches) == (0, 0, 0)
        final = str(dial.shown)
        await expect(page.locator(DIAL)).to_have_attribute("data-register", final, timeout=10_000)
        await run.close()
        await browser.close()


async def sign_in(page: Page, url: str, password: str) -> None:
    await page.goto(url)
    await page.fill("#email", OWNER)
    await page.fill("#password", password)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-premises=lozenets-school]")
