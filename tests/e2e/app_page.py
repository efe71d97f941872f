# SPDX-License-Identifier: EUPL-1.2
"""The app opened in a browser against a fake cloud, as tests of the app need it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from tests.fakes.fake_cloud_api import EMAIL, PASSWORD, FakeCloud, running

PHONE = {"width": 390, "height": 844}
TIMEOUT_MS = 15_000  # a busy machine is slow, not wrong


@contextmanager
def opened(browser: Browser, fake: FakeCloud, **context: Any) -> Iterator[Page]:
    """Open the app at its sign-in."""
    with running(fake) as address, opened_at(browser, address, **context) as page:
        yield page


@contextmanager
def opened_at(browser: Browser, address: str, **context: Any) -> Iterator[Page]:
    """Open the app at an address that is served already."""
    settings = {"viewport": PHONE, "locale": "bg-BG", "timezone_id": "America/New_York"}
    place = browser.new_context(**{**settings, **context})
    place.set_default_timeout(TIMEOUT_MS)
    page = place.new_page()
    page.goto(address)
    try:
        yield page
    finally:
        place.close()


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the form and send it."""
    page.fill("#email", EMAIL)
    page.fill("#password", password)
    page.keyboard.press("Enter")


def open_building(page: Page, premises_id: str = "mladost-17") -> None:
    """Sign in and go to a building, until its stream is open and its charts are drawn."""
    sign_in(page)
    page.click(f"[data-premises={premises_id}]")
    page.wait_for_selector("[data-connection=live]")
    page.wait_for_selector("[data-chart] .uplot")


def show_period(page: Page, period: str) -> None:
    """Chart by another period: day, week, month, year, years."""
    page.click(f"[data-period={period}]")
    page.wait_for_selector(f"[data-chart={period}] .uplot")


def show_day(page: Page, day: str) -> None:
    """Chart another day, as paging back to it would."""
    page.evaluate("day => { document.querySelector('iskar-usage').day = day; }", day)


def open_table(chart: Locator) -> None:
    """Open the table under a chart; its rows are made when somebody asks for them."""
    chart.locator(".chart-table summary").click()


def register_of(page: Page, service_point_id: str) -> str | None:
    """Return the register a dial shows, in the wire's unit; empty where it is not known."""
    return page.get_attribute(f"{_point(service_point_id)} .dial", "data-register")


def dial_text(page: Page, service_point_id: str) -> str:
    """Return the digits as a person sees them."""
    shown = page.text_content(f"{_point(service_point_id)} .dial-window") or ""
    return "".join(shown.split())


def wait_for_register(page: Page, service_point_id: str, register: int) -> None:
    """Wait until a dial shows ``register``, without a reload."""
    page.wait_for_selector(f'{_point(service_point_id)} .dial[data-register="{register}"]')


def _point(service_point_id: str) -> str:
    return f"[data-service-point={service_point_id}]"
