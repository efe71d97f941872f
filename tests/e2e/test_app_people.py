# SPDX-License-Identifier: EUPL-1.2
"""A building's people in the app: shared with whom, since when, and no more."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.accounts import schemas
from tests.e2e.app_page import open_building, opened, sign_in
from tests.e2e.test_app_looks import SPILLED, TOO_FAINT
from tests.fakes.fake_cloud_api import EMAIL, PASSWORD, FakeCloud

pytestmark = pytest.mark.needs_browser

TAB = ".building-tabs a[href$='/people']"
TENANT = "petar@example.bg"


def open_people(page: Page) -> None:
    open_building(page)
    page.click(TAB)
    page.wait_for_selector("iskar-share-form")


def fill_in(page: Page, email: str = TENANT) -> None:
    page.fill("#share-email", email)
    page.fill("#share-name", "Петър от третия")


def test_a_flat_is_shared_from_a_day_on_and_the_share_ends_at_once(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_people(page)
        expect(page.locator("iskar-people")).to_contain_text("Засега само ти.")
        fill_in(page)
        page.get_by_label("Само някои измерватели").check()
        page.get_by_label("Топла вода").check()
        page.get_by_label("от определен ден").check()
        page.fill("#share-day", "2026-10-26")  # the day after the clocks went back
        page.click("iskar-share-form .primary")
        row = page.locator("[data-share]")
        expect(row).to_contain_text("Петър от третия")
        expect(row).to_contain_text("Топла вода · от 26 октомври 2026")
        expect(page.locator("#share-email")).to_have_value("")
        [made] = fake.account.shares.values()
        assert made.service_point_ids == ["sp-home-hot"]
        assert made.since == datetime(2026, 10, 25, 22, tzinfo=UTC)
        row.get_by_role("button").click()
        expect(row).to_contain_text("спира да вижда сградата")
        row.locator("[data-yes]").click()
        expect(row).to_have_count(0)
    assert fake.account.shares == {}


def test_a_whole_building_is_shared_with_its_caretaker(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_people(page)
        fill_in(page)
        page.get_by_label("Домоуправител").check()
        page.click("iskar-share-form .primary")
        expect(page.locator("[data-share]")).to_contain_text("Цялата сграда")
    [made] = fake.account.shares.values()
    assert (made.kind, made.service_point_ids, made.since) == ("caretaker", None, None)


def test_what_is_left_open_is_asked_for_before_anything_is_sent(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_people(page)
        problem = page.locator("iskar-share-form [role=alert]")
        page.click("iskar-share-form .primary")
        expect(problem).to_contain_text("имейл")
        expect(page.locator("#share-email")).to_be_focused()
        fill_in(page)
        page.get_by_label("Само някои измерватели").check()
        page.click("iskar-share-form .primary")
        expect(problem).to_have_text("Избери поне един измервател.")
        page.get_by_label("Цялата сграда").check()
        fill_in(page, EMAIL)
        page.click("iskar-share-form .primary")
        expect(problem).to_have_text("Този човек вече е собственик на сградата.")
    assert fake.account.shares == {}


def test_who_cancels_the_question_who_they_are_has_shared_nothing_and_lost_no_word(
    browser: Browser,
):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_people(page)
        fake.account.is_fresh = False
        fill_in(page)
        page.click("iskar-share-form .primary")
        page.click("iskar-step-up [data-cancel]")
        expect(page.locator("#share-email")).to_have_value(TENANT)
        assert fake.account.shares == {}
        page.click("iskar-share-form .primary")
        page.fill("#step-up-password", PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator("[data-share]")).to_have_count(1)


def test_a_tenant_has_no_tab_and_the_address_says_whose_it_is(browser: Browser):
    with opened(browser, FakeCloud(role="tenant")) as page:
        open_building(page)
        expect(page.locator(".building-tabs a")).not_to_have_count(0)
        expect(page.locator(TAB)).to_have_count(0)
        page.evaluate("location.hash = '#/premises/mladost-17/people'")
        expect(page.locator("iskar-people h2")).to_have_text("Тази сграда е споделена с теб")
        expect(page.locator("iskar-share-form")).to_have_count(0)
        page.click("a.onward")
        expect(page.locator("[data-look]")).not_to_have_count(0)


def test_an_owner_elsewhere_shares_only_the_building_that_is_theirs(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        page.click("[data-premises=school-107]")
        expect(page.locator(".building-tabs a")).not_to_have_count(0)
        expect(page.locator(TAB)).to_have_count(0)


def test_without_a_connection_the_people_known_last_are_shown_with_their_age(browser: Browser):
    fake = FakeCloud()
    now = datetime.now(UTC)
    fake.account.shares[7] = schemas.Share(
        share_id=7,
        email=TENANT,
        name="Петър",
        kind="tenant",
        service_point_ids=None,
        since=None,
        granted_at=now,
    )
    with opened(browser, fake) as page:
        open_people(page)
        page.locator("[data-share]").wait_for()
        page.click(".building-tabs a >> nth=0")
        page.context.set_offline(True)
        page.click(TAB)
        expect(page.locator("[data-share]")).to_contain_text("Петър")
        expect(page.locator(".banner-offline")).to_contain_text("Няма връзка")
        page.context.set_offline(False)
        expect(page.locator(".banner-offline")).to_have_count(0)


@pytest.mark.parametrize(("locale", "scheme"), [("bg-BG", "light"), ("en-GB", "dark")])
def test_people_can_be_read_at_every_width(browser: Browser, locale: str, scheme: str):
    with opened(browser, FakeCloud(), locale=locale, color_scheme=scheme) as page:
        open_people(page)
        page.locator("[name=part]").nth(1).check()
        page.locator("[name=dated]").nth(1).check()
        page.wait_for_selector("[data-look]")
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SPILLED) == [], width
        assert page.evaluate(TOO_FAINT) == []
