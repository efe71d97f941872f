# SPDX-License-Identifier: EUPL-1.2
"""My data in the app: taken along, who looked, erased."""

import zipfile

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import opened, sign_in
from tests.e2e.test_app_looks import SPILLED, TOO_FAINT
from tests.fakes.fake_account_api import a_look
from tests.fakes.fake_cloud_api import EMAIL, PASSWORD, FakeCloud

pytestmark = pytest.mark.needs_browser


def open_my_data(page: Page) -> None:
    sign_in(page)
    page.click("a[href='#/account']")
    page.click("a[href='#/account/data']")
    page.wait_for_selector("[data-takeout]")


def test_the_archive_is_downloaded_after_showing_who_one_is(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_my_data(page)
        fake.account.is_fresh = False
        page.click("[data-takeout]")
        page.fill("#step-up-password", PASSWORD)
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename.startswith("iskar-20")
        assert zipfile.ZipFile(download.value.path()).namelist() == ["README.txt"]
        expect(page.locator("iskar-my-data")).to_contain_text("при изтеглените файлове")


def test_an_archive_that_does_not_arrive_is_not_said_to_be_there(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_my_data(page)
        page.context.set_offline(True)
        page.click("[data-takeout]")
        expect(page.locator("iskar-my-data [role=alert]").first).to_contain_text("Няма връзка")
        expect(page.locator("iskar-my-data")).not_to_contain_text("при изтеглените файлове")


def test_who_looked_is_told_by_part_and_organisation_and_my_own_looks_only_if_asked(
    browser: Browser,
):
    with opened(browser, FakeCloud()) as page:
        open_my_data(page)
        looks = page.locator("[data-look]")
        expect(looks).to_have_count(1)
        expect(looks).to_contain_text("Софийска вода, дружество доставчик")
        expect(looks).to_contain_text("показания · Жилищен блок „Младост“ 17")
        expect(looks).to_contain_text("2 пъти")
        page.click("[data-more]")
        expect(looks).to_have_count(2)
        expect(page.locator("[data-more]")).to_have_count(0)
        page.get_by_label("Покажи и моите").check()
        expect(page.locator(".is-you")).to_contain_text("31 пъти")


def test_pages_of_nothing_but_my_own_looks_are_passed_over(browser: Browser):
    fake = FakeCloud()
    mine = [a_look(hour, is_you=True, reference="user:1", role="owner") for hour in range(3)]
    fake.account.looks = [mine, mine, [a_look(9)]]
    with opened(browser, fake) as page:
        open_my_data(page)
        expect(page.locator("[data-look]")).to_contain_text("оператор")


def test_where_nobody_else_looked_it_says_so(browser: Browser):
    fake = FakeCloud()
    fake.account.looks = [[a_look(0, is_you=True)]]
    with opened(browser, fake) as page:
        open_my_data(page)
        expect(page.locator("iskar-looks")).to_contain_text("Никой друг не е гледал.")


def test_an_account_is_erased_once_its_address_is_typed_and_the_phone_forgets(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_my_data(page)
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        page.evaluate(
            "caches.keys().then(([name]) => caches.open(name))"
            ".then((cache) => cache.put('/marked', new Response('kept')))"
        )
        expect(page.locator("iskar-erase-account")).to_contain_text("Остава, но без теб")
        page.click("iskar-erase-account summary")
        page.fill("#erase-email", "petar@example.com")
        page.keyboard.press("Enter")
        problem = page.locator("iskar-erase-account [role=alert]")
        expect(problem).to_have_text("Това не е имейлът на профила.")
        fake.account.is_fresh = False
        page.fill("#erase-email", EMAIL)
        page.keyboard.press("Enter")
        page.locator("#step-up-password").wait_for()
        assert not fake.account.erased
        page.fill("#step-up-password", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("iskar-sign-in")).to_contain_text("Профилът ти е изтрит")
        assert fake.account.erased
        assert page.evaluate("Object.keys(localStorage)") == []
        assert page.evaluate("caches.match('/marked').then((found) => found ?? null)") is None
        page.reload()
        expect(page.locator("#email")).to_be_visible()
        expect(page.locator("iskar-sign-in")).not_to_contain_text("Профилът ти е изтрит")


@pytest.mark.parametrize(("locale", "scheme"), [("bg-BG", "dark"), ("en-GB", "light")])
def test_my_data_can_be_read_at_every_width(browser: Browser, locale: str, scheme: str):
    with opened(browser, FakeCloud(), locale=locale, color_scheme=scheme) as page:
        open_my_data(page)
        page.click("iskar-erase-account summary")
        page.wait_for_selector("[data-look]")
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SPILLED) == [], width
        assert page.evaluate(TOO_FAINT) == []
