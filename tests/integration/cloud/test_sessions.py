# SPDX-License-Identifier: EUPL-1.2
"""Sessions: turned over, listed, ended; what a thief of a token gets; what other sites may do."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from cloud.accounts.sessions import GRACE
from cloud.kit.auth.callers import FRESH_FOR
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.people import Browser, a_browser, a_person, credentials

DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def password(cloud: CloudInTest) -> str:
    return await a_person(cloud, premises=["p-one"])


@pytest_asyncio.fixture
async def browser(cloud: CloudInTest, password: str) -> AsyncIterator[Browser]:
    """Yield a browser in which a person is signed in."""
    async with a_browser(cloud) as opened:
        await opened.sign_in(password)
        yield opened


async def _is_in(browser: Browser) -> bool:
    return (await browser.ask("GET", "/premises")).status_code == 200


async def test_a_session_gets_a_new_token_every_day_and_the_old_one_ends(
    cloud: CloudInTest, browser: Browser
) -> None:
    first = browser.token
    cloud.clock.time += DAY
    assert await _is_in(browser)
    assert browser.token != first
    assert await _is_in(browser)
    async with a_browser(cloud) as under_way:
        under_way.client.cookies.set("iskar_session", first)
        assert await _is_in(under_way)  # a request under way
        cloud.clock.time += GRACE + timedelta(seconds=1)
        assert not await _is_in(under_way)


async def test_a_new_token_that_was_lost_on_the_way_costs_nobody_their_session(
    cloud: CloudInTest, browser: Browser
) -> None:
    first = browser.token
    cloud.clock.time += DAY
    assert await _is_in(browser)
    browser.client.cookies.set("iskar_session", first, domain="cloud.local", path="/")
    cloud.clock.time += DAY
    assert await _is_in(browser)
    assert browser.token != first


async def test_a_token_shown_long_after_its_end_is_a_copy_and_ends_the_session_for_both(
    cloud: CloudInTest, browser: Browser
) -> None:
    stolen = browser.token
    cloud.clock.time += DAY
    assert await _is_in(browser)
    assert await _is_in(browser)
    cloud.clock.time += timedelta(hours=1)
    async with a_browser(cloud) as thief:
        thief.client.cookies.set("iskar_session", stolen)
        assert not await _is_in(thief)
    assert not await _is_in(browser)


async def test_a_session_that_nobody_uses_for_two_weeks_ends(
    cloud: CloudInTest, browser: Browser
) -> None:
    cloud.clock.time += timedelta(days=13)
    assert await _is_in(browser)
    cloud.clock.time += timedelta(days=13)
    assert await _is_in(browser)
    cloud.clock.time += timedelta(days=14)
    assert not await _is_in(browser)


async def test_a_session_ends_after_thirty_days_however_much_it_is_used(
    cloud: CloudInTest, browser: Browser
) -> None:
    for _ in range(5):
        cloud.clock.time += timedelta(days=6) - timedelta(minutes=1)
        assert await _is_in(browser)
    cloud.clock.time += timedelta(minutes=5)
    assert not await _is_in(browser)


async def test_a_person_sees_where_they_are_signed_in_and_ends_one_or_all_others(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    async with a_browser(cloud) as phone, a_browser(cloud) as tablet:
        await phone.sign_in(password)
        await tablet.sign_in(password)
        listed = (await browser.good("GET", "/account/sessions"))["items"]
        assert len(listed) == 3
        assert [one["is_this"] for one in listed].count(True) == 1
        [first, _] = [one["session_id"] for one in listed if not one["is_this"]]
        await browser.good("DELETE", f"/account/sessions/{first}")
        assert [await _is_in(phone), await _is_in(tablet)].count(True) == 1
        await browser.good("DELETE", "/account/sessions")
        assert not await _is_in(phone)
        assert not await _is_in(tablet)
    assert await _is_in(browser)


async def test_nobody_ends_anothers_session(cloud: CloudInTest, browser: Browser) -> None:
    [mine] = (await browser.good("GET", "/account/sessions"))["items"]
    other = await a_person(cloud, email="petar@example.bg")
    async with a_browser(cloud) as stranger:
        await stranger.sign_in(other, email="petar@example.bg")
        path = f"/account/sessions/{mine['session_id']}"
        assert await stranger.refusal("DELETE", path) == (404, "not-found")
    assert await _is_in(browser)


async def test_a_session_planted_before_signing_in_is_worth_nothing_after_it(
    cloud: CloudInTest, password: str
) -> None:
    async with a_browser(cloud) as attacker, a_browser(cloud) as victim:
        await attacker.sign_in(password)  # the attacker's own account, say
        planted = attacker.token
        victim.client.cookies.set("iskar_session", planted, domain="cloud.local", path="/")
        await victim.sign_in(password)
        assert victim.token != planted
        assert not await _is_in(attacker)
        assert await _is_in(victim)


async def test_changing_the_password_ends_every_other_session(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    new = "зелен трамвай към Витоша"
    async with a_browser(cloud) as phone:
        await phone.sign_in(password)
        before = browser.token
        await browser.good("PUT", "/account/password", {"current": password, "new": new})
        assert browser.token != before
        assert await _is_in(browser)
        assert not await _is_in(phone)
        assert await phone.refusal("POST", "/session", credentials(password)) == (
            401,
            "wrong-password",
        )
        await phone.sign_in(new)


async def test_a_password_that_is_tried_first_is_refused(browser: Browser, password: str) -> None:
    change = {"current": password, "new": "passwordpassword"}
    assert await browser.refusal("PUT", "/account/password", change) == (422, "invalid-request")


async def test_guessing_the_password_from_a_stolen_session_is_slowed_down(
    browser: Browser,
) -> None:
    change = {"current": "guess", "new": "зелен трамвай към Витоша"}
    codes = [(await browser.ask("PUT", "/account/password", change)).status_code for _ in range(9)]
    assert codes == [401] * 8 + [429]


async def test_sensitive_things_ask_again_who_one_is(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    cloud.clock.time += FRESH_FOR + timedelta(seconds=1)
    assert await browser.refusal("POST", "/account/codes") == (403, "step-up-needed")
    wrong = await browser.refusal("POST", "/session/step-up", {"password": "guess"})
    assert wrong == (401, "wrong-password")
    before = browser.token
    await browser.good("POST", "/session/step-up", {"password": password})
    assert browser.token != before
    await browser.good("POST", "/account/codes")
    async with a_browser(cloud) as thief:
        thief.client.cookies.set("iskar_session", before)
        assert await thief.refusal("POST", "/account/codes") == (403, "step-up-needed")


async def test_what_lets_others_in_asks_again_who_one_is(
    cloud: CloudInTest, browser: Browser, password: str
) -> None:
    token = {"name": "Report", "scopes": ["see_premises"]}
    share = {"email": "petar@example.bg", "name": "Petar", "kind": "tenant"}
    user = {"name": "Iva", "role": "owner"}
    cloud.clock.time += FRESH_FOR + timedelta(seconds=1)
    for method, path, body in (
        ("POST", "/tokens", token),
        ("POST", "/premises/p-one/shares", share),
        ("PUT", "/users/1", user),
    ):
        assert await browser.refusal(method, path, body) == (403, "step-up-needed")
    await browser.good("POST", "/session/step-up", {"password": password})
    await browser.good("POST", "/tokens", token)
    assert (await cloud.operator.ask("PUT", "/users/1", json=user)).status_code == 200


async def test_a_program_has_no_account(cloud: CloudInTest) -> None:
    for path in ("/account", "/account/sessions", "/account/passkeys"):
        answer = await cloud.operator.ask("GET", path)
        assert answer.status_code == 403
        assert answer.json()["type"].endswith(":person-needed")


OWN = (
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://cloud"},
    {"Origin": "http://cloud"},
)
FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},  # a neighbouring subdomain
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://cloud"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://cloud.evil.example"},
    {"Origin": "null"},
)


async def test_another_site_can_not_change_anything_by_a_persons_browser(
    browser: Browser, password: str
) -> None:
    for headers in FOREIGN:
        for path in ("/session", "/account/codes", "/account/sessions", "/nowhere"):
            answer = await browser.ask("POST", path, credentials(password), headers=headers)
            assert answer.status_code == 403, headers
            assert answer.json()["type"] == "urn:iskar:problem:other-site"
    for headers in OWN:
        answer = await browser.ask("DELETE", "/account/sessions", headers=headers)
        assert answer.status_code == 204, headers


async def test_answers_tell_browsers_what_they_may_not_do(browser: Browser) -> None:
    for path in ("/session", "/nowhere"):
        headers = (await browser.ask("GET", path)).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in headers
    page = await browser.client.get("/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
