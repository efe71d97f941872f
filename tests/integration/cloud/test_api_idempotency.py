# SPDX-License-Identifier: EUPL-1.2
"""Idempotency-Key: a POST sent again after a lost answer happens once, whatever broke between."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from cloud.kit import idempotency_repository
from cloud.kit.auth.rights import Role
from cloud.kit.database import row, rows
from tests.integration.cloud.builders import Caller, CloudInTest

HOOK = {"url": "https://example.com/hook", "utilities": ["water"]}


def _key() -> str:
    return str(uuid.uuid4())


async def _add(caller: Caller, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await caller.ask(
        "POST", "/webhooks", json=body or HOOK, headers={"Idempotency-Key": key}
    )


async def _count(cloud: CloudInTest, table: str = "webhooks") -> int:
    async with cloud.services.database.transaction() as connection:
        found = await row(connection, f"select count(*) as n from {table}")  # noqa: S608 - ours
    assert found is not None
    return int(found["n"])


@pytest.mark.parametrize("written", ["{}", '"{}"'])
async def test_a_repeat_gets_the_first_answer_and_has_no_effect(
    cloud: CloudInTest, written: str
) -> None:
    key = written.format(_key())
    first, again = await _add(cloud.operator, key), await _add(cloud.operator, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert await _count(cloud) == 1


async def test_an_answer_is_the_same_with_a_key_and_without(cloud: CloudInTest) -> None:
    with_key = await _add(cloud.operator, _key())
    without = await cloud.operator.ask("POST", "/webhooks", json=HOOK)
    assert with_key.status_code == without.status_code == 201
    assert with_key.json().keys() == without.json().keys()
    assert await _count(cloud) == 2


async def test_a_lost_answer_does_not_cost_a_gateway_its_token(cloud: CloudInTest) -> None:
    path, headers = "/gateways/gw-one/token", {"Idempotency-Key": _key()}
    first = await cloud.operator.ask("POST", path, headers=headers)
    again = await cloud.operator.ask("POST", path, headers=headers)
    assert first.json()["token"] == again.json()["token"]
    gateway = Caller(cloud.client, first.json()["token"])
    await gateway.get("/gateways/gw-one/configuration")


async def test_a_key_is_not_for_another_request(cloud: CloudInTest) -> None:
    key = _key()
    await _add(cloud.operator, key)
    other_body = await _add(cloud.operator, key, {**HOOK, "utilities": ["gas"]})
    other_path = await cloud.operator.ask(
        "POST", "/gateways/gw-one/token", headers={"Idempotency-Key": key}
    )
    for refused in (other_body, other_path):
        assert refused.status_code == 422
        assert refused.json()["type"] == "urn:iskar:problem:idempotency-key-reused"
    assert await _count(cloud) == 1


async def test_a_key_belongs_to_who_sent_it(cloud: CloudInTest) -> None:
    key = _key()
    utility = await cloud.utility()
    mine, theirs = await _add(cloud.operator, key), await _add(utility, key)
    assert mine.json()["webhook_id"] != theirs.json()["webhook_id"]


async def test_of_many_at_the_same_instant_one_happens(cloud: CloudInTest) -> None:
    key = _key()
    answers = await asyncio.gather(*(_add(cloud.operator, key) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    created = {answer.json()["webhook_id"] for answer in answers if answer.status_code == 201}
    assert len(created) == 1
    assert await _count(cloud) == 1


async def test_while_the_first_is_under_way_the_second_is_told_to_wait(cloud: CloudInTest) -> None:
    key = _key()
    await _add(cloud.operator, key)
    async with cloud.services.database.transaction() as connection:
        (kept,) = await rows(connection, "select caller, key from idempotency_keys")
        assert await idempotency_repository.claim(connection, kept["caller"], kept["key"])
        refused = await _add(cloud.operator, key)
    assert (refused.status_code, refused.headers["retry-after"]) == (409, "1")
    assert (await _add(cloud.operator, key)).status_code == 201


async def test_a_refusal_is_not_kept(cloud: CloudInTest) -> None:
    headers = {"Idempotency-Key": _key()}
    path = "/gateways/gw-late/token"
    assert (await cloud.operator.ask("POST", path, headers=headers)).status_code == 404
    await cloud.operator.put("/gateways/gw-late", {"site": "sofia", "name": "Late"})
    assert (await cloud.operator.ask("POST", path, headers=headers)).status_code == 200


async def test_a_crash_before_the_answer_is_kept_leaves_no_effect(
    cloud: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: Any, **__: Any) -> None:
        raise psycopg.OperationalError("the connection ends here")

    key = _key()
    with monkeypatch.context() as dying:
        dying.setattr(idempotency_repository, "keep", crash)
        assert (await _add(cloud.operator, key)).status_code == 503
    assert await _count(cloud) == 0
    assert (await _add(cloud.operator, key)).status_code == 201
    assert await _count(cloud) == 1


async def test_a_kept_secret_can_not_be_read_from_the_database(cloud: CloudInTest) -> None:
    key = _key()
    path = "/gateways/gw-one/token"
    answer = await cloud.operator.ask("POST", path, headers={"Idempotency-Key": key})
    async with cloud.services.database.transaction() as connection:
        (kept,) = await rows(connection, "select * from idempotency_keys")
    stored = repr(kept) + bytes(kept["body"]).decode("latin-1")
    assert answer.json()["token"] not in stored
    assert key not in stored


async def test_a_key_is_forgotten_after_a_day(cloud: CloudInTest) -> None:
    key = _key()
    first = await _add(cloud.operator, key)
    cloud.clock.time += timedelta(hours=24, seconds=1)
    later = await _add(cloud.operator, key)
    assert later.json()["webhook_id"] != first.json()["webhook_id"]
    assert await _count(cloud, "idempotency_keys") == 1


@pytest.mark.parametrize(
    "key", ["short", "has spaces in it, so no", "x" * 129, '"unclosed-quote-00']
)
async def test_a_key_that_could_be_guessed_or_is_malformed_is_refused(
    cloud: CloudInTest, key: str
) -> None:
    assert (await _add(cloud.operator, key)).status_code == 422
    assert await _count(cloud) == 0


async def test_a_key_opens_no_door(cloud: CloudInTest) -> None:
    key = _key()
    await _add(cloud.operator, key)
    assert (await _add(cloud.nobody, key)).status_code == 401
    assert (await _add(await cloud.caller(Role.OWNER, "p-one"), key)).status_code == 403
