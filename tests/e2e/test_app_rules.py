# SPDX-License-Identifier: EUPL-1.2
"""The rules of a building: what each looks for, its switch, and what it would have told."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.app_page import PHONE, opened, sign_in
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

WATER = "sp-home-cold"


def _found(*kinds: str, at: str) -> dict[str, Any]:
    return {
        "utility": "water",
        "kind": kinds[0],
        "kinds": list(kinds),
        "raised_at": at,
        "started_at": at,
        "resolved_at": None,
        "flow_l_per_h": 48,
        "flow_low_l_per_h": None,
        "flow_high_l_per_h": None,
        "flow_w": None,
        "flow_low_w": None,
        "flow_high_w": None,
        "volume_l": 300,
        "energy_wh": None,
        "cost_eur": None,
        "confidence": 90,
        "explanation": "x",
        "ordinary_use": "x",
        "clears_when": "x",
        "hours": [],
    }


BACKTESTED = {
    "readings": 90_000,
    "findings": [
        _found("floor_flow", "steady_flow", at="2026-09-02T01:00:00+00:00"),
        _found("steady_flow", at="2026-10-05T22:30:00+00:00"),
        _found("steady_flow", at="2026-11-01T01:00:00+00:00"),
    ],
}


def _open_rules(page: Page, premises_id: str = "mladost-17") -> Locator:
    sign_in(page)
    page.click(f"[data-premises={premises_id}]")
    page.get_by_role("link", name="Правила").click()
    page.wait_for_selector(".rule-row")
    return page.locator(f"[data-rules={WATER}]")


def _hold(page: Page, pattern: str) -> list[Route]:
    """Let requests wait until a test lets them go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def test_an_owner_switches_a_rule_off_and_on_by_keyboard(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        meter = _open_rules(page)
        switch = meter.get_by_role("switch", name="Постоянна струя")
        expect(switch).to_have_attribute("aria-checked", "true")
        switch.focus()
        page.keyboard.press("Space")
        expect(switch).to_have_attribute("aria-checked", "false")
        expect(switch).to_be_focused()
        expect(meter.get_by_text("Изключено: Постоянна струя.")).to_be_visible()
        expect(meter.locator("[data-rule=steady_flow]")).to_contain_text("Не вдига сигнали.")
        assert list(fake.rules_off) == [(WATER, "steady_flow")]
        page.keyboard.press("Space")
        expect(switch).to_have_attribute("aria-checked", "true")
        assert fake.rules_off == {}


def test_what_guards_safety_has_no_switch(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        meter = _open_rules(page)
        for kind in ("burst", "backflow"):
            rule = meter.locator(f"[data-rule={kind}]")
            expect(rule).to_contain_text("винаги е включено")
            expect(rule.get_by_role("switch")).to_have_count(0)
        gas = page.locator("[data-rules=sp-home-gas]")
        expect(gas.locator("[data-rule]")).to_have_count(3)
        expect(gas.get_by_role("switch")).to_have_count(0)
        expect(page.locator("[data-rules=sp-home-heat]")).to_contain_text("още не се следи")


def test_a_tenant_sees_the_rules_and_no_switches(browser: Browser):
    fake = FakeCloud(role="tenant")
    with opened(browser, fake) as page:
        meter = _open_rules(page)
        expect(page.locator(".lead")).to_contain_text("собственикът")
        expect(meter.get_by_role("switch")).to_have_count(0)
        expect(meter.locator("[data-rule=steady_flow] .badge")).to_have_text("Включено")


def test_a_backtest_tells_how_often_each_rule_would_have_alerted_and_when(browser: Browser):
    fake = FakeCloud(backtested=BACKTESTED)
    with opened(browser, fake, viewport=PHONE) as page:
        meter = _open_rules(page)
        held = _hold(page, "**/backtest")
        meter.locator("[data-act=try]").click()
        expect(meter).to_contain_text("Пресмята се върху 90 дни.")
        other = page.locator("[data-rules=sp-home-hot] [data-act=try]")
        expect(other).to_have_attribute("aria-disabled", "true")
        held[0].continue_()
        steady = meter.locator("[data-rule=steady_flow]")
        expect(steady).to_contain_text("Щеше да се обади 3 пъти за 90 дни")
        steady.locator("summary").click()
        expect(steady.locator("li")).to_contain_text(["2 септември", "6 октомври", "1 ноември"])
        floor = meter.locator("[data-rule=floor_flow]")
        expect(floor).to_contain_text("Щеше да се обади 1 път за 90 дни")
        expect(meter.locator("[data-rule=burst]")).to_contain_text("Нямаше да се обади")
        expect(meter.locator("[data-rule=imbalance]")).to_contain_text("Не може да се изпробва")
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1]


def test_no_readings_are_not_taken_for_no_alerts(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        meter = _open_rules(page)
        meter.locator("[data-act=try]").click()
        expect(meter).to_contain_text("За тези дни няма отчети")
        expect(meter).not_to_contain_text("Нямаше да се обади")


@pytest.mark.parametrize(
    ("refusal", "said", "then"),
    [
        ((503, "backtest-busy"), "Опитай пак след 30 секунди", "последните 90 дни"),
        ((422, "backtest-too-long"), "90 дни не се пресметнаха навреме", "последните 30 дни"),
        ((429, "too-many-requests"), "Опитай пак след 30 секунди", "последните 90 дни"),
    ],
)
def test_a_backtest_that_can_not_be_had_says_why_and_what_next(
    browser: Browser, refusal: tuple[int, str], said: str, then: str
):
    fake = FakeCloud(backtest_refusal=refusal)
    with opened(browser, fake) as page:
        meter = _open_rules(page)
        meter.locator("[data-act=try]").click()
        expect(meter.get_by_role("alert")).to_contain_text(said)
        expect(meter.locator("[data-act=try]")).to_contain_text(then)
        fake.backtest_refusal = None
        meter.locator("[data-act=try]").click()
        expect(meter).to_contain_text("За тези дни няма отчети")
        expect(meter.get_by_role("alert")).to_have_count(0)


def test_a_switch_without_a_connection_stays_where_it_was(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        meter = _open_rules(page)
        page.route("**/rules/*", lambda route: route.abort())
        switch = meter.get_by_role("switch", name="Постоянна струя")
        switch.click()
        expect(meter.get_by_role("alert")).to_contain_text("Не знаем дали се записа.")
        expect(switch).to_have_attribute("aria-checked", "true")
