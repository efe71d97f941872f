# SPDX-License-Identifier: EUPL-1.2
"""The app's way in with a second factor, in a browser, on the real cloud."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from playwright.async_api import Page, async_playwright, expect

from cloud import migrations
from cloud.app.services import Services
from cloud.app.serving import listen, serve
from cloud.kit.auth.rights import Role
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.settings import CloudSettings
from tests.e2e.app_page import PHONE, TIMEOUT_MS
from tests.e2e.conftest import FLAGS

pytestmark = [pytest.mark.slow, pytest.mark.needs_browser]

EMAIL = "boss@example.bg"
NEW = "зелен трамвай към Витоша"


@asynccontextmanager
async def a_cloud(folder: Path, **settings: Any) -> AsyncIterator[tuple[Services, str]]:
    """Run a cloud of its own; give its services and address."""
    postgres = EmbeddedPostgres(folder / "pg", {"fsync": "off"})
    await postgres.start(must_own=True)
    try:
        await asyncio.to_thread(migrations.upgrade, postgres.dsn)
        bound = listen("127.0.0.1", 0, "-")
        url = f"http://localhost:{bound.getsockname()[1]}"
        told = CloudSettings(data_dir=folder, public_url=url, **settings)
        async with Services.opened(told, postgres.dsn) as services:
            serving = asyncio.create_task(serve(services, bound, None))
            yield services, url
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
    finally:
        await postgres.stop()


async def with_an_authenticator(page: Page) -> None:
    """Let the browser have a phone's authenticator, whose owner always agrees."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


async def _fill_in(page: Page, password: str) -> None:
    await page.fill("#email", EMAIL)
    await page.fill("#password", password)
    await page.click(".sign-in .primary")


async def test_an_operator_sets_up_a_passkey_and_codes_and_comes_in_by_each(
    chromium: Path, tmp_path: Path
):
    async with a_cloud(tmp_path) as (services, url), async_playwright() as playwright:
        password = await services.access.put_user(EMAIL, "Boss", Role.OPERATOR, [])
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        place = await browser.new_context(viewport=PHONE, locale="bg-BG")
        place.set_default_timeout(2 * TIMEOUT_MS)
        page = await place.new_page()
        await with_an_authenticator(page)
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text))

        await page.goto(url)
        await _fill_in(page, password)
        await page.click("iskar-second-factor .primary")  # add a passkey
        await expect(page.locator(".recovery-codes li")).to_have_count(10)
        recovery = await page.locator(".recovery-codes li").first.inner_text()
        await page.click("iskar-second-factor .primary")  # written down
        await expect(page.locator("iskar-buildings")).to_be_visible()

        await page.click(".leave")
        await page.click("[data-passkey]")
        await expect(page.locator("iskar-buildings")).to_be_visible()

        await page.click(".leave")
        await _fill_in(page, password)
        await page.fill("#code", "123456")
        await page.click(".sign-in .primary")
        await expect(page.locator("#sign-in-problem")).to_contain_text("Кодът не е верен")
        await page.fill("#code", recovery)
        await page.click(".sign-in .primary")
        await expect(page.locator("iskar-buildings")).to_be_visible()

        await page.click(".leave")
        link = await services.people.reset(EMAIL, forget_factors=True)
        await page.goto("about:blank")
        await page.goto(link)
        await page.fill("#password", "passwordpassword")
        await page.click(".sign-in .primary")
        await expect(page.locator("#password-problem")).to_contain_text("налучква лесно")
        await page.fill("#password", NEW)
        await page.click(".sign-in .primary")
        await _fill_in(page, NEW)
        await page.click("[data-use-codes]")
        secret = (await page.locator(".secret").inner_text()).replace(" ", "")
        await page.fill("#code", pyotp.TOTP(secret).now())
        await page.click("iskar-second-factor .primary")
        await expect(page.locator(".recovery-codes li")).to_have_count(10)
        assert not [one for one in refused if "Content Security Policy" in one]
        await browser.close()
