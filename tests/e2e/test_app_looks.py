# SPDX-License-Identifier: EUPL-1.2
"""How the app looks and reads: widths, contrast, languages, a quiet console."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.app_page import open_building, opened
from tests.fakes.fake_cloud_api import FakeCloud

pytestmark = pytest.mark.needs_browser

# Contrast by WCAG 2.2, 1.4.3: 4.5:1, and 3:1 from 24 px or 18.66 px bold.
TOO_FAINT = """() => {
  const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
  const blend = (colors) => {
    pen.clearRect(0, 0, 1, 1);
    for (const color of colors) { pen.fillStyle = color; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = (element) => element
    ? [...grounds(element.parentElement), getComputedStyle(element).backgroundColor] : [];
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
    const words = texts.map((node) => node.data.trim()).join("");
    const isExempt = element.closest(":disabled, .visually-hidden, .dial-unknown");
    if (!words || isExempt || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ground = grounds(element);
    const [a, b] = [blend(ground), blend([...ground, style.color])].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (contrast < (isLarge ? 3 : 4.5)) faint.push(`${words}: ${contrast.toFixed(2)}`);
  }
  return faint;
}"""


def _busy_page(page: Page, fake: FakeCloud) -> None:
    """Show every part there is: alerts in each state, details and tables unfolded."""
    fake.raise_alert(alert_id="over", state="resolved", resolved_at="2026-11-20T09:00:00+00:00")
    fake.raise_alert(alert_id="seen", state="acknowledged", kind="burst")
    fake.raise_alert(alert_id="ordinary", state="acknowledged", label="irrigation")
    open_building(page)
    fake.raise_alert()
    page.wait_for_selector(".alert-raised")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(browser: Browser, scheme: str):
    fake = FakeCloud()
    with opened(browser, fake, color_scheme=scheme) as page:
        page.wait_for_selector("#email")
        page.evaluate("document.querySelector('iskar-sign-in').problem = () => 'wrong'")
        assert page.evaluate(TOO_FAINT) == []
        _busy_page(page, fake)
        assert page.evaluate(TOO_FAINT) == []
        page.click(".back")
        page.wait_for_selector("[data-premises]")
        assert page.evaluate(TOO_FAINT) == []


def test_the_contrast_check_finds_faint_words(browser: Browser):
    with opened(browser, FakeCloud()) as page:
        page.wait_for_selector("#email")
        page.evaluate("document.querySelector('.help').style.color = '#999'")
        assert len(page.evaluate(TOO_FAINT)) == 1


SPILLED = """() => [...document.querySelectorAll("main *")]
  .filter((one) => one.checkVisibility() && !one.closest(".uplot, .visually-hidden"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => one.className || one.tagName)"""


@pytest.mark.parametrize("locale", ["bg-BG", "en-GB"])
def test_no_width_needs_sideways_scrolling(browser: Browser, locale: str):
    fake = FakeCloud()
    fake.count("sp-home-power", 9_000_000_000)  # seven digits before the comma
    with opened(browser, fake, locale=locale) as page:
        _busy_page(page, fake)
        for width in (320, 360, 768, 1440):
            page.set_viewport_size({"width": width, "height": 740})
            page.wait_for_timeout(100)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(SPILLED) == [], width


def test_a_desktop_shows_meters_and_charts_side_by_side(browser: Browser):
    with opened(browser, FakeCloud(), viewport={"width": 1440, "height": 900}) as page:
        open_building(page)
        meters = page.locator(".meters").bounding_box()
        charts = page.locator(".charts").bounding_box()
    assert meters is not None
    assert charts is not None
    assert meters["x"] + meters["width"] < charts["x"]
    assert charts["width"] > 600


@pytest.mark.parametrize("width", [390, 1280])
def test_a_buildings_name_and_tabs_stay_where_they_are_from_tab_to_tab(
    browser: Browser, width: int
):
    with opened(browser, FakeCloud(), viewport={"width": width, "height": 844}) as page:
        open_building(page)
        tabs = page.locator(".building-tabs")
        there = (page.locator("main h1").bounding_box(), tabs.bounding_box())
        for name in ("Спестяване", "Документи", "Правила", "Хора"):
            tabs.get_by_role("link", name=name).click()
            expect(page.locator("main h1")).to_have_text(re.compile(f": {name}$"))
            now = (page.locator("main h1").bounding_box(), tabs.bounding_box())
            assert now == there, name


def test_the_language_follows_the_browser_until_one_chooses_and_is_then_remembered(
    browser: Browser,
):
    with opened(browser, FakeCloud(), locale="en-GB") as page:
        expect(page.locator("iskar-sign-in h1")).to_have_text("Iskar")
        open_building(page)
        expect(page.locator("#meters-title")).to_have_text("Meters now")
        page.get_by_role("button", name="BG").click()
        expect(page.locator("#meters-title")).to_have_text("Измерватели сега")
        expect(page.locator("[data-service-point=sp-home-hot] h3")).to_have_text("Топла вода")
        page.reload()
        expect(page.locator("#meters-title")).to_have_text("Измерватели сега")
        assert page.get_attribute("html", "lang") == "bg"


def test_the_console_stays_quiet_and_the_content_security_policy_is_kept(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        page.wait_for_selector("#email")
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if said.type in {"error", "warning"} else None
            ),
        )
        _busy_page(page, fake)
        fake.count("sp-home-cold", 1000)
        page.reload()
        page.wait_for_selector("[data-connection=live]")
    assert complaints == []


def test_controls_have_names_and_room_for_a_finger(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake) as page:
        _busy_page(page, fake)
        poor = page.evaluate(
            """() => [...document.querySelectorAll("button, a, summary, input")]
              .filter((one) => one.checkVisibility() && !one.classList.contains("skip"))
              .filter((one) => one.getBoundingClientRect().height < 24
                || !(one.getAttribute("aria-label") || one.textContent.trim()))
              .map((one) => one.outerHTML)"""
        )
    assert poor == []


def test_with_reduced_motion_the_digits_do_not_roll(browser: Browser):
    fake = FakeCloud()
    with opened(browser, fake, reduced_motion="reduce") as page:
        open_building(page)
        fake.count("sp-home-cold", 1_000_000)
        expect(page.locator("[data-service-point=sp-home-cold] .digit").nth(4)).to_have_text("3")
        assert page.evaluate("document.getAnimations().length") == 0
