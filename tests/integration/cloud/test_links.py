# SPDX-License-Identifier: EUPL-1.2
"""Mailed links: to a new password, once, and without telling who has an account."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from cloud.accounts.links import RESET_EVERY
from cloud.kit.database import rows
from cloud.kit.settings import CloudSettings
from tests.fakes.mailbox import Mailbox, a_mailbox
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.people import EMAIL, Browser, a_browser, a_person, credentials
from tests.integration.cloud.signed_in import Person, a_token_of
from tests.integration.cloud.signed_in import a_person as signed_in

NEW = "зелен трамвай към Витоша"
TENANT = "petar@example.bg"
RESET, PASSWORD = "/account/password-reset", "/account/new-password"
OVER = (410, "link-over")


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with a_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def settings(settings: CloudSettings, mailbox: Mailbox) -> CloudSettings:
    return settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": mailbox.port,
            "smtp_sender": "iskar@iskar.example",
            "smtp_starttls": False,
            "public_url": "http://iskar.example",
        }
    )


@pytest_asyncio.fixture
async def browser(cloud: CloudInTest) -> AsyncIterator[Browser]:
    async with a_browser(cloud) as opened:
        yield opened


@asynccontextmanager
async def _at_work(cloud: CloudInTest) -> AsyncIterator[None]:
    jobs = asyncio.create_task(cloud.services.jobs.run())
    yield
    jobs.cancel()
    await asyncio.gather(jobs, return_exceptions=True)


def _link(mailbox: Mailbox) -> str:
    """Return what the last letter's link carries."""
    text = str(mailbox.letters[-1].get_content())
    found = re.search(r"http://iskar\.example/#/password/([\w-]{43})\s", text)
    assert found is not None, text
    return found[1]


async def test_a_forgotten_password_is_set_anew_by_a_link_that_works_once(
    cloud: CloudInTest, browser: Browser, mailbox: Mailbox
) -> None:
    old = await a_person(cloud)
    await browser.sign_in(old)
    for _ in range(8):
        await browser.ask("POST", "/session", credentials("guess"))
    locked = await browser.refusal("POST", "/session", credentials(old))
    assert locked == (429, "too-many-attempts")
    asked = [
        (await browser.ask("POST", RESET, {"email": email})).text
        for email in ("nobody@example.bg", EMAIL.upper(), EMAIL)
    ]
    assert len(set(asked)) == 1
    async with cloud.services.database.transaction(as_system=True) as connection:
        jobs = await rows(connection, "select args::text from procrastinate_jobs")
    assert len(jobs) == 3
    assert not any("example.bg" in one["args"] for one in jobs)
    async with _at_work(cloud):
        await mailbox.until_got(1)
    assert mailbox.recipients == [EMAIL]
    link = _link(mailbox)
    weak = {"link": link, "password": "passwordpassword"}
    assert await browser.refusal("POST", PASSWORD, weak) == (422, "invalid-request")
    await browser.good("POST", PASSWORD, {"link": link, "password": NEW})
    assert await browser.refusal("GET", "/session") == (401, "not-signed-in")
    assert await browser.refusal("POST", PASSWORD, {"link": link, "password": NEW}) == OVER
    await browser.sign_in(NEW)
    wrong = await browser.refusal("POST", "/session", credentials(old))
    assert wrong == (401, "wrong-password")


async def test_a_password_set_by_a_link_ends_tokens_and_the_letter_says_so(
    cloud: CloudInTest, browser: Browser, mailbox: Mailbox
) -> None:
    program = await a_token_of(cloud, await signed_in(cloud, "p-one"))
    assert (await program.ask("GET", "/premises")).status_code == 200
    async with cloud.services.database.transaction(as_system=True) as connection:
        link = await cloud.services.links.make(
            connection, await _user_id(cloud), timedelta(hours=1)
        )
    await browser.good("POST", PASSWORD, {"link": link.rpartition("/")[2], "password": NEW})
    assert (await program.ask("GET", "/premises")).status_code == 401
    [entry] = await cloud.operator.all("/audit", action="tokens.revoked")
    assert entry["details"] == {"count": 1}
    async with _at_work(cloud):
        await mailbox.until_got(1)
    assert "токените" in str(mailbox.letters[-1].get_content())


async def test_a_link_ends_after_an_hour_and_does_not_pass_a_second_factor(
    cloud: CloudInTest, browser: Browser
) -> None:
    await browser.sign_in(await a_person(cloud))
    app, _ = await browser.set_codes_up()
    links = cloud.services.links
    async with cloud.services.database.transaction(as_system=True) as connection:
        user_id = await _user_id(cloud)
        old = await links.make(connection, user_id, timedelta(hours=1))
        cloud.clock.time += timedelta(hours=1)
        good = await links.make(connection, user_id, timedelta(hours=1))
    for link, expected in ((old, OVER), ("x" * 43, OVER)):
        sent = {"link": link.rpartition("/")[2], "password": NEW}
        assert await browser.refusal("POST", PASSWORD, sent) == expected
    await browser.good("POST", PASSWORD, {"link": good.rpartition("/")[2], "password": NEW})
    assert await browser.refusal("POST", "/session", credentials(NEW)) == (401, "code-needed")
    await browser.sign_in(NEW, browser.code(app))


async def test_nobodys_mailbox_is_flooded_by_asking(cloud: CloudInTest, mailbox: Mailbox) -> None:
    await a_person(cloud)
    links, iva = cloud.services.links, await _user_id(cloud)
    for _ in range(3):
        await links.send_reset(iva)
    assert len(mailbox.letters) == 1
    cloud.clock.time += RESET_EVERY
    await links.send_reset(iva)
    assert len(mailbox.letters) == 2


