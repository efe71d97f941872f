# SPDX-License-Identifier: EUPL-1.2
"""Papers of a building: saved as files, client numbers kept, a bill compared and explained."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import opened, sign_in
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

BILL = {"from": "2026-10-01", "to": "2026-11-01", "start_register": "8381"}


@contextmanager
def papers(browser: Browser, fake: FakeCloud, **context: Any) -> Iterator[Page]:
    """Open the papers of the building."""
    with opened(browser, fake, **context) as page:
        page.wait_for_selector("#email")
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        page.evaluate("location.hash = '#/premises/mladost-17/papers'")
        page.wait_for_selector("[data-number=sp-home-cold]")
        yield page


def _compare(page: Page, **billed: str) -> None:
    for name, told in {**BILL, **billed}.items():
        page.fill(f"#check-{name}", told)
    page.locator("iskar-bill-check button").click()


@pytest.mark.parametrize(
    ("locale", "language", "words"),
    [("bg-BG", "bg", "Готово: "), ("en-GB", "en", "Done: ")],
)
def test_a_report_is_saved_as_a_pdf_in_the_language_of_the_page(
    browser: Browser, locale: str, language: str, words: str
):
    with papers(browser, FakeCloud(), locale=locale) as page:
        page.select_option("#report-month", index=2)
        month = page.input_value("#report-month")
        with page.expect_download() as saving:
            page.locator("[aria-labelledby=report-title] a").click()
        name = f"mladost-17-report-{month}-{language}.pdf"
        assert saving.value.suggested_filename == name
        assert saving.value.path().read_bytes().startswith(b"%PDF-")
        expect(page.locator("[aria-labelledby=report-title] [role=status]")).to_have_text(
            words + name
        )


def test_a_refusal_is_told_in_the_page_and_does_not_open_as_one(browser: Browser):
    fake = FakeCloud()
    with papers(browser, fake) as page:
        fake.broken = True
        page.locator("[aria-labelledby=report-title] a").click()
        said = page.locator("[aria-labelledby=report-title] [role=status]")
        expect(said).to_contain_text("Сървърът отговори с грешка 500")
        fake.broken = False
        assert page.url.endswith("#/premises/mladost-17/papers")


def test_a_client_number_is_kept_and_one_with_letters_is_not(browser: Browser):
    fake = FakeCloud()
    with papers(browser, fake) as page:
        form = page.locator("[data-number=sp-home-cold]")
        form.locator("input").fill("10 020 A")
        form.locator("button").click()
        expect(form.locator("[role=status]")).to_have_text("Само цифри, от 4 до 20.")
        assert fake.client_numbers == {}
        form.locator("input").fill("1002 0030")
        form.locator("button").click()
        expect(form.locator("[role=status]")).to_have_text("Записано.")
        assert fake.client_numbers == {"sp-home-cold": "10020030"}
        with page.expect_download() as saving:
            page.locator("[aria-labelledby=sheet-title] a").click()
        assert saving.value.suggested_filename.startswith("mladost-17-self-reading-")
        form.locator("input").fill("")
        form.locator("button").click()
        expect(form.locator("[role=status]")).to_have_text("Записано.")
        page.wait_for_function("true")
        assert fake.client_numbers == {}


def test_a_tenant_is_told_who_changes_a_client_number(browser: Browser):
    fake = FakeCloud(role="tenant")
    with papers(browser, fake) as page:
        form = page.locator("[data-number=sp-home-cold]")
        form.locator("input").fill("10020030")
        form.locator("button").click()
        expect(form.locator("[role=status]")).to_contain_text("Само собственикът")


def test_an_export_has_the_days_and_the_name_that_were_chosen(browser: Browser):
    with papers(browser, FakeCloud()) as page:
        page.fill("#export-from", "2026-10-01")
        page.fill("#export-to", "2026-10-31")
        page.select_option("#export-servicePointId", "sp-home-cold")
        page.select_option("#export-format", "parquet")
        with page.expect_download() as saving:
            page.locator("[aria-labelledby=export-title] a").click()
        assert saving.value.suggested_filename == "sp-home-cold-usage-2026-10-01-2026-11-01.parquet"
        page.select_option("#export-what", "readings")
        page.fill("#export-from", "2024-10-01")
        expect(page.locator("#export-said")).to_contain_text("най-много за една година")
        expect(page.locator("[aria-labelledby=export-title] a")).to_have_attribute(
            "aria-disabled", "true"
        )


def test_a_bill_that_is_right_agrees(browser: Browser):
    with papers(browser, FakeCloud()) as page:
        _compare(page, end_register="8 412", total_eur="74,40")
        verdict = page.locator("[data-verdict]")
        expect(verdict).to_have_attribute("data-verdict", "agrees")
        expect(verdict.locator("h3")).to_have_text("Сметката се връзва с нашите показания.")
        expect(page.locator("[data-reason]")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("bg-BG", "Показанието 8415 м³ го имаше на 3 ноември 2026 г., а не на 1 ноември 2026 г."),
        ("en-GB", "The dial showed 8,415 m³ on November 3, 2026, not on November 1, 2026"),
    ],
)
def test_a_bill_of_another_day_says_which(browser: Browser, locale: str, words: str):
    with papers(browser, FakeCloud(), locale=locale) as page:
        _compare(page, end_register="8415")
        reason = page.locator("[data-reason=other_day]")
        expect(reason).to_contain_text(words)
        expect(reason.locator("b")).to_have_text(
            "+3\u00a0м³" if locale == "bg-BG" else "+3\u00a0m³"
        )


def test_what_can_not_be_explained_is_said_so_with_its_amount(browser: Browser):
    with papers(browser, FakeCloud()) as page:
        _compare(page, end_register="8412", total_eur="90")
        expect(page.locator("[data-verdict=unexplained]")).to_be_visible()
        expect(page.locator("[data-reason=assumed_tariff]")).to_be_visible()
        rest = page.locator("[data-reason=price_unexplained] b")
        expect(rest).to_have_text("+15,60\u00a0€")


def test_what_can_not_be_meant_is_told_before_anything_is_asked(browser: Browser):
    with papers(browser, FakeCloud()) as page:
        _compare(page, start_register="")
        expect(page.locator("#check-said")).to_have_text("Препиши поне едно число от сметката.")
        _compare(page, end_register="12a")
        expect(page.locator("#check-said")).to_contain_text("Това не е число.")
        expect(page.locator("#check-end_register")).to_be_focused()
        _compare(page, to="2026-10-01")
        expect(page.locator("#check-said")).to_contain_text("Последният ден")
        expect(page.locator("[data-verdict]")).to_have_count(0)


def test_without_a_connection_the_page_says_that_papers_need_one(browser: Browser):
    with papers(browser, FakeCloud()) as page:
        page.evaluate("location.hash = '#/premises/mladost-17'")
        page.wait_for_selector("[data-connection=live]")
        page.evaluate("navigator.serviceWorker.ready")
        page.context.set_offline(True)
        page.evaluate("location.hash = '#/premises/mladost-17/papers'")
        expect(page.locator(".banner-offline")).to_contain_text("Няма връзка.")
        link = page.locator("[aria-labelledby=report-title] a")
        expect(link).to_have_attribute("aria-disabled", "true")
        page.context.set_offline(False)
        expect(page.locator(".banner-offline")).to_have_count(0)
        expect(link).not_to_have_attribute("aria-disabled", "true")


SPILLED = """() => [...document.querySelectorAll("main *")]
  .filter((one) => one.checkVisibility() && !one.closest(".visually-hidden"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.className || one.tagName)"""


@pytest.mark.parametrize("locale", ["bg-BG", "en-GB"])
def test_no_width_needs_sideways_scrolling(browser: Browser, locale: str):
    with papers(browser, FakeCloud(), locale=locale) as page:
        _compare(page, end_register="8499", total_eur="90")
        page.wait_for_selector("[data-verdict]")
        for width in (320, 390, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SPILLED) == [], width


def test_a_building_that_is_not_theirs_is_said_not_to_be_there(browser: Browser):
    with papers(browser, FakeCloud()) as page:
        page.evaluate("location.hash = '#/premises/nowhere/papers'")
        expect(page.locator(".problem.card")).to_contain_text("Няма такава сграда")
