# SPDX-License-Identifier: EUPL-1.2
"""What an owner can save: budgets, what runs at night, two years compared, what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import opened, sign_in
from tests.fakes.fake_cloud_api import FakeCloud
from tests.fakes.fake_saving_api import GAS, WATER, a_night, some_years

pytestmark = pytest.mark.needs_browser
SPACE = "\u00a0"


@contextmanager
def at_saving(browser: Browser, fake: FakeCloud, **context: Any) -> Iterator[Page]:
    """Sign in and go to a building's saving by its tab."""
    with opened(browser, fake, **context) as page:
        sign_in(page)
        page.click("[data-premises=mladost-17]")
        page.get_by_role("link", name="Спестяване").first.click()
        page.wait_for_selector("iskar-budgets")
        yield page


def test_what_is_worth_most_comes_first_with_its_evidence_and_a_way_on(browser: Browser):
    with at_saving(browser, FakeCloud()) as page:
        expect(page.locator("h1")).to_contain_text("Спестяване")
        expect(page.locator("[data-action]")).to_have_count(3)
        leak, rise, silent = page.locator("[data-action]").all()
        expect(leak).to_contain_text("Спри теча: ")
        expect(leak.locator(".worth")).to_have_text(f"822,40{SPACE}€ на година")
        expect(leak).to_contain_text(f"По 48{SPACE}л/ч от 24 октомври насам")
        expect(leak.get_by_role("link")).to_have_attribute("href", "#/alerts/al-1")
        expect(rise).to_contain_text(
            f"Сега 72{SPACE}л на ден, а в най-тихите 4 седмици от последната половин година"
            f" 24{SPACE}л на ден."
        )
        href = f"#/premises/mladost-17/meters/{WATER}"
        expect(rise.get_by_role("link")).to_have_attribute("href", href)
        expect(silent.locator(".worth")).to_have_text("не се знае колко")


def test_where_there_is_nothing_to_advise_the_page_says_so(browser: Browser):
    fake = FakeCloud()
    fake.saving.actions = []
    with at_saving(browser, fake) as page:
        expect(page.locator("[data-nothing]")).to_contain_text("Така дръж.")
        expect(page.locator("[data-action]")).to_have_count(0)


def test_a_budget_is_set_shown_beside_the_month_changed_and_removed(browser: Browser):
    fake = FakeCloud()
    with at_saving(browser, fake) as page:
        water = page.locator("[data-budget=water]")
        page.get_by_role("button", name="Сложи бюджет: Вода").click()
        expect(page.get_by_label("Най-много на месец")).to_be_focused()
        page.keyboard.type("25,50")
        page.keyboard.press("Enter")
        expect(water).to_have_attribute("data-state", "over")
        assert fake.saving.puts == [{"euro": "25.50", "amount": None}]
        expect(water).to_contain_text(f"Вероятно ще го минеш с 0,80{SPACE}€.")
        expect(water).to_contain_text(f"9 от 10 пъти между 24,10{SPACE}€ и 28,90{SPACE}€.")
        expect(water).to_contain_text("Остават 9 дни.")
        change = page.get_by_role("button", name="Промени бюджета: Вода")
        expect(change).to_be_focused()
        change.click()
        expect(page.get_by_label("Най-много на месец")).to_have_value("25,5")
        page.get_by_label("Най-много на месец").fill("20")
        page.get_by_label("В", exact=True).select_option("m³")
        page.get_by_role("button", name="Запази").click()
        expect(water).to_have_attribute("data-state", "under")
        assert fake.saving.puts[-1] == {"euro": None, "amount": 20_000_000}
        page.get_by_role("button", name="Махни бюджета: Вода").click()
        expect(water).to_contain_text("няма бюджет")
        assert fake.saving.budgets == {}


@pytest.mark.parametrize("typed", ["", "0", "много", "-5", "1.2.3"])
def test_a_budget_that_is_no_number_is_refused_where_it_was_typed(browser: Browser, typed: str):
    fake = FakeCloud()
    with at_saving(browser, fake) as page:
        page.get_by_role("button", name="Сложи бюджет: Ток").click()
        field = page.get_by_label("Най-много на месец")
        field.fill(typed)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="Напиши число")).to_be_visible()
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        assert fake.saving.puts == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Сложи бюджет: Ток")).to_be_focused()


