# SPDX-License-Identifier: EUPL-1.2
"""The way into the app and out of it."""

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.app_page import opened, sign_in
from tests.fakes.fake_account_api import an_organisation
from tests.fakes.fake_cloud_api import STRANGERS, FakeCloud

pytestmark = pytest.mark.needs_browser


def test_a_wrong_password_is_said_to_be_wrong_and_the_right_one_then_enters(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page, password="guess")
        expect(page.locator("#sign-in-problem")).to_have_text("Имейлът или паролата не са верни.")
        sign_in(page)
        expect(page.locator("[data-premises]")).to_have_count(2)


def test_an_address_that_is_none_is_refused_before_it_is_sent(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.fill("#email", "maria")
        page.keyboard.press("Enter")
        expect(page.locator("#sign-in-problem")).to_contain_text("ime@primer.bg")
        expect(page.locator("#email")).to_be_focused()
    assert fake.attempts_left == 20


def test_too_many_attempts_name_the_wait(browser: Browser):
    with opened(browser, FakeCloud(attempts_left=0)) as page:
        sign_in(page)
        expect(page.locator("#sign-in-problem")).to_contain_text("след 30 секунди")


def test_people_of_organisations_are_sent_to_their_own_sign_in_and_back(browser: Browser):
    fake = FakeCloud()
    fake.account.organisations = [an_organisation("Софийска вода")]
    with opened(browser, fake) as page:
        page.goto(page.url.split("#")[0] + "#/premises/school-107")
        page.get_by_role("link", name="Вход през Софийска вода").click()
        page.wait_for_selector("[data-connection]")
        assert page.url.endswith("/#/premises/school-107")


def test_who_is_refused_at_their_organisation_is_told_so_once(browser: Browser):
    fake = FakeCloud()
    fake.account.organisations = [an_organisation("Газ", STRANGERS)]
    with opened(browser, fake) as page:
        page.click(f"[data-organisation={STRANGERS}]")
        told = page.locator("iskar-sign-in [role=status]")
        expect(told).to_contain_text("обади се на оператора")
        page.reload()
        expect(page.locator("#email")).to_be_visible()
        expect(told).to_have_count(0)


def test_who_is_in_and_is_refused_when_asked_once_more_stays_in_and_is_told(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.goto(page.url.split("#")[0] + "?refused=sign-in-lost")
        expect(page.get_by_role("alert")).to_contain_text("Започни го отново")
        expect(page.locator("[data-premises]")).to_have_count(2)


def test_without_organisations_there_is_only_the_form(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        with page.expect_response("**/api/v1/organisations"):
            page.reload()
        expect(page.locator("#email")).to_be_visible()
        expect(page.locator(".elsewhere")).to_have_count(0)


def test_without_a_connection_the_form_says_so_and_keeps_what_was_typed(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        page.context.set_offline(True)
        sign_in(page)
        expect(page.locator("#sign-in-problem")).to_contain_text("Няма връзка")
        expect(page.locator("#email")).to_have_value("maria@example.com")


def test_signing_out_forgets_what_the_phone_had_kept(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.click(".leave")
        page.wait_for_selector("#email")
        kept = page.evaluate("Object.keys(localStorage)")
    assert [key for key in kept if key != "iskar/language"] == []


def test_a_session_that_ends_on_the_server_leads_back_to_the_form(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        fake.sessions.clear()
        page.click("[data-premises=school-107]")
        expect(page.locator("iskar-sign-in")).to_contain_text("Сесията ти изтече")
