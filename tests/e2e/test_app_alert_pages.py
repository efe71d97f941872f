# SPDX-License-Identifier: EUPL-1.2
"""The list of all alerts, an alert's own page, and the way to them from the list of buildings."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.app_page import PHONE, opened, sign_in
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

NBSP = "\u00a0"
DESKTOP = {"width": 1280, "height": 800}
HOURS = [
    {"started_at": f"2026-11-21T0{hour}:00:00+00:00", "volume_l": litres}
    for hour, litres in ((3, 51.5), (1, 44.0), (2, 47.5))
]
GAS = {
    "service_point_id": "sp-home-gas",
    "utility": "gas",
    "kind": "gas_flow",
    "volume_l": 1200,
    "cost_eur": 0.9,
}


def _open_alert(page: Page, alert_id: str) -> None:
    sign_in(page)
    page.wait_for_selector("[data-premises]")
    page.evaluate("id => { location.hash = `#/alerts/${id}`; }", alert_id)
    page.wait_for_selector("iskar-alert .alert-head")


def _hold(page: Page, pattern: str) -> list[Route]:
    """Let requests wait until a test lets them go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def test_the_leaking_building_is_found_priced_and_acknowledged_in_two_taps(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    with opened(browser, fake, viewport=PHONE, has_touch=True) as page:
        sign_in(page)
        leak = page.get_by_role("link", name="Вероятен теч: водата не спира")
        expect(leak).to_be_in_viewport(ratio=1)
        leak.tap()
        cost = page.locator(".alert-cost").get_by_text(re.compile(r"0,61\s€"))
        seen = page.get_by_role("button", name="Видях го")
        for shown in (cost, seen):
            expect(shown).to_be_in_viewport(ratio=1)
        nav, button = page.locator(".sections").bounding_box(), seen.bounding_box()
        assert nav is not None
        assert button is not None
        assert button["y"] + button["height"] <= nav["y"]  # not under the bar at the bottom
        assert page.evaluate("scrollY") == 0
        seen.tap()
        expect(page.locator(".badge")).to_have_text("видян")
        assert page.evaluate("scrollY") == 0
        assert fake.alerts[alert_id]["state"] == "acknowledged"


def test_the_list_has_what_is_open_first_then_pages_of_what_is_over(browser: Browser):
    fake = FakeCloud()
    over = {"state": "resolved", "resolved_at": "2026-11-20T09:00:00+00:00"}
    for day in range(25):
        at = f"2026-10-{day + 1:02}T01:00:00+00:00"
        fake.raise_alert(alert_id=f"over-{day}", raised_at=at, started_at=at, **over)
    fake.raise_alert(alert_id="seen", raised_at="2026-09-01T00:00:00+00:00", state="acknowledged")
    fake.raise_alert(alert_id="new", premises_id="school-107", service_point_id="sp-school-cold")
    with opened(browser, fake) as page:
        sign_in(page)
        page.get_by_role("link", name="Сигнали", exact=True).click()
        rows = page.locator("[data-alert]")
        expect(rows).to_have_count(22)
        ids = [row.get_attribute("data-alert") for row in rows.all()]
        assert ids[:3] == ["new", "seen", "over-24"]
        page.get_by_role("button", name="Покажи по-стари").click()
        expect(rows).to_have_count(27)
        expect(rows.last).to_have_attribute("data-alert", "over-0")
        expect(page.get_by_role("button", name="Покажи по-стари")).to_have_count(0)
        page.get_by_label("Сграда").select_option("school-107")
        expect(rows).to_have_count(1)
        rows.click()
        expect(page.locator("h1")).to_have_text("Вероятен теч: водата не спира")


def test_no_alerts_are_said_to_be_none_and_only_after_the_answer(browser: Browser):
    with opened(browser, FakeCloud(), locale="en-GB") as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        _hold(page, "**/api/v1/alerts?*")
        page.get_by_role("link", name="Alerts", exact=True).click()
        expect(page.get_by_role("status")).to_have_text("Loading…")
        expect(page.get_by_text("No alerts are open.")).to_have_count(0)
        page.unroute("**/api/v1/alerts?*")
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(page.get_by_text("No alerts are open.")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
def test_the_page_says_why_what_it_costs_and_what_to_do(browser: Browser, viewport: dict[str, int]):
    fake = FakeCloud()
    alert_id = fake.raise_alert(hours=HOURS)
    with opened(browser, fake, viewport=viewport) as page:
        _open_alert(page, alert_id)
        content = page.locator("main")
        expect(content.locator(".alert-cost")).to_contain_text(re.compile(r"0,61\s€"))
        expect(content.locator(".facts").first).to_contain_text(f"48{NBSP}л/ч (44–52)")
        expect(content.locator(".facts").first).to_contain_text(f"312{NBSP}л")
        expect(content.locator(".facts").first).to_contain_text(f"92{NBSP}%")
        expect(content.locator(".steps li")).to_have_count(3)
        rows = content.locator(".hours tbody tr")
        expect(rows).to_contain_text([f"44{NBSP}л", f"47,5{NBSP}л", f"51,5{NBSP}л"])
        expect(rows.first).to_contain_text("03:00")  # of Sofia, wherever the phone is
        expect(content.locator(".hours caption")).to_contain_text(f"между 44{NBSP}л и 51,5{NBSP}л")
        expect(content).to_contain_text("Все някой час в денонощието всички спят")
        expect(content).to_contain_text("приключва сам, щом потокът спре")
        note = content.locator("details [lang=en]").first
        expect(note).not_to_be_visible()
        content.get_by_text("Бележки на правилото").click()
        expect(note).to_contain_text("Flow never fell to zero")
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1]


def test_where_it_may_be_gas_112_comes_before_everything_else(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert(**GAS)
    with opened(browser, fake, locale="en-GB") as page:
        _open_alert(page, alert_id)
        safety = page.locator(".safety")
        expect(safety).to_contain_text("call 112")
        expect(safety).to_contain_text("no substitute for a gas detector")
        top = [
            page.locator(one).first.bounding_box()["y"]  # type: ignore[index]
            for one in (".safety", ".alert-cost", ".steps")
        ]
        assert top == sorted(top)


def test_what_a_person_says_is_saved_shown_told_and_can_be_taken_back(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    with opened(browser, fake) as page:
        _open_alert(page, alert_id)
        status = page.locator(".alert-did")
        page.get_by_role("button", name="Видях го").focus()
        page.keyboard.press("Enter")
        expect(status).to_have_text("Отбелязано: видя го.")
        expect(status).to_be_focused()  # the button is gone
        expect(page.locator(".history li")).to_contain_text(["Сигналът се появи", "Видян, от теб"])

        page.get_by_text("Отложи", exact=True).click()
        page.get_by_role("button", name="3 дни").click()
        expect(status).to_contain_text("Отложен до")
        expect(page.locator(".alert-label")).to_contain_text("Отложен до")
        page.get_by_role("button", name="Не го отлагай").click()
        expect(status).to_contain_text("Вече не е отложен")
        expect(page.locator(".alert-label")).to_have_count(0)
        assert fake.alerts[alert_id]["snoozed_until"] is None

        page.get_by_text("Това е обичайно").click()
        page.get_by_role("button", name="Басейн").click()
        expect(status).to_have_text("Отбелязано като обичайно: Басейн.")
        page.get_by_role("button", name="Отмени").click()
        expect(status).to_contain_text("Отметката е махната")
        assert fake.alerts[alert_id]["label"] is None

        page.get_by_role("button", name="Отстранено е").click()
        expect(status).to_have_text("Отбелязано като отстранено.")
        expect(page.locator(".badge")).to_have_text("приключил")
        expect(page.get_by_role("button", name="Отстранено е")).to_have_count(0)
        expect(page.locator(".steps")).to_have_count(0)


def test_pressed_twice_it_is_sent_once(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    with opened(browser, fake) as page:
        _open_alert(page, alert_id)
        held = _hold(page, "**/acknowledge")
        button = page.locator("[data-act=acknowledge]")
        button.click()
        expect(button).to_have_text("Записва се…")
        button.click(force=True)
        assert len(held) == 1
        held[0].continue_()
        expect(page.locator(".alert-did")).to_have_text("Отбелязано: видя го.")
        assert len(fake.said[alert_id]) == 1


def _abort(route: Route) -> None:
    route.abort()


def _answer_lost(route: Route) -> None:
    route.fetch()
    route.abort()


@pytest.mark.parametrize("broken", [_abort, _answer_lost])
def test_a_lost_connection_is_said_and_a_second_press_mends_it(
    browser: Browser, broken: Callable[[Route], Any]
):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    with opened(browser, fake) as page:
        _open_alert(page, alert_id)
        page.route("**/acknowledge", broken)
        page.get_by_role("button", name="Видях го").click()
        expect(page.get_by_role("alert")).to_contain_text("не знаем дали се записа")
        expect(page.locator("[data-act=acknowledge]")).to_be_focused()
        page.unroute("**/acknowledge")
        page.get_by_role("button", name="Видях го").click()
        expect(page.locator(".alert-did")).to_have_text("Отбелязано: видя го.")
        assert fake.alerts[alert_id]["state"] == "acknowledged"


def test_an_alert_that_ended_meanwhile_is_told_and_shown_as_it_is(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    with opened(browser, fake) as page:
        _open_alert(page, alert_id)
        fake.alerts[alert_id] |= {"state": "resolved", "resolved_at": "2026-11-21T09:00:00+00:00"}
        page.get_by_role("button", name="Видях го").click()
        expect(page.get_by_role("alert")).to_contain_text("вече е приключил")
        expect(page.locator(".badge")).to_have_text("приключил")


def test_without_a_connection_the_last_word_is_shown_with_its_age(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    with opened(browser, fake) as page:
        _open_alert(page, alert_id)
        page.wait_for_selector(".history li")
        page.evaluate("location.hash = '#/alerts'")
        page.wait_for_selector(".alert-row")
        page.route("**/api/v1/**", _abort)
        page.evaluate("id => { location.hash = `#/alerts/${id}`; }", alert_id)
        expect(page.locator(".banner-offline")).to_contain_text("Няма връзка")
        expect(page.locator(".alert-cost")).to_contain_text("0,61")
        page.evaluate("location.hash = '#/alerts'")
        expect(page.locator(".banner-offline")).to_contain_text("Няма връзка")
        expect(page.locator(".alert-row")).to_have_count(1)


def test_an_alert_that_is_not_there_leads_back(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.evaluate("location.hash = '#/alerts/gone'")
        expect(page.locator("main")).to_contain_text("Няма такъв сигнал")
        page.get_by_role("link", name="Всички сигнали").click()
        expect(page.get_by_text("Няма отворени сигнали.")).to_be_visible()
