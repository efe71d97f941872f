# SPDX-License-Identifier: EUPL-1.2
"""Answers that come late, break off or are somebody else's; a phone that is full."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.e2e.app_page import (
    open_building,
    opened,
    sign_in,
    wait_for_register,
)
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

SNAPSHOT = "**/api/v1/premises/mladost-17"
KEPT_REGISTER = """() => JSON.parse(localStorage.getItem('iskar/premises/mladost-17'))
  .content.building.service_points
  .find((one) => one.service_point_id === 'sp-home-cold').register"""
KEYS = "() => Object.keys(localStorage)"
KEYS_OF_IT = f"({KEYS})().filter((key) => key.includes('mladost-17') || key.includes('sp-home'))"


def refuse(route: Route) -> None:
    """Let a call end as where nobody answers."""
    route.abort()


# --- one building


def test_readings_of_an_open_stream_are_kept_while_the_snapshot_can_not_be_had(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake, service_workers="block") as page:
        open_building(page)
        page.route(SNAPSHOT, refuse)
        fake.hang_up()
        expect(page.locator(".banner-offline")).to_be_visible()
        page.wait_for_selector("[data-connection=live]")
        page.wait_for_timeout(5_100)  # kept every five seconds
        register = fake.count("sp-home-cold", 5_000_000)
        wait_for_register(page, "sp-home-cold", register)
        assert page.evaluate(KEPT_REGISTER) == register
        expect(page.locator(".banner-offline")).to_be_visible()  # alerts are as old as before
        page.unroute(SNAPSHOT)
        expect(page.locator(".banner-offline")).to_have_count(0)  # asked again by itself


def test_a_call_that_fails_late_does_not_make_what_came_since_look_old(browser: Browser):
    with opened(browser, FakeCloud(), service_workers="block") as page:
        open_building(page)
        held: list[Route] = []
        page.route(SNAPSHOT, lambda route: route.continue_() if held else held.append(route))
        page.evaluate("dispatchEvent(new Event('online'))")
        _wait_for(page, held)
        with page.expect_response(SNAPSHOT):
            page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_selector("[data-connection=live]")
        held[0].abort()
        page.wait_for_timeout(500)
        expect(page.locator(".banner-offline")).to_have_count(0)


def test_a_rate_is_not_of_now_because_the_register_is(browser: Browser):
    fake = FakeCloud()
    fake.point("sp-home-power")["instantaneous"]["read_at"] = (
        datetime.now(UTC) - timedelta(hours=3)
    ).isoformat()
    with opened(browser, fake) as page:
        open_building(page)
        expect(page.locator("[data-now=electricity] b")).to_have_text("—")
        expect(page.locator("[data-service-point=sp-home-power] .meter-flow")).to_have_count(0)
        fake.flow("sp-home-power", 9_800)
        expect(page.locator("[data-now=electricity] b")).to_contain_text("9,8")


# --- answers


def test_an_older_answer_does_not_undo_what_was_just_said_of_an_alert(browser: Browser):
    fake = FakeCloud()
    fake.raise_alert()
    address = "**/api/v1/alerts/al-1"
    with opened(browser, fake, service_workers="block") as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.goto(f"{page.url.split('#')[0]}#/alerts/al-1")
        button = page.locator("[data-act=acknowledge]")
        expect(button).to_be_visible()
        held: list[tuple[Route, APIResponse]] = []
        page.route(
            address, lambda one: one.continue_() if held else held.append((one, one.fetch()))
        )
        page.evaluate("dispatchEvent(new Event('online'))")
        _wait_for(page, held)
        with page.expect_response(address):  # the history, asked for once it is said
            button.click()
        expect(page.locator(".badge-acknowledged")).to_be_visible()
        late, answer = held[0]
        late.fulfill(response=answer)
        page.wait_for_timeout(500)
        expect(button).to_have_count(0)
        expect(page.locator(".badge-acknowledged")).to_be_visible()


@pytest.mark.parametrize(
    "body",
    ['{"items": [', "<html>Sign in to this hotel's network.</html>"],
    ids=["broken", "hotel"],
)
def test_an_answer_that_is_not_whole_is_none_and_is_asked_for_again(browser: Browser, body: str):
    address = re.compile(r"/api/v1/alerts\?")
    with opened(browser, FakeCloud(), service_workers="block") as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.route(address, lambda one: one.fulfill(body=body, content_type="application/json"))
        page.click("a[href='#/alerts']")
        expect(page.locator("iskar-all-alerts [role=alert]")).to_contain_text("Няма връзка")
        page.unroute(address)
        expect(page.locator("#alerts-open")).to_be_visible()
        expect(page.locator("iskar-all-alerts [role=alert]")).to_have_count(0)


def test_savings_come_by_themselves_once_the_server_is_back(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake, service_workers="block") as page:
        open_building(page)
        fake.broken = True
        page.click(".building-tabs a[href$='/saving']")
        expect(page.locator("iskar-saving [role=alert]").first).to_contain_text("грешка 500")
        fake.broken = False
        expect(page.locator("#budgets-title")).to_be_visible()


# --- whose it is


def test_who_leaves_a_building_by_signing_out_leaves_nothing_on_the_phone(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)  # its stream is open, and it keeps what it shows as it is left
        page.click(".leave")
        page.wait_for_selector("#email")
        assert [key for key in page.evaluate(KEYS) if key != "iskar/language"] == []


def test_what_somebody_asked_for_is_given_up_as_they_sign_out(browser: Browser):
    with opened(browser, FakeCloud(), service_workers="block") as page:
        open_building(page)
        held: list[Route] = []
        page.route("**/usage?*", lambda route: held.append(route))  # noqa: PLW0108
        page.click("[data-period=year]")
        _wait_for(page, held)
        # well before it would be given up anyhow, after 15 s
        with page.expect_event("requestfailed", lambda one: "/usage?" in one.url, timeout=8_000):
            page.click(".leave")
        page.wait_for_selector("#email")


def test_a_window_of_somebody_who_signed_out_in_another_becomes_the_next_ones(browser: Browser):
    with opened(browser, FakeCloud(), service_workers="block") as page:
        open_building(page)
        page.evaluate("document.body.dataset.before = ''")
        other = page.context.new_page()
        other.goto(page.url.split("#")[0])
        other.wait_for_selector("[data-premises]")
        other.evaluate(
            """() => {
              const content = {email: 'petar@example.bg', name: 'Петър', role: 'owner', owns: []};
              localStorage.setItem('iskar/user', JSON.stringify({content, at: Date.now()}));
            }"""
        )
        page.wait_for_selector("body:not([data-before])")


def test_of_a_share_that_was_revoked_the_phone_keeps_nothing_once_the_list_is_seen(
    browser: Browser,
):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        root = page.url.split("#")[0]
        page.goto(f"{root}#/premises/mladost-17/meters/sp-home-cold")
        page.wait_for_selector("[data-day] .hours")
        page.goto(f"{root}#/premises/mladost-17/saving")
        page.wait_for_selector("#budgets-title")
        assert len(page.evaluate(KEYS_OF_IT)) > 3
        del fake.buildings["mladost-17"]
        page.goto(f"{root}#/")
        expect(page.locator("[data-premises]")).to_have_count(1)
        assert page.evaluate(KEYS_OF_IT) == []


# --- the phone


def test_days_once_paged_to_make_room_for_what_is_new(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        page.evaluate(
            """() => {
              const fill = (name, content, atOf) => {
                try {
                  for (let at = 1; ; at += 1) {
                    const text = JSON.stringify({content, at: atOf(at)});
                    localStorage.setItem(`iskar/usage/${name}/${at}`, text);
                  }
                } catch {
                  // full
                }
              };
              fill('old', 'x'.repeat(300000), (at) => at);
              fill('new', 'x', () => Date.now());
            }"""
        )
        page.click(".back")
        page.wait_for_selector("[data-premises=school-107]")
        page.click("[data-premises=school-107]")
        page.wait_for_selector("[data-service-point=sp-school-cold]")
        page.wait_for_function("() => localStorage.getItem('iskar/premises/school-107')")
        kept = page.evaluate(KEYS)
        assert "iskar/usage/old/1" not in kept
        assert "iskar/user" in kept


def test_codes_that_are_shown_once_outlive_a_new_release(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)")
        page.click("a[href='#/account']")
        page.wait_for_selector("iskar-account-codes")
        page.evaluate(
            """() => {
              document.querySelector('iskar-account-codes').recoveryCodes = ['ABCD-EFGH-IJKL'];
              document.body.dataset.before = '';
            }"""
        )
        expect(page.locator(".recovery-codes li")).to_have_count(1)
        took_over = "navigator.serviceWorker.dispatchEvent(new Event('controllerchange'))"
        page.evaluate(took_over)
        page.evaluate(took_over)  # the first may be that of the first visit
        page.wait_for_timeout(500)
        expect(page.locator(".recovery-codes li")).to_have_text("ABCD-EFGH-IJKL")
        page.click(".brand")
        page.wait_for_selector("body:not([data-before]) [data-premises]")


def _wait_for(page: Page, held: list[object]) -> None:
    for _ in range(100):
        if held:
            return
        page.wait_for_timeout(50)
    raise AssertionError("The call never came.")
