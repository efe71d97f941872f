# SPDX-License-Identifier: EUPL-1.2
"""The installed app without a connection, and when a new release is deployed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import cloud.web
from tests.e2e.app_page import (
    dial_text,
    open_building,
    opened,
    opened_at,
    sign_in,
    wait_for_register,
)
from tests.fakes.fake_cloud_api import FakeCloud, running

pytestmark = pytest.mark.needs_browser

_INSTALLED = "() => Boolean(navigator.serviceWorker.controller)"


@pytest.fixture
def enter() -> Iterator[Callable[[AbstractContextManager[Page]], Page]]:
    """Give the function that opens a page until the end of the test."""
    with ExitStack() as stack:
        yield stack.enter_context


def _install(page: Page) -> None:
    page.wait_for_function(_INSTALLED)


def test_offline_shows_the_last_readings_with_their_age_and_no_false_zero(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        _install(page)
        wait_for_register(page, "sp-home-cold", fake.count("sp-home-cold", 5_000_000))
        page.wait_for_timeout(300)
        page.context.set_offline(True)
        page.reload()
        expect(page.locator(".banner-offline")).to_contain_text("Виждаш последното, получено преди")
        page.wait_for_selector("[data-connection=offline]")
        assert dial_text(page, "sp-home-cold") == "08417,377"
        assert dial_text(page, "sp-home-gas") == "—————,———"
        expect(page.locator("[data-service-point=sp-home-cold] .freshness")).to_contain_text("сек")
        assert page.get_attribute("[data-chart=day] .chart", "data-bars") in {"23", "24", "25"}
        page.click("[data-period=year]")
        expect(page.locator("[data-chart=year]")).to_contain_text("не е запомнен на телефона")
        page.context.set_offline(False)
        page.wait_for_selector("[data-connection=live]")
        expect(page.locator(".banner-offline")).to_have_count(0)


def test_buildings_are_listed_offline_with_the_age_of_the_list(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        open_building(page)
        _install(page)
        page.click(".back")
        page.wait_for_selector("[data-premises]")
        page.context.set_offline(True)
        page.reload()
        expect(page.locator("[data-premises]")).to_have_count(2)
        expect(page.locator(".banner-offline")).to_contain_text("Няма връзка")


def test_a_server_that_fails_is_not_taken_for_an_empty_list(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        open_building(page)
        fake.broken = True
        page.evaluate("localStorage.clear()")
        page.click(".back")
        expect(page.locator("iskar-buildings [role=alert]")).to_contain_text("грешка 500")
        fake.broken = False
        page.get_by_role("button", name="Опитай пак").click()
        expect(page.locator("[data-premises]")).to_have_count(2)


def test_a_new_release_shows_at_the_next_return_to_the_foreground(
    browser: Browser, tmp_path: Path, enter: Callable[[AbstractContextManager[Page]], Page]
):
    folder = _copy_of_the_app(tmp_path)
    fake = FakeCloud()
    with running(fake, folder=folder) as address:
        page = enter(opened_at(browser, address))
        open_building(page)
        _install(page)
    strings = folder / "words" / "app.js"
    strings.write_text(strings.read_text().replace('"Искър"', '"Искър 2"'))
    with running(fake, port=int(address.rsplit(":", 1)[1]), folder=folder):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator(".brand")).to_have_text("Искър 2")
        page.wait_for_selector("[data-service-point=sp-home-cold]")


def _defined(page: Page, element: str) -> bool:
    return bool(page.evaluate("name => Boolean(customElements.get(name))", element))


def test_a_view_opened_once_opens_offline_and_one_never_opened_says_why_it_does_not(
    browser: Browser,
):
    with opened(browser, FakeCloud(role="utility")) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        _install(page)
        assert not _defined(page, "iskar-datasets")
        page.click("[href='#/datasets']")
        expect(page.locator("iskar-datasets h1")).to_be_visible()
        page.context.set_offline(True)
        page.goto(page.url.split("#")[0])
        page.reload()
        page.click("[href='#/datasets']")
        expect(page.locator("iskar-datasets h1")).to_be_visible()
        page.click("[href='#/demand']")
        expect(page.locator("#content [role=alert]")).to_contain_text("не се зареди")
        page.context.set_offline(False)
        page.get_by_role("button", name="Опитай пак").click()
        expect(page.locator("iskar-demand h1")).to_be_visible()


def test_an_installed_app_keeps_the_views_that_nobody_opened_yet(browser: Browser):
    with opened(browser, FakeCloud(role="utility")) as page:
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        _install(page)
        page.evaluate("navigator.serviceWorker.controller.postMessage('keep-all')")
        page.evaluate(_KEPT, "/words/demand.js")  # the last
        page.context.set_offline(True)
        page.reload()
        page.click("[href='#/demand']")
        expect(page.locator("iskar-demand h1")).to_be_visible()


_KEPT = """async (path) => {
  const isKept = async () => {
    for (const name of await caches.keys()) {
      const kept = await (await caches.open(name)).keys();
      if (kept.some(({ url }) => url.endsWith(path))) return true;
    }
    return false;
  };
  while (!(await isKept())) await new Promise((resolve) => setTimeout(resolve, 50));
}"""


@pytest.mark.parametrize("is_installed", [True, False], ids=["installed", "first visit"])
def test_a_view_first_opened_after_a_new_release_opens_in_that_release(
    browser: Browser,
    tmp_path: Path,
    enter: Callable[[AbstractContextManager[Page]], Page],
    is_installed: bool,
):
    folder = _copy_of_the_app(tmp_path)
    fake = FakeCloud(role="utility")
    workers = "allow" if is_installed else "block"
    with running(fake, folder=folder) as address:
        page = enter(opened_at(browser, address, service_workers=workers))
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        if is_installed:
            _install(page)
    for name, old in (("app", '"Искър"'), ("demand", '"Demand"')):
        strings = folder / "words" / f"{name}.js"
        assert old in strings.read_text()
        strings.write_text(strings.read_text().replace(old, f'{old[:-1]} 2"'))
    with running(fake, port=int(address.rsplit(":", 1)[1]), folder=folder):
        page.click("[href='#/demand']")
        expect(page.locator("iskar-demand h1")).to_be_visible()
        expect(page.locator(".brand")).to_have_text("Искър 2")
        page.get_by_role("button", name="EN").click()
        expect(page.locator("iskar-demand h1")).to_have_text("Demand 2")


def test_a_view_that_was_kept_is_kept_of_the_next_release_too(
    browser: Browser, tmp_path: Path, enter: Callable[[AbstractContextManager[Page]], Page]
):
    folder = _copy_of_the_app(tmp_path)
    fake = FakeCloud(role="utility")
    with running(fake, folder=folder) as address:
        page = enter(opened_at(browser, address))
        sign_in(page)
        page.wait_for_selector("[data-premises]")
        _install(page)
        page.click("[href='#/datasets']")
        expect(page.locator("iskar-datasets h1")).to_be_visible()
    strings = folder / "words" / "app.js"
    strings.write_text(strings.read_text().replace('"Искър"', '"Искър 2"'))
    with running(fake, port=int(address.rsplit(":", 1)[1]), folder=folder):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.locator(".brand")).to_have_text("Искър 2")
        page.context.set_offline(True)
        page.reload()
        expect(page.locator("iskar-datasets h1")).to_be_visible()


def _copy_of_the_app(tmp_path: Path) -> Path:
    original = Path(cloud.web.__file__).parent
    folder = tmp_path / "web"
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    (folder / "node_modules").symlink_to(original / "node_modules")
    return folder
