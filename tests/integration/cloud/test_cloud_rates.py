# SPDX-License-Identifier: EUPL-1.2
"""Rate limits: who asks too often waits, and nobody else does."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import httpx
import pytest
import pytest_asyncio

from cloud.app import create_app
from cloud.kit.auth.rights import Role
from cloud.kit.rates import Rate, Rates
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import Caller, CloudInTest, a_telegram
from tests.integration.cloud.route_rights import IDS, NEEDS, QUERY
from tests.integration.cloud.signed_in import a_person, a_token_of

FEW = Rate(per_s=0.001, burst=3)


@pytest.fixture
def settings(settings: CloudSettings) -> CloudSettings:
    return settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1/32"),)})


@pytest_asyncio.fixture
async def strict(cloud: CloudInTest) -> AsyncIterator[CloudInTest]:
    """Yield a cloud that lets everybody ask three times, behind a proxy."""
    app = create_app(cloud.services)
    app.state.rates = Rates(callers=FEW, gateways=FEW, strangers=FEW)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
        cloud.client = client
        cloud.nobody = Caller(client, None)
        for caller in (cloud.operator, cloud.gateway):
            caller._client = client
        yield cloud


async def _statuses(caller: Caller, path: str, times: int = 5, **arguments: object) -> list[int]:
    return [
        (await caller.ask("GET", path, **arguments)).status_code  # type: ignore[arg-type]
        for _ in range(times)
    ]


async def test_a_caller_who_asks_too_often_is_told_when_to_come_back(strict: CloudInTest) -> None:
    caller = await strict.caller(Role.OWNER, "p-one")
    answers = [await caller.ask("GET", "/premises") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one.headers["ratelimit"] for one in answers[:2]] == [
        '"caller";r=2;t=1000',
        '"caller";r=1;t=2000',
    ]
    assert answers[0].headers["ratelimit-policy"] == '"caller";q=3;w=3000'
    assert answers[3].headers["retry-after"] == "1000"
    assert answers[3].json()["type"] == "urn:iskar:problem:rate-limited"
    other = await strict.caller(Role.OWNER, "p-one")
    assert await _statuses(other, "/premises", 1) == [200]


async def test_more_tokens_do_not_let_a_person_ask_more_often(strict: CloudInTest) -> None:
    iva = await a_person(strict, "p-one")
    first, second = await a_token_of(strict, iva), await a_token_of(strict, iva)
    assert await _statuses(first, "/premises", 1) == [200]
    assert await _statuses(second, "/premises", 1) == [429]


async def test_strangers_share_what_their_address_may(strict: CloudInTest) -> None:
    liar = Caller(strict.client, "isk_of_nobody")
    assert await _statuses(liar, "/premises", 2) == [401, 401]
    assert await _statuses(strict.nobody, "/session", 1) == [401]
    assert await _statuses(liar, "/premises", 1) == [429]
    guess = {"email": "a@b.bg", "password": "x"}
    # a cookie that opens nothing doesn't open the way to guessing either
    for headers in ({}, {"Cookie": "iskar_session=junk"}, {"Authorization": "Bearer junk"}):
        answer = await strict.nobody.ask("POST", "/session", json=guess, headers=headers)
        assert answer.status_code == 429
    assert await _statuses(strict.operator, "/premises", 1) == [200]  # from the same address


async def test_no_route_is_open_to_strangers_without_a_limit(strict: CloudInTest) -> None:
    await _statuses(strict.nobody, "/session", 3)
    for route in NEEDS:
        method, path = route.split(" ")
        answer = await strict.nobody.ask(method, path.format(**IDS), params=QUERY)
        assert answer.status_code == 429, route


async def test_a_gateway_has_a_bucket_of_its_own(strict: CloudInTest) -> None:
    await strict.gateway.send(a_telegram())
    assert await _statuses(strict.gateway, "/gateways/gw-one/orders", 3) == [200, 200, 429]
    assert strict.services.settings.gateway_burst_requests > 1000  # a backlog is no attack


async def test_health_is_asked_as_often_as_one_likes(strict: CloudInTest) -> None:
    answers = [await strict.client.get("/health/live") for _ in range(10)]
    assert {one.status_code for one in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_the_address_that_counts_is_the_one_our_proxy_saw(strict: CloudInTest) -> None:
    statuses = [
        (
            await strict.nobody.ask(
                "GET", "/session", headers={"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.7"}
            )
        ).status_code
        for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]
    neighbour = {"X-Forwarded-For": "203.0.113.8"}
    assert await _statuses(strict.nobody, "/session", 1, headers=neighbour) == [401]
