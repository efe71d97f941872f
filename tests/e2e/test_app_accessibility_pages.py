# SPDX-License-Identifier: EUPL-1.2
"""The states of the pages behind the buildings for everyone, as ``test_app_accessibility.py``."""

import pytest
from playwright.sync_api import Browser

from tests.e2e.app_states import State, all_states
from tests.e2e.for_everyone import faults
from tests.e2e.test_app_accessibility import FIRST_VIEWS

pytestmark = pytest.mark.needs_browser

STATES = [state for state in all_states() if state.view not in FIRST_VIEWS]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_state_is_for_everyone(browser: Browser, state: State) -> None:
    assert faults(browser, state) == []
