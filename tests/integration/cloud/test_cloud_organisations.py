# SPDX-License-Identifier: EUPL-1.2
"""People of an organisation sign in at its own identity provider; whoever only looks so doesn't."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from joserfc import jwk

from cloud.kit.auth.rights import Role
from cloud.kit.database import rows, run
from cloud.kit.mail import MailOffError
from cloud.kit.settings import CloudSettings
from tests.fakes.identity_lies import LIES
from tests.fakes.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    IdentityProvider,
    a_key,
    an_identity_provider,
    an_organisation,
)
from tests.integration.cloud.builders import NOON, CloudInTest, unix

TRUST = httpx.create_ssl_context()  # takes long to make
HOME = "/api/v1/organisations/water"


@dataclass
class Browser:
    """A browser at the app, which follows the provider there and back."""

    cloud: CloudInTest

    async def sign_in(self, return_to: str = "/", accept: str = "*/*") -> httpx.Response:
        """Go all the way; return the answer to coming back."""
        return await self.come_back(await self.be_sent_back(return_to), accept)

    async def be_sent_back(self, return_to: str = "/") -> str:
        """Begin, sign in there, and return the address that one is sent back to."""
        begun = await self.begin(return_to)
        assert begun.status_code == 303, begun.text
        async with httpx.AsyncClient(verify=TRUST) as client:
            answer = await client.get(begun.headers["location"])
        return answer.headers["location"]

    async def begin(self, return_to: str) -> httpx.Response:
        return await self.cloud.client.get(f"{HOME}/sign-in", params={"return_to": return_to})

    async def come_back(self, url: str, accept: str = "*/*") -> httpx.Response:
        return await self.cloud.client.get(url, headers={"Accept": accept})

    async def session(self) -> httpx.Response:
        return await self.cloud.client.get("/api/v1/session")


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with an_identity_provider(NOON.timestamp) as running:
        yield running


@pytest.fixture
def settings(settings: CloudSettings, provider: IdentityProvider) -> CloudSettings:
    water = an_organisation(provider)
    return settings.model_copy(update={"oidc": (water,), "public_url": "http://cloud"})


@pytest_asyncio.fixture
async def browser(cloud: CloudInTest, provider: IdentityProvider) -> Browser:
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    provider.now = lambda: unix(cloud.clock.now())
    return Browser(cloud)


async def _users(cloud: CloudInTest) -> list[dict[str, Any]]:
    return await cloud.operator.all("/users")


async def test_who_signs_in_there_is_signed_in_here(browser: Browser, cloud: CloudInTest) -> None:
    listed = (await cloud.nobody.get("/organisations"))["items"]
    assert listed == [{"organisation_id": "water", "name": "Water works"}]
    answer = await browser.sign_in("/premises/p-one?day=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/premises/p-one?day=1")
    assert "HttpOnly" in answer.headers["set-cookie"]
    [user] = await _users(cloud)
    assert (user["email"], user["role"], user["supplier_id"]) == (
        "iva@water.example",
        "utility",
        "water-works",
    )
    session = (await browser.session()).json()
    assert session["user"]["email"] == "iva@water.example"


async def test_who_comes_again_is_the_same_person_whatever_the_address_says_now(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    await browser.sign_in()
    provider.person["email"] = "iva.petrova@water.example"
    assert (await browser.sign_in()).status_code == 303
    [user] = await _users(cloud)
    assert user["email"] == "iva@water.example"


async def test_another_subject_with_a_known_address_is_refused(
    browser: Browser, provider: IdentityProvider
) -> None:
    await browser.sign_in()
    provider.person["sub"] = "somebody-else"
    assert (await browser.sign_in()).status_code == 403


async def test_a_session_from_there_ends_before_others(
    browser: Browser, cloud: CloudInTest
) -> None:
    await browser.sign_in()
    cloud.clock.time += timedelta(hours=11, minutes=59)
    assert (await browser.session()).status_code == 200
    cloud.clock.time += timedelta(minutes=1)
    assert (await browser.session()).status_code == 401


async def test_a_word_that_does_not_hold_is_refused(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    for name, lie in LIES.items():
        provider.be_honest()
        lie(provider)
        answer = await browser.sign_in()
        assert answer.status_code == 403, name
        assert answer.json()["type"] == "urn:iskar:problem:identity-refused", name
        assert "iskar_session" not in answer.headers.get("set-cookie", ""), name
    assert await _users(cloud) == []
    provider.be_honest()
    assert (await browser.sign_in()).status_code == 303


async def test_a_browser_that_did_not_begin_a_sign_in_can_not_end_it(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    victims_way_back = await browser.be_sent_back()
    cookie = cloud.client.cookies.get("iskar_sign_in")
    for other in ("", "another"):  # an attacker's own sign-in, planted in a victim's browser
        cloud.client.cookies.clear()
        cloud.client.cookies.set("iskar_sign_in", other)
        assert (await browser.come_back(victims_way_back)).status_code == 400
    assert provider.exchanged == []
    cloud.client.cookies.clear()
    cloud.client.cookies.set("iskar_sign_in", cookie or "")
    assert (await browser.come_back(victims_way_back)).status_code == 303


async def test_a_way_back_leads_in_once_and_in_time(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    way_back = await browser.be_sent_back()
    cookie = cloud.client.cookies.get("iskar_sign_in") or ""
    assert (await browser.come_back(way_back)).status_code == 303
    cloud.client.cookies.clear()
    cloud.client.cookies.set("iskar_sign_in", cookie)
    assert (await browser.come_back(way_back)).status_code == 400
    late = await browser.be_sent_back()
    cloud.clock.time += timedelta(minutes=10)
    answer = await browser.come_back(late)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:iskar:problem:sign-in-lost")
    made_up = f"{HOME}/callback?code=a&state={'b' * 43}"
    assert (await browser.come_back(made_up)).status_code == 400
    assert len(provider.exchanged) == 1


async def test_a_place_elsewhere_is_refused_before_anybody_is_sent_away(
    browser: Browser, provider: IdentityProvider
) -> None:
    assert (await browser.begin("//evil.example")).status_code == 422
    begun = await browser.begin("/")
    there = urlsplit(begun.headers["location"])
    asked = parse_qs(there.query)
    assert f"{there.scheme}://{there.netloc}" == provider.issuer
    assert asked["redirect_uri"] == ["http://cloud/api/v1/organisations/water/callback"]
    assert asked["code_challenge_method"] == ["S256"]


async def test_a_browser_is_shown_a_refusal_in_the_app(
    browser: Browser, provider: IdentityProvider
) -> None:
    provider.claims["email_verified"] = False
    answer = await browser.sign_in(accept="text/html,*/*")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?refused=identity-refused")
    assert "iskar_session" not in answer.headers["set-cookie"]


async def test_a_sign_in_that_can_not_begin_leads_a_browser_back_to_the_app(
    cloud: CloudInTest,
) -> None:
    nowhere = "/api/v1/organisations/nobody/sign-in"
    shown = await cloud.client.get(nowhere, headers={"Accept": "text/html"})
    assert (shown.status_code, shown.headers["location"]) == (303, "/?refused=not-found")
    assert (await cloud.client.get(nowhere)).status_code == 404


async def test_who_stopped_at_the_provider_is_not_signed_in(browser: Browser) -> None:
    begun = await browser.begin("/")
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    answer = await browser.come_back(f"{HOME}/callback?error=access_denied&state={state}")
    assert answer.status_code == 403


async def test_the_provider_may_change_its_keys(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    assert (await browser.sign_in()).status_code == 303
    provider.key = a_key("second")
    provider.published = [provider.key.as_dict(private=False)]
    cloud.clock.time += timedelta(minutes=2)
    assert (await browser.sign_in()).status_code == 303
    assert provider.key_requests == 2
    provider.key = a_key("made-up")  # and nobody makes us ask for them all the time
    for _ in range(3):
        assert (await browser.sign_in()).status_code == 403
    assert provider.key_requests == 2


async def test_secrets_and_strange_keys_among_the_published_are_overlooked(
    browser: Browser, provider: IdentityProvider
) -> None:
    provider.published += [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
        {"kty": "EC", "crv": "P-000", "kid": "other"},
        jwk.generate_key("RSA", 2048, {"kid": "first", "use": "enc"}).as_dict(private=False),
    ]
    assert (await browser.sign_in()).status_code == 303


async def test_a_provider_that_is_away_is_told_of(
    browser: Browser, provider: IdentityProvider
) -> None:
    way_back = await browser.be_sent_back()
    provider.sign = lambda _: "x" * 600_000  # and one that never stops talking is away, too
    assert (await browser.come_back(way_back)).status_code == 502


async def test_an_account_with_other_rights_is_not_taken_over(
    browser: Browser, cloud: CloudInTest
) -> None:
    put_user = cloud.services.access.put_user
    await put_user("iva@water.example", "Iva", Role.OPERATOR, [])
    assert (await browser.sign_in()).status_code == 403
    async with cloud.services.database.transaction() as connection:
        assert await rows(connection, "select * from identities") == []


async def test_an_account_with_the_same_rights_is_linked_once(
    browser: Browser, cloud: CloudInTest
) -> None:
    await cloud.services.access.put_user("iva@water.example", "Iva", Role.UTILITY, [])
    async with cloud.services.database.transaction() as connection:
        await run(connection, "update users set supplier_id = 'water-works'")
    assert (await browser.sign_in()).status_code == 303
    [user] = await _users(cloud)
    assert user["name"] == "Iva"
    assert len(user["issuers"]) == 1


async def test_who_signs_in_there_does_not_come_in_round_it(
    browser: Browser, cloud: CloudInTest
) -> None:
    await browser.sign_in()
    cloud.client.cookies.clear()
    password = "зелен трамвай към Витоша"
    [user] = await _users(cloud)
    async with cloud.services.database.transaction(as_system=True) as connection:
        link = await cloud.services.links.make(connection, user["user_id"], timedelta(hours=1))
    await cloud.services.links.set_password(link.rpartition("/")[2], password)
    sent = {"email": user["email"], "password": password}
    answer = await cloud.client.post("/api/v1/session", json=sent)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:iskar:problem:organisation-needed"
    assert (await browser.sign_in()).status_code == 303


async def test_who_signs_in_there_is_mailed_no_link_to_a_password(
    browser: Browser, cloud: CloudInTest
) -> None:
    await browser.sign_in()
    [user] = await _users(cloud)
    links = cloud.services.links
    await links.send_reset(user["user_id"])
    with pytest.raises(MailOffError):  # the letter itself goes, and carries none
        await links.send_share(user["user_id"], "Building one")
    async with cloud.services.database.transaction(as_system=True) as connection:
        assert await rows(connection, "select * from account_links") == []


async def test_who_is_disabled_here_does_not_come_in_from_there(
    browser: Browser, cloud: CloudInTest
) -> None:
    await browser.sign_in()
    [user] = await _users(cloud)
    body = {name: user[name] for name in ("name", "role", "supplier_id")}
    await cloud.operator.put(f"/users/{user['user_id']}", {**body, "is_disabled": True})
    assert (await browser.session()).status_code == 401
    assert (await browser.sign_in()).status_code == 403


async def test_who_is_signed_out_there_is_signed_out_here(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    await browser.sign_in()

    async def logout(token: str) -> int:
        path = f"{HOME}/back-channel-logout"
        return (await cloud.client.post(path, data={"logout_token": token})).status_code

    not_meant: list[dict[str, Any]] = [
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"events": None},
        {"events": {"else": {}}},
        {"nonce": "n"},  # an ID token is no logout token
        {"exp": int(NOON.timestamp()) - 120},
        {"exp": None},
        {"sub": None},
        {"jti": None},
    ]
    for changes in not_meant:
        assert await logout(provider.logout_token(**changes)) == 400, changes
    assert await logout(provider.unsigned({"sub": provider.person["sub"]})) == 400
    assert await logout(provider.logout_token(sub="somebody-else")) == 204
    assert (await browser.session()).status_code == 200
    assert await logout(provider.logout_token()) == 204
    assert (await browser.session()).status_code == 401


async def test_signing_out_leads_to_the_provider(cloud: CloudInTest) -> None:
    answer = await cloud.client.get(f"{HOME}/sign-out")
    there = urlsplit(answer.headers["location"])
    assert there.path == "/end"
    assert parse_qs(there.query) == {
        "tenant": ["1"],
        "client_id": [CLIENT_ID],
        "post_logout_redirect_uri": ["http://cloud/"],
    }


async def test_nothing_secret_is_kept_or_said(browser: Browser, cloud: CloudInTest) -> None:
    way_back = await browser.be_sent_back()
    state = parse_qs(urlsplit(way_back).query)["state"][0]
    cookie = cloud.client.cookies.get("iskar_sign_in") or "none"
    async with cloud.services.database.transaction() as connection:
        kept = repr(await rows(connection, "select * from organisation_sign_ins"))
    assert state not in kept
    assert cookie not in kept
    assert CLIENT_SECRET not in repr(cloud.services.settings)
