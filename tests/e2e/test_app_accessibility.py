# SPDX-License-Identifier: EUPL-1.2
"""Every page and state for everyone: WCAG 2.2 AA as far as a machine can tell, and by keyboard."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import tests
from tests.e2e.app_states import State, all_states, shown, views_of_routes
from tests.e2e.test_app_looks import SPILLED

pytestmark = pytest.mark.needs_browser

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
LOOKS = (
    ("EN", "light", COLOURS),
    ("EN", "dark", EVERY_RULE),
    ("BG", "dark", COLOURS),
    ("BG", "light", EVERY_RULE),
)
STATES = all_states()

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
  const hasRing = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  const around = one.closest("label") ? getComputedStyle(one.closest("label")) : style;
  const isShown = hasRing || style.boxShadow !== "none"
    || (around.outlineStyle !== "none" && parseFloat(around.outlineWidth) >= 1);
  return {
    at: window.controls.findIndex((other) => other === one || group(other)),
    unseen: isShown || one === document.body ? null : one.outerHTML.slice(0, 120),
  };
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """Give axe's source, to be run past the content security policy."""
    return AXE.read_text()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


def _violations(page: Page) -> list[str]:
    """Return what axe finds in both languages and both themes."""
    found: list[str] = []
    for language, theme, rules in LOOKS:
        page.get_by_role("button", name=language, exact=True).click()
        page.emulate_media(color_scheme=theme)
        told: list[str] = page.evaluate(VIOLATIONS, rules)
        found += [f"{language} {theme} {one}" for one in told]
    return found


def _out_of_reach(page: Page) -> list[str]:
    """Return controls that Tab doesn't come to, and those that don't show that it came."""
    page.evaluate("document.activeElement.blur()")
    controls = len(page.evaluate_handle(CONTROLS).evaluate("all => all.map(() => 0)"))
    reached: set[int] = set()
    unseen: list[str] = []
    for _ in range(controls + 3):  # the document itself is a stop, too
        page.keyboard.press("Tab")
        focus: dict[str, Any] = page.evaluate(FOCUSED)
        reached.add(focus["at"])
        if focus["unseen"]:
            unseen.append(f"no ring: {focus['unseen']}")
    missed = sorted(set(range(controls)) - reached)
    names = page.evaluate("at => at.map((one) => window.controls[one].outerHTML)", missed)
    return unseen + [f"not reached: {name[:120]}" for name in names]


WIDTHS = ((320, "100%"), (640, "100%"))  # a phone's; a desk's of 1280 px, zoomed in twice
LARGE_TEXT = (1280, "200%")  # text alone twice as large; planners' wide tables don't take it yet


def _spills(page: Page, *widths: tuple[int, str]) -> list[str]:
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


def test_every_page_of_the_app_is_among_the_states():
    assert views_of_routes() - {state.view for state in STATES} == set()
    names = [state.name for state in STATES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_for_everyone(browser: Browser, axe: str, stack: ExitStack, state: State):
    page = stack.enter_context(shown(browser, state))
    page.evaluate(axe)
    assert _violations(page) == []
    assert _out_of_reach(page) == []
    assert _spills(page, *WIDTHS, *([] if state.role == "utility" else [LARGE_TEXT])) == []


def test_the_checks_find_what_is_wrong(browser: Browser, axe: str, stack: ExitStack):
    page = stack.enter_context(shown(browser, STATES[0]))
    page.evaluate(axe)
    page.evaluate(
        """() => {
          const content = document.querySelector("#content");
          content.append(Object.assign(document.createElement("img"), { src: "/app/icon.svg" }));
          const button = Object.assign(document.createElement("button"), { textContent: "?" });
          button.style.outline = "none";
          button.style.width = "500px";
          content.append(button);
          document.querySelector(".languages").inert = false;
        }"""
    )
    assert any("image-alt" in one for one in _violations(page))
    assert any("no ring" in one for one in _out_of_reach(page))
    assert _spills(page, *WIDTHS) != []
