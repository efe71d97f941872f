# SPDX-License-Identifier: EUPL-1.2
"""The first hour, and the last: nothing there yet, nothing heard yet, nothing any more."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.app_page import open_building, opened, sign_in
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

KEPT = "() => Object.keys(localStorage).filter((key) => key.includes('mladost-17'))"


def test_an_empty_account_says_whom_to_ask_and_fills_by_itself(browser: Browser):
    fake = FakeCloud()
    there = dict(fake.buildings)
    fake.buildings.clear()
    with opened(browser, fake) as page:
        page.clock.install()
        sign_in(page)
        note = page.locator("[data-first=account]")
        expect(note).to_contain_text("да сподели сградата с maria@example.com")
        page.click("button[lang=en]")
        expect(note).to_contain_text("share the building with maria@example.com")
        fake.buildings.update(there)
        page.clock.run_for(11_000)
        expect(page.locator("[data-premises]")).to_have_count(2)
        expect(note).to_have_count(0)


def test_a_building_that_has_not_reported_yet_says_what_to_wait_for(browser: Browser):
    fake = FakeCloud()
    for point in fake.buildings["school-107"]["service_points"]:
        point |= {"register": None, "read_at": None, "received_at": None}
    with opened(browser, fake) as page:
        sign_in(page)
        card = page.locator("[data-premises=school-107]")
        expect(card.locator("[data-unread]")).to_contain_text("Чакаме първия отчет от 2 сензора.")
        expect(card.locator("[data-unread]")).to_contain_text("обади се на монтажника")
        expect(card.locator("[data-utility]")).to_have_count(0)  # no row of dashes
        card.locator("h2 a").click()
        expect(page.locator("[data-first=readings]")).to_contain_text("от 2 сензора")
        expect(page.locator(".meter-advice").first).to_be_hidden()  # it is said once, for all
        expect(page.locator("#alerts-title")).to_have_count(1)
        expect(page.locator(".quiet-line")).to_have_count(0)  # who was never heard isn't quiet


def test_a_building_without_meters_says_so(browser: Browser):
    fake = FakeCloud()
    for point in fake.buildings["school-107"]["service_points"]:
        point |= {"meter": None, "node_id": None, "register": None, "read_at": None}
    with opened(browser, fake) as page:
        sign_in(page)
        card = page.locator("[data-premises=school-107]")
        expect(card.locator(".home-note")).to_contain_text("Тук още няма измерватели.")


def test_a_dead_sensor_is_named_on_its_card_and_at_its_meter(browser: Browser):
    fake = FakeCloud()
    long_ago = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    (cold, _) = fake.buildings["school-107"]["service_points"]
    cold["read_at"] = long_ago
    with opened(browser, fake) as page:
        sign_in(page)
        silent = page.locator("[data-premises=school-107] [data-silent]")
        expect(silent).to_contain_text("Студена вода: сензорът мълчи, последен отчет преди 3 ч")
        expect(silent).to_contain_text("имат ток и връзка")
        page.locator("[data-premises=school-107] h2 a").click()
        advice = page.locator(".meter-advice")
        expect(advice).to_have_count(1)
        expect(advice).to_contain_text("Сензорът n-mladost-01 мълчи.")


def test_a_sensor_heard_within_the_hour_is_not_called_dead(browser: Browser):
    fake = FakeCloud()
    (cold, _) = fake.buildings["school-107"]["service_points"]
    cold["read_at"] = (datetime.now(UTC) - timedelta(minutes=50)).isoformat()
    with opened(browser, fake) as page:
        sign_in(page)
        expect(page.locator("[data-premises=school-107] .home-age")).to_contain_text("сек")
        expect(page.locator("[data-premises=school-107] [data-silent]")).to_have_count(0)


def test_a_share_that_was_revoked_leads_home_and_leaves_nothing_on_the_phone(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        assert page.evaluate(KEPT)
        del fake.buildings["mladost-17"]
        fake.hang_up()  # as the cloud ends the streams of whoever lost sight
        gone = page.locator("[data-first=gone]")
        expect(gone).to_contain_text("Тази сграда вече не е достъпна за теб")
        expect(page.locator("iskar-meter")).to_have_count(0)
        assert page.evaluate(KEPT) == []
        gone.get_by_role("link").click()
        expect(page.locator("[data-premises]")).to_have_count(1)
        page.wait_for_timeout(300)
        assert page.evaluate(KEPT) == []


def test_a_building_that_never_was_looks_like_one_that_was_revoked(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.evaluate("location.hash = '#/premises/nobodys'")
        expect(page.locator("[data-first=gone] h1")).to_have_count(1)
        expect(page.locator("[aria-label='Изгледи на сградата']")).to_have_count(0)


def test_a_connection_that_is_lost_is_not_taken_for_a_revoked_share(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        page.context.set_offline(True)
        page.wait_for_selector("[data-connection=offline]")
        expect(page.locator("iskar-meter").first).to_be_visible()
        assert page.evaluate(KEPT)
