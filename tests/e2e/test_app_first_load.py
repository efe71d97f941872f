# SPDX-License-Identifier: EUPL-1.2
"""A first load that the server left, or changed its release in the middle of."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import PHONE, TIMEOUT_MS
from tests.fakes.fake_cloud_api import FakeCloud, running

pytestmark = pytest.mark.needs_browser


@contextmanager
def _at_the_door(browser: Browser, address: str) -> Iterator[Page]:
    """Give a page that has not asked for anything yet, and can't have the app's main module."""
    place = browser.new_context(viewport=PHONE, locale="bg-BG", service_workers="block")
    place.set_default_timeout(TIMEOUT_MS)
    page = place.new_page()
    page.route("**/lit-element.js", lambda route: route.abort())
    page.route("**/sw.js", lambda route: route.abort())
    page.goto(address)
    try:
        yield page
    finally:
        place.close()


def test_a_first_load_that_the_server_left_says_so_and_goes_on_once_it_is_back(browser: Browser):
    with running(FakeCloud()) as address, _at_the_door(browser, address) as page:
        expect(page.locator("#not-opened [role=alert]")).to_contain_text("още не се отвори")
        page.unroute("**/lit-element.js")
        page.unroute("**/sw.js")
        expect(page.locator("#email")).to_be_visible()
        expect(page.locator("#not-opened")).to_have_count(0)


def test_a_first_load_can_be_tried_again_by_hand(browser: Browser):
    with running(FakeCloud()) as address, _at_the_door(browser, address) as page:
        expect(page.locator("#not-opened [role=alert]")).to_contain_text("Iskar hasn’t opened yet")
        page.unroute("**/lit-element.js")
        page.click("#not-opened button")
        expect(page.locator("#email")).to_be_visible()


def test_a_release_that_can_not_open_is_not_opened_without_end(browser: Browser):
    with running(FakeCloud()) as address, _at_the_door(browser, address) as page:
        asked: list[str] = []
        page.on("framenavigated", lambda frame: asked.append(frame.url))
        page.unroute("**/sw.js")  # the server is there, and its module is not
        expect(page.locator("#not-opened [role=alert]")).to_be_visible()
        page.wait_for_timeout(13_000)
        assert len(asked) == 1
