# SPDX-License-Identifier: EUPL-1.2
"""Sharing and one's own account in a browser, on the real cloud."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, async_playwright, expect

from cloud.app.services import Services
from cloud.kit.auth.rights import Role
from tests.e2e.app_page import PHONE, TIMEOUT_MS
from tests.e2e.conftest import FLAGS
from tests.e2e.test_app_second_factors import a_cloud, with_an_authenticator
from tests.integration.cloud.builders import a_premises

pytestmark = [pytest.mark.slow, pytest.mark.needs_browser]

OWNER, TENANT = "iva@example.bg", "petar@example.bg"
# Letters are queued, and there is nobody to take them: what is shared doesn't wait for that.
MAIL = {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_sender": "iskar@iskar.example"}


async def _register_a_house_of_two_flats(services: Services, url: str) -> None:
    token = await services.tokens.add_token("registrar", Role.OPERATOR, [])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers) as client:
        await client.put("/premises/house", json=a_premises())
        for flat in ("one", "two"):
            body = {
                "premises_id": "house",
                "name": {"bg": f"Вода {flat}", "en": f"Water {flat}"},
                "reading_type": "cold_water",
            }
            answer = await client.put(f"/service-points/{flat}", json=body)
            assert answer.status_code == 200, answer.text


async def _sign_in(page: Page, url: str, email: str, password: str) -> None:
    await page.goto(url)
    await page.fill("#email", email)
    await page.fill("#password", password)
    await page.click(".sign-in .primary")
    await expect(page.locator("iskar-buildings")).to_be_visible()


async def test_a_tenant_sees_the_granted_flat_and_after_the_end_of_the_share_nothing(
    chromium: Path, tmp_path: Path
):
    async with a_cloud(tmp_path, **MAIL) as (services, url), async_playwright() as playwright:
        await _register_a_house_of_two_flats(services, url)
        owners = await services.access.put_user(OWNER, "Ива", Role.OWNER, ["house"])
        tenants = await services.access.put_user(TENANT, "Петър", Role.TENANT, [])
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        pages = []
        for _ in range(2):
            place = await browser.new_context(viewport=PHONE, locale="bg-BG")
            place.set_default_timeout(4 * TIMEOUT_MS)
            pages.append(await place.new_page())
        owner, tenant = pages

        await _sign_in(tenant, url, TENANT, tenants)
        await expect(tenant.locator("[data-first=account]")).to_be_visible()

        await _sign_in(owner, url, OWNER, owners)
        await owner.click("[data-premises=house]")
        await owner.click(".building-tabs a[href$='/people']")
        await owner.fill("#share-email", TENANT)
        await owner.fill("#share-name", "Петър от втория")
        await owner.locator("[name=part]").nth(1).check()
        await owner.get_by_label("Вода two").check()
        await owner.click("iskar-share-form .primary")
        await expect(owner.locator("[data-share]")).to_contain_text("Вода two")

        await tenant.reload()
        await tenant.click("[data-premises=house]")
        await expect(tenant.locator("[data-service-point=two]")).to_be_visible()
        await expect(tenant.locator("[data-service-point=one]")).to_have_count(0)
        await expect(tenant.locator(".building-tabs a[href$='/people']")).to_have_count(0)

        await owner.click("[data-share] button")
        await owner.click("[data-share] [data-yes]")
        await expect(owner.locator("[data-share]")).to_have_count(0)
        await tenant.reload()
        await expect(tenant.locator("[role=alert][data-first=gone]")).to_be_visible()
        await expect(tenant.locator("[data-service-point]")).to_have_count(0)
        kept = await tenant.evaluate("JSON.stringify(localStorage)")
        assert "Вода two" not in kept
        assert "house" not in kept
        await browser.close()


async def test_who_added_a_passkey_shows_it_when_asked_again_who_they_are_and_is_erased(
    chromium: Path, tmp_path: Path
):
    async with a_cloud(tmp_path) as (services, url), async_playwright() as playwright:
        password = await services.access.put_user(OWNER, "Ива", Role.OWNER, [])
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        place = await browser.new_context(viewport=PHONE, locale="bg-BG")
        place.set_default_timeout(4 * TIMEOUT_MS)
        page = await place.new_page()
        await with_an_authenticator(page)
        await _sign_in(page, url, OWNER, password)
        await page.click("a[href='#/account']")
        await page.click("[data-add-passkey]")
        await expect(page.locator("iskar-once li")).to_have_count(10)
        await page.click("[data-kept]")
        await expect(page.locator("[data-passkey-id]")).to_have_count(1)

        await _let_minutes_pass(services)
        await page.goto(f"{url}/#/account/data")
        await page.click("[data-takeout]")
        async with page.expect_download() as download:
            await page.click("iskar-step-up [data-passkey]")
        assert (await (await download.value).path()).stat().st_size > 0

        await page.click("iskar-erase-account summary")
        await page.fill("#erase-email", OWNER)
        await page.click("iskar-erase-account .danger")
        await expect(page.locator("iskar-sign-in")).to_contain_text("Профилът ти е изтрит")
        await browser.close()


async def _let_minutes_pass(services: Services) -> None:
    """Let it be too long ago that anybody showed who they are."""
    async with services.database.transaction(as_system=True) as connection:
        await connection.execute(
            "update sessions set fresh_at = fresh_at - %s", [timedelta(minutes=11)]
        )
