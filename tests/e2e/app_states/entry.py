# SPDX-License-Identifier: EUPL-1.2
"""The way in: sign-in, what it refuses, second factors, new passwords."""

import json
from typing import Any

from playwright.sync_api import Page, Route

from tests.e2e.app_page import sign_in
from tests.e2e.app_states import State
from tests.fakes.fake_account_api import an_organisation, codes_to_add
from tests.fakes.fake_city import USER
from tests.fakes.fake_cloud_api import FakeCloud

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODES = [f"{number:04}-abcd-efgh" for number in range(10)]


def _answers(method: str, path: str, status: int, body: dict[str, Any]) -> Any:
    """Return what has one request answered so, and leaves the others to the cloud."""

    def answer(route: Route) -> None:
        if route.request.method == method:
            kind = "application/json" if status < 400 else "application/problem+json"
            route.fulfill(status=status, content_type=kind, body=json.dumps(body))
        else:
            route.fallback()

    return lambda page: page.route(f"**/api/v1{path}", answer)


def _needs_a_factor(page: Page) -> None:
    answered = {"user": USER | {"role": "operator"}, "needs_second_factor": True}
    _answers("GET", "/session", 200, answered)(page)
    _answers("POST", "/account/codes", 200, codes_to_add(SECRET).model_dump())(page)
    _answers("POST", "/account/codes/confirm", 200, {"recovery_codes": CODES})(page)


def _organisations(fake: FakeCloud) -> None:
    names = ("Софийска вода", "Столична община")
    fake.account.organisations = [an_organisation(name) for name in names]


def _wrong_password(page: Page, _: FakeCloud) -> None:
    sign_in(page, "not-the-password")


def _right_password(page: Page, _: FakeCloud) -> None:
    sign_in(page)


def _short_password(page: Page, _: FakeCloud) -> None:
    page.fill("#password", "short")
    page.click(".primary")


def _with_codes(page: Page, _: FakeCloud) -> None:
    page.click("[data-use-codes]")


def _confirmed(page: Page, fake: FakeCloud) -> None:
    _with_codes(page, fake)
    page.fill("#code", "123456")
    page.click("iskar-second-factor .primary")


def _ended_session(page: Page, fake: FakeCloud) -> None:
    page.wait_for_selector("[data-premises]")
    fake.sessions.clear()
    page.evaluate("dispatchEvent(new Event('online'))")


_CODE_NEEDED = _answers(
    "POST", "/session", 401, {"type": "urn:iskar:code-needed", "title": "Code", "status": 401}
)

STATES = (
    State(name="sign_in", view="sign_in", role=None, ready="#email"),
    State(
        name="sign_in_organisations",
        view="sign_in",
        role=None,
        address="?refused=identity-refused",
        before=_organisations,
        ready="[data-organisation]",
    ),
    State(
        name="sign_in_refused",
        view="sign_in",
        role=None,
        act=_wrong_password,
        ready="#sign-in-problem:not(:empty)",
    ),
    State(
        name="sign_in_offline",
        view="sign_in",
        role=None,
        routed=lambda page: page.route(
            "**/api/v1/session",
            lambda route: route.abort() if route.request.method == "POST" else route.fallback(),
        ),
        act=_right_password,
        ready="#sign-in-problem:not(:empty)",
    ),
    State(
        name="sign_in_code",
        view="sign_in",
        role=None,
        routed=_CODE_NEEDED,
        act=_right_password,
        ready="#code",
    ),
    State(name="session_ended", view="sign_in", act=_ended_session, ready="#email"),
    State(
        name="second_factor",
        view="second_factor",
        role="operator",
        routed=_needs_a_factor,
        ready="[data-use-codes]",
    ),
    State(
        name="second_factor_secret",
        view="second_factor",
        role="operator",
        routed=_needs_a_factor,
        act=_with_codes,
        ready=".secret",
    ),
    State(
        name="recovery_codes",
        view="second_factor",
        role="operator",
        routed=_needs_a_factor,
        act=_confirmed,
        ready=".recovery-codes li",
    ),
    State(
        name="new_password",
        view="new_password",
        role=None,
        address="#/password/abc",
        ready="#password",
    ),
    State(
        name="new_password_short",
        view="new_password",
        role=None,
        address="#/password/abc",
        act=_short_password,
        ready="#password-problem:not(:empty)",
    ),
)
