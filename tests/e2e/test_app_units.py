# SPDX-License-Identifier: EUPL-1.2
"""Units as people choose them: litres or cubic metres, gas as kWh by dated factors (AC-102)."""

import random
import re
from fractions import Fraction

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import open_building, opened, show_day, show_period
from tests.e2e.test_app_words_and_numbers import call
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

DIGITS = {"ml": 6, "l": 3, "Wh": 3}


def choose(page: Page, utility: str, unit: str) -> None:
    page.locator(f".tab.u-{utility}").click()
    page.locator(f"iskar-unit-choice [data-unit='{unit}']").click()


def total(page: Page, chart: str) -> str:
    shown = page.locator(f"[data-chart={chart}] .chart-total")
    return (shown.text_content() or "").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("locale", "litres", "cubic"), [("bg-BG", "л", "м³"), ("en-GB", "l", "m³")]
)
def test_water_is_told_in_the_unit_that_was_chosen_in_the_whole_app_and_kept(
    browser: Browser, locale: str, litres: str, cubic: str
):
    fake = FakeCloud()
    fake.raise_alert()
    with opened(browser, fake, locale=locale) as page:
        open_building(page)
        show_day(page, "2026-11-20")
        choose(page, "water", "l")
        day = page.locator("[data-chart=day]")
        expect(day.locator(".chart-total")).to_contain_text(f" {litres} ")
        assert re.search(rf"\b1[^\d]?\d{{3}} {litres} ", total(page, "day"))  # not 1.01 m³
        choose(page, "water", "m³")
        expect(day.locator(".chart-total")).to_contain_text(cubic)
        day.locator("summary").click()
        expect(day.locator("tbody tr").first.locator("td").first).to_contain_text(cubic)
        expect(page.locator(".alert .facts, [data-alert] .facts").first).to_contain_text(
            f"\u00a0{cubic}"
        )
        page.reload()
        page.wait_for_selector("[data-chart=day] .uplot")
        expect(page.locator("[data-unit='m³']")).to_have_attribute("aria-pressed", "true")
        page.locator("a.back").click()
        school = page.locator("[data-premises=school-107] [data-utility=water] .home-today dd")
        expect(school).to_contain_text(cubic)