def test_a_budget_that_the_server_does_not_take_says_so_and_keeps_what_was_typed(
    browser: Browser,
):
    fake = FakeCloud()
    with at_saving(browser, fake) as page:
        page.get_by_role("button", name="Сложи бюджет: Вода").click()
        field = page.get_by_label("Най-много на месец")
        field.fill("30")
        fake.broken = True
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="Бюджетът не е записан")).to_be_visible()
        expect(field).to_have_value("30")
        fake.broken = False
        page.keyboard.press("Enter")
        expect(page.locator("[data-budget=water]")).to_have_attribute("data-state", "under")


def test_nights_and_years_tell_what_they_cost_and_what_the_weather_did(browser: Browser):
    with at_saving(browser, FakeCloud()) as page:
        night = page.locator(f"[data-night={WATER}]")
        expect(night).to_contain_text(f"63,07{SPACE}€ на година")
        expect(night).to_contain_text(f"72{SPACE}л на ден текат без спиране")
        expect(night).to_contain_text("По 28 нощи, от 24 октомври до 20 ноември.")
        years = page.locator(f"[data-years={GAS}]")
        expect(years).to_contain_text("12 % по-малко")
        expect(years).to_contain_text(f"от времето−8{SPACE}%")
        expect(years).to_contain_text(f"от теб и сградата−4{SPACE}%")
        expect(page.locator(f"[data-years={WATER}]")).to_contain_text("Трябват две пълни години")


def test_what_is_not_known_is_never_a_zero(browser: Browser):
    fake = FakeCloud()
    unknown = {"rate": None, "coverage": 0.62, "a_year": None, "euro_a_year": None}
    fake.saving.nights = [a_night(WATER, "water", **unknown)]
    fake.saving.years = [some_years(GAS, "gas", by_weather=None, is_certain=False)]
    with at_saving(browser, fake) as page:
        expect(page.locator(f"[data-night={WATER}]")).to_contain_text("измерени са 62 %")
        years = page.locator(f"[data-years={GAS}]")
        expect(years).to_contain_text("Не зависи от времето.")
        expect(years).to_contain_text("може да е случайна")


def test_years_that_are_being_compared_come_by_themselves(browser: Browser):
    fake = FakeCloud()
    ready = fake.saving.years
    gone = {"before": None, "now": None, "by_weather": None, "by_rest": None, "is_certain": False}
    fake.saving.years = [one.model_copy(update={"is_ready": False, **gone}) for one in ready]
    with at_saving(browser, fake) as page:
        expect(page.locator(f"[data-years={GAS}]")).to_contain_text("Сравняваме…")
        fake.saving.years = ready
        expect(page.locator(f"[data-years={GAS}]")).to_contain_text("12 % по-малко")


def test_who_may_set_no_budget_is_shown_no_form(browser: Browser):
    fake = FakeCloud()
    fake.saving.may_budget = False
    with opened(browser, fake) as page:
        sign_in(page)
        page.evaluate("location.hash = '#/premises/mladost-17/saving'")
        expect(page.locator("[data-action]")).to_have_count(3)
        expect(page.locator("iskar-budgets")).to_have_count(0)
        expect(page.get_by_role("heading", name="Бюджет")).to_have_count(0)


def test_without_a_connection_the_last_figures_are_shown_with_their_age(browser: Browser):
    fake = FakeCloud()
    with at_saving(browser, fake) as page:
        expect(page.locator("[data-action]")).to_have_count(3)
        page.context.set_offline(True)
        page.evaluate("location.hash = '#/'")
        page.wait_for_selector("iskar-buildings")
        page.evaluate("location.hash = '#/premises/mladost-17/saving'")
        expect(page.locator(".banner-offline")).to_contain_text("Няма връзка")
        expect(page.locator("[data-action]")).to_have_count(3)


def test_in_english_and_on_a_narrow_screen_nothing_spills(browser: Browser):
    fake = FakeCloud()
    fake.saving.budgets["electricity"] = {"euro": "60.00", "amount": None}
    narrow = {"viewport": {"width": 320, "height": 640}, "locale": "en-GB"}
    with opened(browser, fake, **narrow) as page:
        sign_in(page)
        page.click("[data-premises=mladost-17]")
        page.get_by_role("link", name="Saving").click()
        expect(page.locator("[data-action=leak] .worth")).to_have_text("€822.40 a year")
        electricity = page.locator("[data-budget=electricity]")
        expect(electricity).to_contain_text("You have passed it by €1.20.")
        expect(page.locator(f"[data-years={GAS}]")).to_contain_text("12 % less")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320
