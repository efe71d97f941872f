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
from cloud.kit.auth.rights import Right, Role
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import Caller, CloudInTest, a_finding, a_premises

# What each route needs; None: nothing. A route that isn't here fails the test.
NEEDS: dict[str, Right | None] = {
    # accounts
    "POST /session": None,
    "GET /session": None,
    "DELETE /session": None,
    "POST /session/passkey-options": None,
    "POST /session/passkey": None,
    # to any person, but no program
    "POST /session/step-up": None,
    "GET /account": None,
    "GET /account/sessions": None,
    "DELETE /account/sessions": None,
    "DELETE /account/sessions/{session_id}": None,
    "PUT /account/password": None,
    "POST /account/codes": None,
    "POST /account/codes/confirm": None,
    "DELETE /account/codes": None,
    "POST /account/recovery-codes": None,
    "POST /account/passkeys/options": None,
    "POST /account/passkeys": None,
    "GET /account/passkeys": None,
    "DELETE /account/passkeys/{passkey_id}": None,
    # to anybody, by a mailed link
    "POST /account/password-reset": None,
    "POST /account/new-password": None,
    "GET /premises/{premises_id}/shares": Right.SHARE,
    "POST /premises/{premises_id}/shares": Right.SHARE,
    "DELETE /premises/{premises_id}/shares/{share_id}": Right.SHARE,
    # tokens and organisations
    "GET /tokens": Right.TOKENS,
    "POST /tokens": Right.TOKENS,
    "DELETE /tokens/{token_id}": Right.TOKENS,
    "GET /organisations": None,
    "GET /organisations/{organisation_id}/sign-in": None,
    "GET /organisations/{organisation_id}/callback": None,
    "GET /organisations/{organisation_id}/sign-out": None,
    "POST /organisations/{organisation_id}/back-channel-logout": None,
    "GET /users": Right.USERS,
    "GET /users/{user_id}": Right.USERS,
    "PUT /users/{user_id}": Right.USERS,
    "DELETE /users/{user_id}/sessions": Right.USERS,
    # premises and service points
    "GET /premises": Right.SEE_PREMISES,
    "GET /premises/{premises_id}": Right.SEE_PREMISES,
    "GET /premises/{premises_id}/usage": Right.SEE_PREMISES,
    "GET /premises/{premises_id}/export": Right.SEE_PREMISES,
    "GET /premises/{premises_id}/alerts": Right.SEE_PREMISES,
    "GET /premises/{premises_id}/live": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/usage": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/export": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/readings": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/registers": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/corrections": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/audit-trail": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/findings": Right.SEE_PREMISES,
    "GET /premises/{premises_id}/findings": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/labels": Right.SEE_PREMISES,
    "POST /service-points/{service_point_id}/backtest": Right.SEE_PREMISES,
    "POST /service-points/{service_point_id}/corrections": Right.CORRECT,
    "POST /service-points/{service_point_id}/register-events": Right.REGISTER,
    "PUT /premises/{premises_id}": Right.REGISTER,
    "PUT /service-points/{service_point_id}": Right.REGISTER,
    # registry
    "GET /ca": None,
    "POST /register-events/{event_id}/undo": Right.REGISTER,
    "GET /gateways/{gateway_id}/notices": Right.OPERATE,
    "POST /nodes/{node_id}/commands": Right.OPERATE,
    "GET /nodes/{node_id}/commands": Right.OPERATE,
    "POST /gateways/{gateway_id}/rollouts": Right.OPERATE,
    "GET /gateways/{gateway_id}/rollouts": Right.OPERATE,
    "PUT /meters/{meter_id}": Right.REGISTER,
    "PUT /gateways/{gateway_id}": Right.REGISTER,
    "PUT /nodes/{node_id}": Right.REGISTER,
    "PUT /installations/{service_point_id}": Right.REGISTER,
    "POST /gateways/{gateway_id}/token": Right.ROTATE,
    "POST /gateways/{gateway_id}/certificates": Right.REGISTER,
    "POST /nodes/{node_id}/certificates": Right.REGISTER,
    "GET /gateways/{gateway_id}/configuration": Right.INGEST,
    "GET /gateways/{gateway_id}/orders": Right.INGEST,
    "PUT /suppliers/{supplier_id}": Right.REGISTER,
    # readings
    "GET /live": Right.OPERATE,
    "GET /telegrams": Right.OPERATE,
    "GET /quarantine": Right.OPERATE,
    "GET /findings": Right.OPERATE,
    "POST /ingest/batches": Right.INGEST,
    # validation
    "POST /corrections/{correction_id}/undo": Right.CORRECT,
    # downlink
    "POST /packages": Right.OPERATE,
    "GET /packages": Right.OPERATE,
    "POST /rollouts/{rollout_id}/stop": Right.OPERATE,
    "GET /packages/{package_id}/content": Right.INGEST,
    # tariffs
    "GET /tariffs": Right.OPERATE,
    "GET /tariffs/{tariff_id}": Right.OPERATE,
    "PUT /tariffs/{tariff_id}": Right.OPERATE,
    "PUT /service-points/{service_point_id}/tariffs": Right.OPERATE,
    "GET /service-points/{service_point_id}/tariffs": Right.SEE_PREMISES,
    "GET /service-points/{service_point_id}/cost": Right.SEE_PREMISES,
    "GET /premises/{premises_id}/cost": Right.SEE_PREMISES,
    "GET /premises/{premises_id}/bill": Right.SEE_PREMISES,
    # weather: to everybody
    "GET /weather/places": None,
    "GET /weather/places/{place_id}/hours": None,
    "GET /weather/places/{place_id}/days": None,
    "GET /weather/places/{place_id}/flags": None,
    "GET /weather/places/{place_id}/degree-days": None,
    "GET /weather/places/{place_id}/snow-water": None,
    "GET /premises/{premises_id}/bill/expected": Right.SEE_PREMISES,
    # alerts
    "GET /alerts": Right.SEE_PREMISES,
    "GET /alerts/{alert_id}": Right.SEE_PREMISES,
    "POST /alerts/{alert_id}/acknowledge": Right.ACKNOWLEDGE,
    "POST /alerts/{alert_id}/snooze": Right.ACKNOWLEDGE,
    "POST /alerts/{alert_id}/resolve": Right.ACKNOWLEDGE,
    "POST /alerts/{alert_id}/label": Right.LABEL,
    "DELETE /alerts/{alert_id}/label": Right.LABEL,
    # subscriptions
    "GET /subscriptions": Right.SUBSCRIBE,
    "PUT /subscriptions/{subscription_id}": Right.SUBSCRIBE,
    "DELETE /subscriptions/{subscription_id}": Right.SUBSCRIBE,
    "GET /push-key": Right.SUBSCRIBE,
    "GET /unsubscribe/{key}": None,
    "POST /unsubscribe/{key}": None,
    # webhooks
    "POST /webhooks": Right.WEBHOOKS,
    "GET /webhooks": Right.WEBHOOKS,
    "DELETE /webhooks/{webhook_id}": Right.WEBHOOKS,
    "GET /webhooks/{webhook_id}": Right.WEBHOOKS,
    "PATCH /webhooks/{webhook_id}": Right.WEBHOOKS,
    "POST /webhooks/{webhook_id}/rotate": Right.WEBHOOKS,
    "POST /webhooks/{webhook_id}/test": Right.WEBHOOKS,
    "POST /webhooks/{webhook_id}/replay": Right.WEBHOOKS,
    "GET /webhooks/{webhook_id}/deliveries": Right.WEBHOOKS,
    "GET /webhooks/{webhook_id}/attempts": Right.WEBHOOKS,
    "GET /webhooks/{webhook_id}/messages/{message_id}": Right.WEBHOOKS,
    # privacy
    "GET /audit": Right.AUDIT,
    "GET /premises/{premises_id}/audit": Right.SHARE,
    "GET /premises/{premises_id}/accesses": Right.ACCESSES,
    "GET /account/accesses": Right.ACCESSES,
    "GET /account/export": None,
    "POST /account/erase": None,
    # demand
    "GET /demand/series": Right.SEE_DEMAND,
    "PUT /demand/series/{series_id}": Right.KEEP_DEMAND,
    "DELETE /demand/series/{series_id}": Right.KEEP_DEMAND,
    "GET /demand/series/{series_id}/usage": Right.SEE_DEMAND,
    "POST /demand/series/{series_id}/usage": Right.KEEP_DEMAND,
    "GET /demand/datasets": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/forecast": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/forecast.csv": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/forecasts": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/accuracy": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/explain": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/scenario": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/what-if": Right.SEE_DEMAND,
    "GET /demand/series/{series_id}/peak": Right.SEE_DEMAND,
    "GET /demand/models": Right.SEE_DEMAND,
    "GET /demand/limits": Right.KEEP_DEMAND,
    "PUT /demand/limits/{limit_id}": Right.KEEP_DEMAND,
    "DELETE /demand/limits/{limit_id}": Right.KEEP_DEMAND,
    # municipality
    "GET /districts": Right.SEE_DISTRICTS,
    "GET /districts/{district}/usage": Right.SEE_DISTRICTS,
}
IDS = {
    "premises_id": "p-one",
    "service_point_id": "sp-one",
    "supplier_id": "water-works",
    "district": "Sredets",
    "alert_id": "none",
    "token_id": "999999",
    "organisation_id": "none",
    "user_id": "999999",
    "correction_id": "1",
    "event_id": "1",
    "webhook_id": "none",
    "limit_id": "none",
    "message_id": "none",
    "subscription_id": "none",
    "key": "n" * 32,
    "meter_id": "m-one",
    "gateway_id": "gw-one",
    "node_id": "n-one",
    "package_id": "0" * 64,
    "rollout_id": "none",
    "tariff_id": "overgas-household",
    "place_id": "sofia",
    "session_id": "00000000-0000-4000-8000-000000000000",
    "passkey_id": "none",
    "share_id": "1",
    "series_id": "none",
}
QUERY = {"utility": "water", "resolution": "day", "from": "2026-01-01", "to": "2026-02-01"}
QUERY |= {"month": "2026-01", "temperature_delta_c": "-5"}
LISTS = {"GET /premises", "GET /alerts"}
STREAMS = {"GET /live", "GET /premises/{premises_id}/live"}
OF_ONE_GATEWAY = {
    "GET /gateways/{gateway_id}/configuration",
    "GET /gateways/{gateway_id}/orders",
    "POST /gateways/{gateway_id}/token",
}


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
