# SPDX-License-Identifier: EUPL-1.2
"""Passkeys: added, shown, removed; and everything a dishonest one might try."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from cloud.kit.auth.rights import STAFF, Role
from cloud.kit.settings import CloudSettings
from tests.fakes.authenticator import PRESENT, VERIFIED, Authenticator
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.people import Browser, a_browser, a_person, credentials

WRONG = (401, "wrong-passkey")
OTHER = "petar@example.bg"


@pytest.fixture
def settings(settings: CloudSettings) -> CloudSettings:
    return settings.model_copy(update={"require_second_factor_of": STAFF})


@pytest_asyncio.fixture
async def password(cloud: CloudInTest) -> str:
    return await a_person(cloud, Role.OPERATOR)


@pytest_asyncio.fixture
async def browser(cloud: CloudInTest, password: str) -> AsyncIterator[Browser]:
    """Yield a browser in which an operator is signed in who has a passkey to set up yet."""
    async with a_browser(cloud) as opened:
        await opened.sign_in(password)
        yield opened


async def _added(browser: Browser, key: Authenticator) -> list[str]:
    options = (await browser.good("POST", "/account/passkeys/options"))["options"]
    sent = {"name": "My phone", "credential": key.make(options)}
    codes: list[str] = (await browser.good("POST", "/account/passkeys", sent))["recovery_codes"]
    return codes


async def _options(browser: Browser) -> dict[str, Any]:
    options: dict[str, Any] = (await browser.good("POST", "/session/passkey-options"))["options"]
    return options


async def _shown(browser: Browser, key: Authenticator, **said: Any) -> int:
    shown = key.show(await _options(browser), **said)
    return (await browser.ask("POST", "/session/passkey", shown)).status_code


async def test_an_operator_adds_a_passkey_and_signs_in_by_it_alone(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    key = Authenticator()
    assert await browser.refusal("GET", "/premises") == (403, "second-factor-needed")
    assert len(await _added(browser, key)) == 10
    await browser.good("GET", "/premises")
    async with a_browser(cloud) as phone:
        assert await _shown(phone, key) == 200
        await phone.good("GET", "/premises")
        alone = await phone.refusal("POST", "/session", credentials(password))
        assert alone == (401, "code-needed")
    [listed] = (await browser.good("GET", "/account/passkeys"))["items"]
    assert listed["name"] == "My phone"
    assert listed["used_at"] is not None
    await browser.good("DELETE", f"/account/passkeys/{listed['passkey_id']}")
    assert await _shown(browser, key) == 401


async def test_a_passkey_is_a_step_up(cloud: CloudInTest, browser: Browser) -> None:
    key, codes = Authenticator(), "/account/recovery-codes"
    assert len(await _added(browser, key)) == 10
    assert await _added(browser, Authenticator()) == []  # there are recovery codes already
    cloud.clock.time += timedelta(minutes=11)
    assert await browser.refusal("POST", codes) == (403, "step-up-needed")
    shown = {"passkey": key.show(await _options(browser))}
    await browser.good("POST", "/session/step-up", shown)
    await browser.good("POST", codes)


async def test_anothers_passkey_is_no_step_up(cloud: CloudInTest, browser: Browser) -> None:
    others = Authenticator()
    password = await a_person(cloud, email=OTHER)
    async with a_browser(cloud) as other:
        await other.sign_in(password, email=OTHER)
        await _added(other, others)
    shown = {"passkey": others.show(await _options(browser))}
    assert await browser.refusal("POST", "/session/step-up", shown) == WRONG


async def test_an_answer_works_once_and_not_after_five_minutes(
    cloud: CloudInTest, browser: Browser
) -> None:
    key = Authenticator()
    await _added(browser, key)
    shown = key.show(await _options(browser))
    await browser.good("POST", "/session/passkey", shown)
    assert await browser.refusal("POST", "/session/passkey", shown) == WRONG
    late = key.show(await _options(browser))
    cloud.clock.time += timedelta(minutes=5)
    assert await browser.refusal("POST", "/session/passkey", late) == WRONG


async def test_what_a_passkey_should_not_do_is_refused(
    cloud: CloudInTest, browser: Browser
) -> None:
    key = Authenticator()
    await _added(browser, key)
    honest = dict(vars(key))

    def like_it(**changes: Any) -> Authenticator:
        return Authenticator(**{**honest, "count": 100, **changes})

    async with a_browser(cloud) as other:
        assert await _shown(other, like_it(origin="http://localhost.evil.example")) == 401
        assert await _shown(other, like_it(origin="https://localhost:8080")) == 401
        assert await _shown(other, like_it(rp_id="evil.example")) == 401
        assert await _shown(other, like_it(flags=PRESENT)) == 401  # no PIN, finger or face
        assert await _shown(other, like_it(flags=VERIFIED)) == 401  # nobody was there
        assert await _shown(other, like_it(handle=b"somebody else's")) == 401
        assert await _shown(other, like_it(key=Authenticator().key)) == 401
        assert await _shown(other, like_it(credential_id=b"unknown")) == 401
        assert await _shown(other, like_it(), type="webauthn.create") == 401
        assert await _shown(other, like_it(), challenge="AAAA") == 401
        assert await _shown(other, like_it(), crossOrigin=True) == 401
        assert await _shown(other, like_it()) == 200
        assert await _shown(other, like_it(count=50)) == 401  # a copy of it counts anew
    assert await _shown(browser, like_it(count=101)) == 200


async def test_a_passkey_can_not_be_added_by_anothers_challenge_or_unverified_or_twice(
    cloud: CloudInTest, browser: Browser
) -> None:
    password = await a_person(cloud, email=OTHER)
    key, path = Authenticator(), "/account/passkeys"
    async with a_browser(cloud) as other:
        await other.sign_in(password, email=OTHER)
        theirs = (await other.good("POST", f"{path}/options"))["options"]
        made = {"name": "Mine", "credential": key.make(theirs)}
        assert await browser.refusal("POST", path, made) == WRONG
    options = (await browser.good("POST", f"{path}/options"))["options"]
    unverified = {"name": "Mine", "credential": Authenticator(flags=PRESENT).make(options)}
    assert await browser.refusal("POST", path, unverified) == WRONG
    await _added(browser, key)
    options = (await browser.good("POST", f"{path}/options"))["options"]
    again = {"name": "Mine", "credential": key.make(options)}
    assert await browser.refusal("POST", path, again) == (409, "passkey-known")


async def test_nobody_removes_anothers_passkey(cloud: CloudInTest, browser: Browser) -> None:
    await _added(browser, Authenticator())
    [mine] = (await browser.good("GET", "/account/passkeys"))["items"]
    password = await a_person(cloud, email=OTHER)
    async with a_browser(cloud) as other:
        await other.sign_in(password, email=OTHER)
        path = f"/account/passkeys/{mine['passkey_id']}"
        assert await other.refusal("DELETE", path) == (404, "not-found")
    assert (await browser.good("GET", "/account"))["passkeys"] == 1


async def test_recovery_codes_end_with_the_last_passkey_and_not_before(browser: Browser) -> None:
    for key in (Authenticator(), Authenticator()):
        await _added(browser, key)
    for left in (10, 0):
        listed = (await browser.good("GET", "/account/passkeys"))["items"]
        await browser.good("DELETE", f"/account/passkeys/{listed[0]['passkey_id']}")
        assert (await browser.good("GET", "/account"))["recovery_codes"] == left
