# SPDX-License-Identifier: EUPL-1.2
"""What an alert tells its owner, and how the owner calls it ordinary use (AC-86)."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.app_page import open_building, opened
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

NBSP = "\u00a0"
STANDBY = {
    "service_point_id": "sp-home-power",
    "utility": "electricity",
    "kind": "standby",
    "flow_l_per_h": None,
    "flow_low_l_per_h": None,
    "flow_high_l_per_h": None,
    "flow_w": 40,
    "flow_low_w": 35,
    "flow_high_w": 46,
    "volume_l": None,
    "energy_wh": 6720,
    "cost_eur": 0.87,
}


def test_an_alert_tells_its_range_its_cost_and_why_and_nothing_that_nobody_knows(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    unknown = {"flow_low_l_per_h": None, "flow_high_l_per_h": None, "cost_eur": None}
    fake.raise_alert(alert_id="bare", **unknown)
    with opened(browser, fake) as page:
        open_building(page)
        alert = page.locator(f"[data-alert={alert_id}]")
        facts = alert.locator(".facts")
        expect(facts).to_contain_text(f"48{NBSP}л/ч (44–52)")
        expect(facts).to_contain_text(f"312{NBSP}л")
        expect(facts).to_contain_text(re.compile(r"Струва около\s*0,61\s€"))
        expect(alert).not_to_contain_text("Nobody here has used water")  # the rule's own, English
        bare = page.locator("[data-alert=bare] .facts")
        expect(bare).to_contain_text(f"48{NBSP}л/ч")
        expect(bare).not_to_contain_text("(")
        expect(bare).not_to_contain_text("Струва")
        alert.get_by_role("link", name="Защо и какво да направиш").click()
        expect(page.locator("#alert-why")).to_be_visible()
        expect(page.locator("iskar-alert")).to_contain_text("приключва сам, щом потокът спре")


def test_an_owner_calls_it_ordinary_and_takes_it_back(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert()
    with opened(browser, fake) as page:
        open_building(page)
        alert = page.locator(f"[data-alert={alert_id}]")
        alert.get_by_text("Това е обичайно").click()
        alert.get_by_role("button", name="Поливане").click()
        expect(alert).to_have_attribute("data-label", "irrigation")
        expect(alert).to_contain_text("Отбелязано като обичайно: Поливане.")
        assert fake.alerts[alert_id]["label"] == "irrigation"
        alert.get_by_role("button", name="Отмени").click()
        expect(alert.get_by_text("Това е обичайно")).to_be_visible()
        assert fake.alerts[alert_id]["label"] is None


def test_electricity_reads_in_watts_and_a_fault_of_the_meter_is_nobodys_use(browser: Browser):
    fake = FakeCloud()
    alert_id = fake.raise_alert(**STANDBY)
    fake.raise_alert(alert_id="fault", kind="stuck", flow_l_per_h=0, volume_l=0, cost_eur=0)
    with opened(browser, fake, locale="en-GB") as page:
        open_building(page)
        alert = page.locator(f"[data-alert={alert_id}]")
        expect(alert).to_contain_text("Standby power has risen")
        expect(alert.locator(".facts")).to_contain_text(f"40{NBSP}W (35–46)")
        expect(alert.locator(".facts")).to_contain_text(f"6.72{NBSP}kWh")
        expect(alert.locator(".facts")).to_contain_text("Power")
        expect(alert.locator(".facts")).not_to_contain_text("Flow")
        alert.get_by_text("This is ordinary").click()
        expect(alert.locator("[data-use]")).to_have_text(["Cooling", "Something else"])
        fault = page.locator("[data-alert=fault]")
        expect(fault).to_contain_text("The meter has stopped counting")
        expect(fault.locator(".facts")).not_to_contain_text("Flow")
        expect(fault.get_by_text("This is ordinary")).to_have_count(0)


def test_what_a_main_loses_is_told_in_the_words_of_what_flows_there(browser: Browser):
    fake = FakeCloud()
    fake.raise_alert(alert_id="of-water", kind="imbalance")
    fake.raise_alert(**{**STANDBY, "alert_id": "of-power", "kind": "imbalance"})
    with opened(browser, fake) as page:
        open_building(page)
        expect(page.locator("[data-alert=of-water] h3")).to_contain_text("водомер")
        power = page.locator("[data-alert=of-power]")
        expect(power.locator("h3")).to_contain_text("електромер")
        expect(power).not_to_contain_text("водомер")