async def test_an_owner_shares_a_flat_with_a_new_tenant_who_comes_in_by_the_letter(
    cloud: CloudInTest, browser: Browser, mailbox: Mailbox
) -> None:
    owner = await signed_in(cloud, "p-one")
    share = await owner.post("/premises/p-one/shares", _share())
    async with _at_work(cloud):
        await mailbox.until_got(1)
    assert mailbox.recipients == [TENANT]
    await browser.good("POST", PASSWORD, {"link": _link(mailbox), "password": NEW})
    await browser.sign_in(NEW, email=TENANT)
    session = await browser.good("GET", "/session")
    assert (session["user"]["role"], session["owns"]) == ("tenant", [])
    [seen] = (await browser.good("GET", "/premises"))["items"]
    assert seen["premises_id"] == "p-one"
    assert await browser.refusal("GET", "/premises/p-one/shares") == (403, "not-allowed")
    [listed] = (await owner.get("/premises/p-one/shares"))["items"]
    assert listed == share
    await _end(owner, share)
    assert (await browser.good("GET", "/premises"))["items"] == []
    assert (await owner.get("/premises/p-one/shares"))["items"] == []
    again = await owner.ask("DELETE", f"/premises/p-one/shares/{share['share_id']}")
    assert again.status_code == 404


async def test_what_is_shared_can_not_be_passed_on_and_others_can_not_be_shared(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    one = await signed_in(cloud, "p-one")
    two = await signed_in(cloud, "p-two", email=TENANT)
    await one.post("/premises/p-one/shares", _share(kind="caretaker"))
    assert (await two.get("/session"))["owns"] == ["p-two"]  # and p-one is shared with them
    again = await two.ask("POST", "/premises/p-one/shares", json=_share(email="x@example.bg"))
    assert again.status_code == 403
    assert (await two.ask("GET", "/premises/p-one/shares")).status_code == 403
    others = await one.ask("POST", "/premises/p-two/shares", json=_share())
    assert others.status_code == 404
    own = await two.ask("POST", "/premises/p-two/shares", json=_share())
    assert (own.status_code, own.json()["type"]) == (409, "urn:iskar:problem:owns-it")


async def test_who_is_shown_a_flat_does_not_read_what_was_changed_in_the_others(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    owner = await signed_in(cloud, "p-one")
    neighbour = await signed_in(cloud, "p-two", email=TENANT)  # owns another building
    await owner.post("/premises/p-one/shares", _share(service_point_ids=["sp-one"]))
    assert (await neighbour.ask("GET", "/premises/p-one")).status_code == 200
    assert (await neighbour.ask("GET", "/premises/p-one/audit")).status_code == 403
    assert (await owner.get("/premises/p-one/audit"))["items"]


async def test_sharing_again_takes_the_place_of_what_was_shared_before(
    cloud: CloudInTest,
) -> None:
    owner = await signed_in(cloud, "p-one")
    await owner.post("/premises/p-one/shares", _share())
    await owner.post("/premises/p-one/shares", _share(service_point_ids=["sp-one"]))
    [listed] = (await owner.get("/premises/p-one/shares"))["items"]
    assert listed["service_point_ids"] == ["sp-one"]
    unknown = _share(service_point_ids=["sp-two"])
    answer = await owner.ask("POST", "/premises/p-one/shares", json=unknown)
    assert answer.status_code == 409


async def test_a_share_does_not_tell_whether_somebody_has_an_account(
    cloud: CloudInTest,
) -> None:
    owner = await signed_in(cloud, "p-one")
    await a_person(cloud, email=TENANT)
    known = await owner.post("/premises/p-one/shares", _share(name="Whoever"))
    unknown = await owner.post(
        "/premises/p-one/shares", _share(name="Whoever", email="new@example.bg")
    )
    told = ("share_id", "email")
    assert {**known, **dict.fromkeys(told)} == {**unknown, **dict.fromkeys(told)}
    listed = (await owner.get("/premises/p-one/shares"))["items"]
    assert {one["name"] for one in listed} == {"Whoever"}


async def test_a_program_shares_nothing_in_a_persons_name(cloud: CloudInTest) -> None:
    owner = await signed_in(cloud, "p-one")
    program = await a_token_of(cloud, owner)
    answer = await program.ask("GET", "/premises/p-one/shares")
    assert answer.status_code == 403


async def test_who_runs_the_machine_disables_and_resets_people(
    cloud: CloudInTest, browser: Browser
) -> None:
    password = await a_person(cloud)
    await browser.sign_in(password)
    await browser.set_codes_up()
    people = cloud.services.people
    await people.set_disabled(EMAIL, is_disabled=True)
    assert await browser.refusal("GET", "/session") == (401, "not-signed-in")
    wrong = await browser.refusal("POST", "/session", credentials(password))
    assert wrong == (401, "wrong-password")
    await people.set_disabled(EMAIL, is_disabled=False)
    link = (await people.reset(EMAIL, forget_factors=True)).rpartition("/")[2]
    await browser.good("POST", PASSWORD, {"link": link, "password": NEW})
    await browser.sign_in(NEW)
    [listed] = await people.all()
    assert (listed["email"], listed["codes"], listed["passkeys"]) == (EMAIL, False, 0)


async def _end(owner: Person, share: dict[str, Any]) -> None:
    answer = await owner.ask("DELETE", f"/premises/p-one/shares/{share['share_id']}")
    assert answer.status_code == 204


def _share(**changes: Any) -> dict[str, Any]:
    return {"email": TENANT, "name": "Petar", "kind": "tenant", **changes}


async def _user_id(cloud: CloudInTest) -> int:
    [found] = await cloud.services.people.all()
    user_id: int = found["user_id"]
    return user_id
