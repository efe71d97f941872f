# SPDX-License-Identifier: EUPL-1.2
"""Every page of the app in every state that a person may find it in.

A module of this folder says the states of its part as ``STATES``; it is found, not listed. A state
of a view that isn't there is left out, so a view may be planned before it is written; a view that
is there without a state fails ``tests/e2e/test_app_accessibility.py``.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

import cloud.web
from tests.e2e.app_page import PHONE, TIMEOUT_MS
from tests.fakes.fake_cloud_api import EMAIL, PASSWORD, FakeCloud, running

WEB = Path(cloud.web.__file__).parent


def nothing(*_: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class State:
    """One page as a person may find it.

    ``before`` changes the cloud, ``routed`` what some requests are answered, both before the page
    is opened at ``address``; ``act`` does then what a person does; ``ready`` is there when done.
    """

    name: str
    view: str
    address: str = "#/"
    role: str | None = "owner"  # None: nobody is signed in
    ready: str = "#content h1"
    before: Callable[[FakeCloud], None] = nothing
    routed: Callable[[Page], None] = nothing
    act: Callable[[Page, FakeCloud], None] = nothing
    context: dict[str, Any] = field(default_factory=dict)


def views_of_routes() -> set[str]:
    """Return the views that ``routes.js`` leads to and that are there."""
    named = re.findall(r'import\("\./views/(\w+)\.js"\)', (WEB / "routes.js").read_text())
    return {name for name in named if (WEB / "views" / f"{name}.js").is_file()}


def all_states() -> list[State]:
    """Return the states of the views that are there, in the order of their modules' names."""
    modules = (
        importlib.import_module(f"{__name__}.{one.name}")
        for one in pkgutil.iter_modules(__path__)
        if one.name != "__main__"
    )
    found: list[State] = [state for module in modules for state in module.STATES]
    there = views_of_routes()
    return [state for state in found if state.view in there]


@contextmanager
def shown(browser: Browser, state: State, **context: Any) -> Iterator[Page]:
    """Give a page in this state, in Bulgarian and at a phone's size unless told otherwise."""
    fake = FakeCloud(role=state.role or "owner")
    state.before(fake)
    settings = {"viewport": PHONE, "locale": "bg-BG", "timezone_id": "Europe/Sofia"}
    settings |= {"reduced_motion": "reduce", "service_workers": "block", **state.context, **context}
    with running(fake) as address:
        place = browser.new_context(**settings)
        place.set_default_timeout(3 * TIMEOUT_MS)
        try:
            if state.role is not None:
                me = {"email": EMAIL, "password": PASSWORD}
                place.request.post(f"{address}/api/v1/session", data=me)
            page = place.new_page()
            state.routed(page)
            page.goto(f"{address}/{state.address}")
            state.act(page, fake)
            page.wait_for_selector(state.ready)
            yield page
        finally:
            place.close()
