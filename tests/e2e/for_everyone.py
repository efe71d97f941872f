# SPDX-License-Identifier: EUPL-1.2
"""What keeps a page from being for everyone, as far as a machine can tell."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

import tests
from tests.e2e.app_states import State, shown
from tests.e2e.test_app_looks import SPILLED

AXE = Path(tests.__file__).parent / "app_tools" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATIONS = """async (runOnly) => {
  const found = await axe.run(document, { runOnly, resultTypes: ["violations"] });
  return found.violations.flatMap(({ id, nodes }) => nodes.map(
    ({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`,
  ));
}"""
EVERY_RULE = {"type": "tag", "values": TAGS}
# A theme changes colours and nothing else, so one of a language's two is looked at for these only.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
LOOKS: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("EN", "light", COLOURS),
    ("EN", "dark", EVERY_RULE),
    ("BG", "dark", COLOURS),
    ("BG", "light", EVERY_RULE),
)

# What can be reached by Tab; of a group of radio buttons one is.
CONTROLS = """() => {
  const wanted = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  const seen = new Set();
  return window.controls = [...document.querySelectorAll(wanted)].filter((one) => {
    if (one.disabled || one.tabIndex < 0 || one.closest("[inert]")) return false;
    if (!one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.type !== "radio") return true;
    if (seen.has(one.name)) return false;
    return seen.add(one.name);
  });
}"""
FOCUSED = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const areRadios = (...both) => both.every((each) => each.type === "radio");
  const group = (other) => areRadios(other, one) && other.name === one.name;
  const ringed = ({ outlineStyle, outlineWidth }) =>
    outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  const label = one.closest("label");
  const stretched = getComputedStyle(one, "::after"); // a card's link has the ring around the card
  const isShown = ringed(style) || style.boxShadow !== "none"
    || (label && ringed(getComputedStyle(label)))
    || (stretched.content !== "none" && ringed(stretched));
  return {
    at: window.controls.findIndex((other) => other === one || group(other)),
    unseen: isShown || one === document.body ? null : one.outerHTML.slice(0, 120),
  };
}"""
# A date's day, month, year and calendar are a stop each.
STOPS = """all => all.map(({ type }) => type === "date" ? 4 : 1)"""


def violations(page: Page) -> list[str]:
    """Return what axe finds in both languages and both themes."""
    page.evaluate(AXE.read_text())  # past the content security policy
    found: list[str] = []
    for language, theme, rules in LOOKS:
        page.get_by_role("button", name=language, exact=True).click()
        page.emulate_media(color_scheme=theme)
        told: list[str] = page.evaluate(VIOLATIONS, rules)
        found += [f"{language} {theme} {one}" for one in told]
    return found


def out_of_reach(page: Page) -> list[str]:
    """Return controls that Tab doesn't come to, and those that don't show that it came."""
    page.evaluate("document.activeElement.blur()")
    stops: list[int] = page.evaluate_handle(CONTROLS).evaluate(STOPS)
    controls = len(stops)
    reached: set[int] = set()
    unseen: list[str] = []
    for _ in range(sum(stops) + 3):  # the document itself is a stop, too
        page.keyboard.press("Tab")
        focus: dict[str, Any] = page.evaluate(FOCUSED)
        reached.add(focus["at"])
        if focus["unseen"]:
            unseen.append(f"no ring: {focus['unseen']}")
    missed = sorted(set(range(controls)) - reached)
    names = page.evaluate("at => at.map((one) => window.controls[one].outerHTML)", missed)
    return unseen + [f"not reached: {name[:120]}" for name in names]


# A phone's; a desk's of 1280 px, zoomed in twice; its text alone twice as large.
WIDTHS = ((320, "100%"), (640, "100%"), (1280, "200%"))


def spills(page: Page, *widths: tuple[int, str]) -> list[str]:
    """Return what leaves the page at these widths and sizes of text.

    Source: WCAG 2.2, 1.4.10 (320 px) and 1.4.4 (200 %).
    """
    found: list[str] = []
    for width, text in widths:
        page.set_viewport_size({"width": width, "height": 740})
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", text)
        page.wait_for_timeout(100)
        across = page.evaluate("document.documentElement.scrollWidth")
        if across > width:
            found.append(f"{width} px, text {text}: scrolls to {across} px")
        found += [f"{width} px, text {text}: {one}" for one in page.evaluate(SPILLED)]
    return found


def faults(browser: Browser, state: State) -> list[str]:
    """Return what axe, a keyboard, a narrow screen and large text find wrong with a state."""
    with shown(browser, state) as page:
        return violations(page) + out_of_reach(page) + spills(page, *WIDTHS)
