# SPDX-License-Identifier: EUPL-1.2
"""Accounts of people who sign in at their organisation: who gets one, what ends, who they are."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from cloud.kit.auth.rights import Role
from cloud.kit.database import row, rows, run
from cloud.kit.settings import CloudSettings
from tests.fakes.identity_provider import IdentityProvider, an_identity_provider, an_organisation
from tests.fakes.mailbox import Mailbox, a_mailbox
from tests.integration.cloud.builders import NOON, Caller, CloudInTest, unix
from tests.integration.cloud.signed_in import a_person
from tests.integration.cloud.test_cloud_organisations import HOME, Browser

IVA = "iva@water.example"
TOKEN = {"name": "ERP", "scopes": ["webhooks"]}
INVITATION = {"email": IVA, "name": "Not her name", "kind": "tenant"}
REFUSED = "urn:iskar:problem:"


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with an_identity_provider(NOON.timestamp) as running:
        yield running


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with a_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def settings(
    settings: CloudSettings, provider: IdentityProvider, mailbox: Mailbox
) -> CloudSettings:
    return settings.model_copy(
        update={
            "oidc": (an_organisation(provider),),
            "public_url": "http://cloud",
            "smtp_host": "127.0.0.1",
            "smtp_port": mailbox.port,
            "smtp_sender": "iskar@iskar.example",
            "smtp_starttls": False,
        }
    )


@pytest_asyncio.fixture
async def browser(cloud: CloudInTest, provider: IdentityProvider) -> Browser:
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    provider.now = lambda: unix(cloud.clock.now())
    return Browser(cloud)


async def test_who_is_signed_out_there_leaves_no_token_here(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    await browser.sign_in()
    made = (await cloud.client.post("/api/v1/tokens", json=TOKEN)).json()
    program = Caller(cloud.client, made["token"])
    cloud.client.cookies.clear()
    assert (await program.ask("GET", "/webhooks")).status_code == 200
    sent = {"logout_token": provider.logout_token()}
    answer = await cloud.client.post(f"{HOME}/back-channel-logout", data=sent)
    assert answer.status_code == 204
    assert (await program.ask("GET", "/webhooks")).status_code == 401
    assert await cloud.operator.all("/audit", action="tokens.revoked")


async def test_signing_in_there_again_is_the_proof_that_is_asked_for(
    browser: Browser, cloud: CloudInTest
) -> None:
    await browser.sign_in()
    cloud.clock.time += timedelta(minutes=11)
    assert (await cloud.client.get("/api/v1/account")).json()["at_organisation"] is True
    refused = (await cloud.client.post("/api/v1/tokens", json=TOKEN)).json()
    assert refused["type"] == f"{REFUSED}step-up-needed"
    assert "sign in again with your organisation" in refused["detail"]
    answer = await cloud.client.post("/api/v1/session/step-up", json={"password": "x" * 15})
    assert answer.json()["type"] == f"{REFUSED}organisation-needed"
    async with cloud.services.database.transaction(as_system=True) as connection:
        assert await rows(connection, "select * from sign_in_failures") == []
    await browser.sign_in()
    assert (await cloud.client.post("/api/v1/tokens", json=TOKEN)).status_code == 201


async def test_an_invitation_keeps_nobody_out_of_their_work_and_gives_nobody_their_account(
    browser: Browser, cloud: CloudInTest, provider: IdentityProvider
) -> None:
    owner = await a_person(cloud, "p-one", email="owner@example.bg")
    await owner.post("/premises/p-one/shares", INVITATION)
    async with cloud.services.database.transaction(as_system=True) as connection:
        user = await row(connection, "select user_id from users where email = %(e)s", e=IVA)
        assert user is not None
        link = await cloud.services.links.make(connection, user["user_id"], timedelta(days=7))
    assert (await browser.sign_in()).status_code == 303
    me = await cloud.operator.get(f"/users/{user['user_id']}")
    assert (me["name"], me["role"], me["supplier_id"]) == (
        provider.person["name"],
        "utility",
        "water-works",
    )
    assert (await cloud.client.get("/api/v1/premises")).json()["items"] == []
    new = {"link": link.rpartition("/")[2], "password": "зелен трамвай към Витоша"}
    answer = await cloud.client.post("/api/v1/account/new-password", json=new)
    assert answer.status_code == 410


async def test_an_invited_account_that_somebody_entered_is_not_taken_over(
    browser: Browser, cloud: CloudInTest
) -> None:
    owner = await a_person(cloud, "p-one", email="owner@example.bg")
    await owner.post("/premises/p-one/shares", INVITATION)
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update users set password_hash = 'x' where email = %(e)s", e=IVA)
    assert (await browser.sign_in()).status_code == 403
    [kept] = [one for one in await cloud.operator.all("/users") if one["email"] == IVA]
    assert (kept["role"], kept["issuers"]) == (Role.TENANT, [])
