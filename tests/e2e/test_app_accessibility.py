# SPDX-License-Identifier: EUPL-1.2
"""Every page and state for everyone: WCAG 2.2 AA as far as a machine can tell, and by keyboard.

The way in and the buildings are here, the rest in ``test_app_accessibility_pages.py``: two files,
so that two workers share them.
"""

import pytest
from playwright.sync_api import Browser

from tests.e2e.app_states import State, all_states, shown, views_of_routes
from tests.e2e.for_everyone import WIDTHS, faults, out_of_reach, spills, violations

pytestmark = pytest.mark.needs_browser

FIRST_VIEWS = {"sign_in", "second_factor", "new_password", "buildings", "building"}
STATES = [state for state in all_states() if state.view in FIRST_VIEWS]


def test_every_page_of_the_app_is_among_the_states() -> None:
    states = all_states()
    assert views_of_routes() - {state.view for state in states} == set()
    names = [state.name for state in states]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_for_everyone(browser: Browser, state: State) -> None:
    assert faults(browser, state) == []


def test_the_checks_find_what_is_wrong(browser: Browser) -> None:
    with shown(browser, STATES[0]) as page:
        page.evaluate(
            """() => {
              const content = document.querySelector("#content");
              const image = document.createElement("img");
              image.src = "/app/icon.svg";
              content.append(image);
              const button = Object.assign(document.createElement("button"), { textContent: "?" });
              button.style.outline = "none";
              button.style.width = "500px";
              content.append(button);
              document.querySelector(".languages").inert = false;
            }"""
        )
        assert any("image-alt" in one for one in violations(page))
        assert any("no ring" in one for one in out_of_reach(page))
        assert spills(page, *WIDTHS) != []
