# SPDX-License-Identifier: EUPL-1.2
"""Who may do what: the table of rights against every route that there is."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from cloud.accounts.attempts import MAX_FAILURES_OF_EMAIL
from cloud.accounts.service import SIGN_INS_AT_ONCE
from cloud.app import create_app
from cloud.app.services import Services
from cloud.kit.auth.rights import Role
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import Caller, CloudInTest, a_finding, a_premises
from tests.integration.cloud.route_rights import NEEDS


def _routes(cloud: CloudInTest) -> set[str]:
    schema = create_app(cloud.services).openapi()
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in schema["paths"].items()
        for method in methods
        if path.startswith("/api/v1")
    }


async def test_every_route_is_in_the_table(cloud: CloudInTest) -> None:
    assert _routes(cloud) == set(NEEDS)


async def test_an_owner_can_not_acknowledge_anothers_alert(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    [alert] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    stranger = await cloud.caller(Role.OWNER, "p-two")
    path = f"/alerts/{alert['alert_id']}/acknowledge"
    assert (await stranger.ask("POST", path)).status_code == 404
    owner = await cloud.caller(Role.OWNER, "p-one")
    assert (await owner.post(path))["state"] == "acknowledged"
    assert (await owner.post(path))["state"] == "acknowledged"


async def test_a_person_signs_in_with_a_cookie_that_scripts_can_not_read(
    cloud: CloudInTest,
) -> None:
    password = await cloud.services.access.put_user("Iva@Example.bg", "Iva", Role.OWNER, ["p-one"])
    answer = await cloud.client.post(
        "/api/v1/session", json={"email": "iva@example.BG", "password": password}
    )
    assert answer.json() == {
        "user": {"email": "iva@example.bg", "name": "Iva", "role": "owner"},
        "needs_second_factor": False,
        "owns": ["p-one"],
    }
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (await cloud.client.get("/api/v1/session")).status_code == 200
    [seen] = (await cloud.client.get("/api/v1/premises")).json()["items"]
    assert seen["premises_id"] == "p-one"
    assert (await cloud.client.delete("/api/v1/session")).status_code == 204
    cloud.client.cookies.set("iskar_session", cookie.split("=")[1].split(";")[0])
    assert (await cloud.client.get("/api/v1/session")).status_code == 401


async def test_a_session_ends_by_itself(cloud: CloudInTest) -> None:
    password = await cloud.services.access.put_user("a@b.bg", "A", Role.OWNER, [])
    await cloud.client.post("/api/v1/session", json={"email": "a@b.bg", "password": password})
    cloud.clock.time += timedelta(days=31)
    assert (await cloud.client.get("/api/v1/session")).status_code == 401


async def test_passwords_and_tokens_are_kept_as_hashes_only(cloud: CloudInTest) -> None:
    password = await cloud.services.access.put_user("a@b.bg", "A", Role.OWNER, [])
    token = await cloud.services.tokens.add_token("t", Role.OWNER, [])
    async with cloud.services.database.transaction() as connection:
        for table in ("users", "tokens", "sessions"):
            cursor = await connection.execute(f"select * from {table}".encode())  # noqa: S608
            kept = repr(await cursor.fetchall())
            assert password not in kept
            assert token not in kept


async def test_guessing_passwords_is_slowed_down(cloud: CloudInTest) -> None:
    password = await cloud.services.access.put_user("a@b.bg", "A", Role.OWNER, [])
    wrong = [
        (
            await cloud.client.post("/api/v1/session", json={"email": "a@b.bg", "password": "x"})
        ).status_code
        for _ in range(9)
    ]
    assert wrong == [401] * 8 + [429]
    right = {"email": "a@b.bg", "password": password}
    assert (await cloud.client.post("/api/v1/session", json=right)).status_code == 429
    cloud.clock.time += timedelta(minutes=16)
    assert (await cloud.client.post("/api/v1/session", json=right)).status_code == 200


async def test_guessing_at_the_same_instant_is_slowed_down_as_well(cloud: CloudInTest) -> None:
    guesses = [
        cloud.nobody.ask("POST", "/session", json={"email": "a@b.bg", "password": str(number)})
        for number in range(30)
    ]
    codes = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert codes.count(401) <= MAX_FAILURES_OF_EMAIL + SIGN_INS_AT_ONCE
    assert set(codes) == {401, 429}


async def test_behind_a_proxy_that_encrypts_the_cookie_is_for_encrypted_connections_only(
    dsn: str, settings: CloudSettings
) -> None:
    settings = settings.model_copy(update={"public_url": "https://iskar.example"})
    async with Services.opened(settings, dsn) as services:
        password = await services.access.put_user("a@b.bg", "A", Role.OPERATOR, [])
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
            answer = await client.post(
                "/api/v1/session", json={"email": "a@b.bg", "password": password}
            )
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_gateways_token_ends_when_an_operator_replaces_it(cloud: CloudInTest) -> None:
    await cloud.gateway.post("/gateways/gw-one/token")
    await cloud.operator.post("/gateways/gw-one/token")
    assert not await _is_let_in(cloud.gateway)


async def _is_let_in(gateway: Caller) -> bool:
    answer = await gateway.ask("GET", "/gateways/gw-one/configuration")
    return answer.status_code == 200


async def _rotated(cloud: CloudInTest, gateway: Caller) -> Caller:
    return Caller(cloud.client, (await gateway.post("/gateways/gw-one/token"))["token"])


async def test_a_token_that_a_gateway_asked_for_takes_the_old_ones_place_on_its_first_use(
    cloud: CloudInTest,
) -> None:
    new = await _rotated(cloud, cloud.gateway)
    cloud.clock.time += timedelta(hours=23)
    assert await _is_let_in(cloud.gateway)
    assert await _is_let_in(new)
    assert not await _is_let_in(cloud.gateway)
    cloud.clock.time += timedelta(days=400)
    assert await _is_let_in(new)


async def test_a_token_that_never_arrived_ends_after_a_day_and_the_old_one_stays(
    cloud: CloudInTest,
) -> None:
    lost = await _rotated(cloud, cloud.gateway)
    cloud.clock.time += timedelta(days=21)
    assert not await _is_let_in(lost)
    assert await _is_let_in(cloud.gateway)


async def test_of_two_tokens_asked_for_only_the_last_counts(cloud: CloudInTest) -> None:
    lost, new = await _rotated(cloud, cloud.gateway), await _rotated(cloud, cloud.gateway)
    assert not await _is_let_in(lost)
    assert await _is_let_in(new)
    assert not await _is_let_in(cloud.gateway)


async def test_a_gateway_gets_no_token_of_another(cloud: CloudInTest) -> None:
    two = await cloud.register("two")
    answer = await two.ask("POST", "/gateways/gw-one/token")
    assert answer.status_code == 403
    assert await _is_let_in(cloud.gateway)


@pytest.mark.parametrize("field", ["address", "district"])
@pytest.mark.parametrize("text", ["\0", "a\ud800b", "", "x" * 201, "line\nbreak"])
async def test_texts_that_can_not_be_stored_are_refused(
    cloud: CloudInTest, field: str, text: str
) -> None:
    answer = await cloud.operator.ask(
        "PUT",
        "/premises/p-one",
        content=json.dumps(a_premises(**{field: text})).encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/premises/%00", None, 422),
        ("GET", "/premises/..%2f..%2fetc", None, 404),
        ("GET", "/premises/%ff%fe", None, 422),
        ("GET", "/telegrams?node_id=n-one&cursor=%00", None, 422),
        ("GET", "/telegrams?node_id=n-one&cursor=WyJhIiwgOTk5OTk5OTk5OTk5LCAxXQ", None, 422),
        ("GET", "/telegrams?node_id=%00", None, 422),
        ("PATCH", "/premises/p-one", None, 405),
        ("PUT", "/premises/p-one", b"{", 400),
        ("PUT", "/premises/p-one", b"[" * 5000, 400),
        ("PUT", "/premises/p-one", b"x" * 70000, 413),
        ("POST", "/session", b'{"email": "\\u0000", "password": "x"}', 422),
        ("POST", "/session", b'{"email": "\\ud800", "password": "x"}', 422),
        ("POST", "/session", b"\xff\xfe", 400),
        ("POST", "/alerts/%00/acknowledge", None, 422),
    ],
)
async def test_nonsense_is_answered_with_a_problem(
    cloud: CloudInTest, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = await cloud.operator.ask(
        method, path, content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
