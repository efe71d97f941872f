# SPDX-License-Identifier: EUPL-1.2
"""A live stream carries what its caller sees, and ends when that may have become less."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cloud.kit.auth.rights import Role
from cloud.kit.database import run
from cloud.kit.live import Announcement, Subscription
from tests.integration.cloud.builders import Caller, CloudInTest, a_telegram
from tests.integration.cloud.test_cloud_live import listening

PATH = "/premises/p-one/live"
WITHIN_S = 3


def a_reading(service_point_id: str, premises_id: str = "p-one") -> Announcement:
    content = {"service_point_id": service_point_id}
    return Announcement(event="reading", premises_id=premises_id, content=content)


async def _offered(subscription: Subscription, *announcements: Announcement) -> list[str | None]:
    for one in announcements:
        subscription.offer(one)
    subscription.end()
    return [one.service_point_id async for one in subscription]


async def test_a_stream_carries_its_service_points_and_no_others_of_the_building() -> None:
    mine = Subscription({"user:1"}, "p-one")
    mine.service_point_ids = frozenset({"sp-a"})
    told = await _offered(mine, a_reading("sp-a"), a_reading("sp-b"), a_reading("sp-a", "p-two"))
    assert told == ["sp-a"]


async def test_a_stream_carries_nothing_before_it_is_known_what_it_may() -> None:
    assert await _offered(Subscription({"user:1"}, "p-one"), a_reading("sp-a")) == []


@pytest.fixture
async def signed_in(served: CloudInTest) -> Caller:
    """Return an owner of building one, in a session."""
    password = await served.services.access.put_user("i@b.bg", "Iva", Role.OWNER, ["p-one"])
    answer = await served.client.post(
        "/api/v1/session", json={"email": "i@b.bg", "password": password}
    )
    cookie = answer.headers["set-cookie"].split(";")[0]
    served.client.cookies.clear()
    person = Caller(served.client, None)
    person.headers = {"Cookie": cookie}
    return person


async def _ends(
    served: CloudInTest, person: Caller, act: Callable[[], Awaitable[object]], path: str = PATH
) -> None:
    """See a stream that carries readings end once ``act`` is done."""
    async with listening(served, person, path) as events:
        await served.gateway.send(a_telegram(1))
        await anext(events)
        await act()
        async with asyncio.timeout(WITHIN_S):
            with pytest.raises(StopAsyncIteration):
                await anext(events)


async def _run(served: CloudInTest, query: str) -> None:
    async with served.services.database.transaction() as connection:
        await run(connection, query)


async def test_a_revoked_grant_ends_the_streams_it_let_in(
    served: CloudInTest, signed_in: Caller
) -> None:
    await _ends(served, signed_in, lambda: _run(served, "update grants set revoked_at = now()"))
    assert (await signed_in.ask("GET", PATH)).status_code == 404


async def test_signing_out_ends_the_streams_of_the_session(
    served: CloudInTest, signed_in: Caller
) -> None:
    await _ends(served, signed_in, lambda: signed_in.ask("DELETE", "/session"))
    assert (await signed_in.ask("GET", PATH)).status_code == 401


async def test_a_token_that_is_taken_away_ends_its_streams(served: CloudInTest) -> None:
    program = await served.caller(Role.OWNER, "p-one")
    await _ends(served, program, lambda: _run(served, "delete from tokens where role = 'owner'"))


async def test_a_service_point_handed_to_another_utility_ends_the_streams_of_the_first(
    served: CloudInTest,
) -> None:
    utility = await served.caller(Role.UTILITY, supplier_id="water-one")
    taken = "update service_points set supplier_id = null where service_point_id = 'sp-one'"
    await _ends(served, utility, lambda: _run(served, taken))
    assert (await utility.ask("GET", PATH)).status_code == 404


async def test_what_changes_for_others_ends_no_stream(served: CloudInTest) -> None:
    await served.caller(Role.OWNER, "p-two")
    owner = await served.caller(Role.OWNER, "p-one")
    async with listening(served, owner, PATH) as events:
        await _run(
            served, "delete from tokens where token_id = (select max(token_id) - 1 from tokens)"
        )
        await served.gateway.send(a_telegram(1))
        name, _ = await anext(events)
    assert name == "reading"


async def test_an_operators_stream_ends_with_their_session_too(
    served: CloudInTest, signed_in: Caller
) -> None:
    await _run(served, "update users set role = 'operator'")
    out = "update users set disabled_at = now()"
    await _ends(served, signed_in, lambda: _run(served, out), "/live")
    assert (await signed_in.ask("GET", "/live")).status_code == 401


async def test_a_guess_at_somebodys_code_ends_no_stream(
    served: CloudInTest, signed_in: Caller
) -> None:
    async with listening(served, signed_in, PATH) as events:
        await _run(served, "update users set code_failures = code_failures + 1")
        await served.gateway.send(a_telegram(1))
        name, _ = await anext(events)
    assert name == "reading"
