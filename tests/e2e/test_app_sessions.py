# SPDX-License-Identifier: EUPL-1.2
"""A session that ends in the middle of something, and a server that restarts."""

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.app_page import open_building, opened, sign_in
from tests.fakes.fake_cloud_api import PASSWORD, FakeCloud

pytestmark = pytest.mark.needs_browser

PEOPLE = "#/premises/mladost-17/people"
ENDED = "Сесията ти изтече"


def hash_of(page: Page) -> str:
    return str(page.evaluate("location.hash"))


def open_people(page: Page) -> None:
    open_building(page)
    page.click(".building-tabs a[href$='/people']")
    page.wait_for_selector("iskar-share-form")


def test_after_signing_in_again_one_is_where_one_was(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        fake.sessions.clear()
        page.click(".building-tabs a[href$='/people']")
        expect(page.locator("iskar-sign-in")).to_contain_text(ENDED)
        assert hash_of(page) == PEOPLE
        assert page.evaluate("Object.keys(localStorage)") == []
        sign_in(page)
        expect(page.locator("iskar-share-form")).to_be_visible()
        assert hash_of(page) == PEOPLE


def test_what_was_typed_is_still_there_after_signing_in_again(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_people(page)
        page.fill("#share-email", "petar@example.bg")
        page.fill("#share-name", "Петър")
        fake.sessions.clear()
        page.click("iskar-share-form .primary")
        expect(page.locator("iskar-sign-in")).to_contain_text(ENDED)
        expect(page.locator("#share-email")).to_have_count(0)  # nobody else reads it meanwhile
        sign_in(page)
        expect(page.locator("#share-email")).to_have_value("petar@example.bg")
        expect(page.locator("iskar-share-form [role=alert]")).to_contain_text("не се записа")
        page.click("iskar-share-form .primary")
        expect(page.locator("[data-share]")).to_contain_text("Петър")


def test_a_password_that_was_typed_is_not_kept_over_the_end_of_a_session(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        sign_in(page)
        page.click("a[href='#/account']")
        page.click("iskar-account-password summary")
        page.fill("#current", PASSWORD)
        page.fill("#chosen", "зелен трамвай към Витоша")
        page.click("iskar-account-tokens summary")
        page.fill("#token-name", "Таблица")
        fake.sessions.clear()
        page.click("iskar-account-password form .primary")
        expect(page.locator("iskar-sign-in")).to_contain_text(ENDED)
        sign_in(page)
        expect(page.locator("#token-name")).to_have_value("Таблица")
        expect(page.locator("#current")).to_have_value("")
        expect(page.locator("#chosen")).to_have_value("")


def _as_somebody_else(route: Route) -> None:
    """Let a sign-in be answered as Petar's."""
    answer = route.fetch()
    told = answer.json()
    told["user"] |= {"email": "petar@example.bg", "name": "Петър"}
    route.fulfill(response=answer, json=told)


def test_somebody_else_who_signs_in_finds_nothing_of_who_was_there(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake, service_workers="block") as page:
        open_people(page)
        page.fill("#share-name", "Петър")
        page.fill("#share-email", "ana@example.bg")
        fake.sessions.clear()
        page.click("iskar-share-form .primary")
        expect(page.locator("iskar-sign-in")).to_be_visible()
        page.route("**/api/v1/session", _as_somebody_else)
        sign_in(page)
        expect(page.locator("iskar-buildings")).to_be_visible()
        expect(page.locator(".who")).to_have_text("Петър")
        expect(page.locator("[data-premises]")).to_have_count(2)  # theirs are asked for, and shown
        expect(page.locator("iskar-sign-in")).to_have_count(0)
        assert hash_of(page) == "#/"
        expect(page.locator("#share-name")).to_have_count(0)
        assert "ana@example.bg" not in page.content()


def test_a_session_that_ended_while_the_app_was_closed_says_so_and_keeps_the_address(
    browser: Browser,
):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_people(page)
        fake.sessions.clear()
        page.reload()
        expect(page.locator("iskar-sign-in")).to_contain_text(ENDED)
        sign_in(page)
        expect(page.locator("iskar-share-form")).to_be_visible()


def test_a_server_that_is_away_is_said_and_the_page_recovers_by_itself(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        fake.broken = True
        page.click("a[href='#/account']")
        expect(page.locator("iskar-account-sessions [role=alert]").first).to_contain_text(
            "Сървърът отговори с грешка 500"
        )
        fake.broken = False
        expect(page.locator("[data-session]")).to_have_count(3)
        expect(page.locator("iskar-account-sessions [role=alert]")).to_be_empty()


def test_a_change_that_a_restart_swallowed_is_said_and_can_be_done_again(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_people(page)
        page.fill("#share-email", "petar@example.bg")
        page.fill("#share-name", "Петър")
        fake.broken = True
        page.click("iskar-share-form .primary")
        expect(page.locator("iskar-share-form [role=alert]")).to_contain_text("грешка 500")
        fake.broken = False
        page.click("iskar-share-form .primary")
        expect(page.locator("[data-share]")).to_have_count(1)


def test_an_app_that_is_opened_while_the_server_restarts_comes_in_once_it_is_back(
    browser: Browser,
):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.evaluate("localStorage.clear()")  # so that only the server knows who this is
        fake.broken = True
        page.reload()
        expect(page.locator("iskar-app > .problem")).to_contain_text("грешка 500")
        fake.broken = False
        expect(page.locator("[data-premises]")).to_have_count(2)
        expect(page.locator("iskar-app > .problem")).to_have_count(0)