def test_gas_in_kwh_shows_its_dated_factors_and_no_figure_without_one(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        show_day(page, "2026-11-20")
        page.locator(".tab.u-gas").click()
        day, year = (page.locator(f"[data-chart={one}]") for one in ("day", "year"))
        expect(day.locator(".chart-total")).to_contain_text("м³")
        litres = int(day.locator(".chart").get_attribute("data-total") or 0)
        choose(page, "gas", "kWh")
        expect(day.locator(".chart-total")).to_contain_text("kWh")
        expect(day.locator("[data-conversions]")).to_have_text(
            "× 10,62 kWh/м³ от 1 октомври 2026 г."
        )
        watt_hours = int(day.locator(".chart").get_attribute("data-total") or 0)
        assert abs(watt_hours - litres * 10.62) <= 12  # each hour is rounded once
        show_period(page, "year")
        words = year.locator("[data-conversions]")
        expect(words).to_contain_text("× 10,41 kWh/м³ от 1 март 2026 г.; × 10,62 kWh/м³")
        expect(words).to_contain_text("коефициентът не е известен")
        year.locator("summary").click()
        rows = year.locator("tbody tr")
        expect(rows.first.locator("td").first).to_have_text("—")
        expect(rows.first).to_have_attribute("data-state", "unconverted")
        expect(rows.first.locator("td").last).to_have_text("няма коефициент за kWh")
        expect(year.locator(".chart-words")).to_contain_text("За 1 месец няма данни")  # March
        expect(rows.nth(3).locator("td").first).to_contain_text("Wh")
        choose(page, "gas", "m³")
        expect(year.locator("[data-conversions]")).to_have_count(0)
        show_period(page, "day")
        expect(day.locator(".chart")).to_have_attribute("data-total", str(litres))
        expect(day.locator("[data-conversions]")).to_have_count(0)


def test_gas_in_kwh_on_the_list_on_an_alert_and_on_the_meters_page(browser: Browser):
    fake = FakeCloud()
    fake.raise_alert(
        service_point_id="sp-home-gas",
        utility="gas",
        kind="gas_flow",
        volume_l=1000,
        started_at="2026-11-21T01:40:00+00:00",
    )
    with opened(browser, fake, locale="en-GB") as page:
        open_building(page)
        facts = page.locator("[data-alert] .facts").first
        expect(facts).to_contain_text("1\u00a0m³")
        choose(page, "gas", "kWh")
        expect(facts).to_contain_text("10.6\u00a0kWh (× 10.62 kWh/m³ from October 1, 2026)")
        root = page.url.split("#")[0]
        page.goto(f"{root}#/premises/mladost-17/meters/sp-home-gas/2026-01-20")
        first = page.locator(".hours > li").first
        expect(first.locator("summary b")).to_have_text("—")
        expect(first).to_contain_text("no factor for kWh")
        page.goto(f"{root}#/premises/mladost-17/meters/sp-home-gas/2026-11-20")
        expect(first.locator("summary b")).to_contain_text("kWh")
        page.goto(f"{root}#/")
        home = page.locator("[data-premises=mladost-17]")
        expect(home.locator("[data-utility=gas] .home-today dd")).to_contain_text("Wh")
        expect(home.locator("[data-conversions]")).to_contain_text("from October 1, 2026")


def test_an_alerts_hours_and_its_line_among_all_alerts_are_in_the_chosen_unit(browser: Browser):
    fake = FakeCloud()
    fake.raise_alert(
        service_point_id="sp-home-gas",
        utility="gas",
        kind="gas_flow",
        volume_l=1000,
        cost_eur=None,
        started_at="2026-11-21T01:40:00+00:00",
        hours=[
            {"started_at": "2026-11-21T01:40:00+00:00", "volume_l": 470.5, "energy_wh": None},
            {"started_at": "2026-11-21T02:40:00+00:00", "volume_l": 1000.0, "energy_wh": None},
        ],
    )
    with opened(browser, fake, locale="en-GB") as page:
        open_building(page)
        choose(page, "gas", "kWh")
        page.click("[href='#/alerts']")
        expect(page.locator("[data-alert] .alert-row-figures")).to_contain_text("10.6\u00a0kWh")
        page.click("[data-alert]")
        hours = page.locator(".hours")
        expect(hours.locator("tbody tr").first).to_contain_text("5\u00a0kWh")
        expect(hours.locator("tbody tr").last).to_contain_text("10.6\u00a0kWh")
        expect(hours.locator("caption")).to_contain_text("× 10.62 kWh/m³ from October 1, 2026")


def test_an_alert_over_two_factors_stays_in_cubic_metres(browser: Browser):
    fake = FakeCloud()
    fake.raise_alert(
        service_point_id="sp-home-gas",
        utility="gas",
        kind="gas_flow",
        volume_l=1000,
        started_at="2026-09-29T01:40:00+00:00",
    )
    with opened(browser, fake, locale="en-GB") as page:
        open_building(page)
        with page.expect_response("**/gas-conversions"):
            choose(page, "gas", "kWh")
        facts = page.locator("[data-alert] .facts").first
        expect(facts).to_contain_text("1\u00a0m³")
        expect(facts).not_to_contain_text("kWh")


def test_signing_out_forgets_the_person_and_keeps_the_phones_units(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        choose(page, "water", "l")
        page.locator(".leave").click()
        page.wait_for_selector("#email")
        assert call(page, "unit_choice", "chosenUnit", "water") == "l"


def test_every_count_can_be_told_back_from_what_is_shown(browser: Browser):
    """A property over random counts: no digit is lost, in any unit, in either language."""
    draw = random.Random(102)  # noqa: S311 - to be the same each time
    counts = [0, 1, 999, 10**6, 2**24 + 1, 2**53 - 1]
    counts += [draw.randrange(2 ** draw.randrange(1, 54)) for _ in range(120)]
    with opened(browser, FakeCloud()) as page:
        for unit, digits in DIGITS.items():
            for language, comma in (("bg", ","), ("en", ".")):
                texts = page.evaluate(
                    """async ([counts, unit, language]) => {
                      const { exactText } = await import("/app/units.js");
                      return counts.map((count) => exactText(count, unit, language));
                    }""",
                    [counts, unit, language],
                )
                for count, text in zip(counts, texts, strict=True):
                    whole, fraction = text.rsplit("\u00a0", 1)[0].split(comma)
                    assert len(fraction) == digits
                    assert int(re.sub(r"\D", "", whole) + fraction) == count


def test_energy_of_litres_is_exact_as_in_the_cloud(browser: Browser):
    draw = random.Random(103)  # noqa: S311 - to be the same each time
    cases = [
        (draw.randrange(2**40), f"{draw.randrange(8, 14)}.{draw.randrange(10**6):06}")
        for _ in range(100)
    ]
    with opened(browser, FakeCloud()) as page:
        for litres, factor in [*cases, (0, "10"), (1, "10.5")]:
            exact = litres * Fraction(factor)
            told = call(page, "gas", "wattHours", litres, factor)
            assert abs(told - exact) <= Fraction(1, 2)
            assert round(told / Fraction(factor)) == litres
