# SPDX-License-Identifier: EUPL-1.2
"""Webhooks as those use them whose they are: own ones only, filters, tests, keys, the log."""

import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from standardwebhooks import Webhook

from cloud.kit.auth.rights import Role
from tests.fakes.webhook_receiver import a_receiver
from tests.integration.cloud.builders import NOON, Caller, CloudInTest, a_finding
from tests.integration.cloud.signed_in import a_person

SOMEWHERE = {"url": "https://receiver.example/hook"}


async def _refused(caller: Caller, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer: httpx.Response = await caller.ask(method, path, json=body)
    return answer.status_code, answer.json()["type"].removeprefix("urn:iskar:problem:")


async def test_a_utility_reaches_its_own_webhooks_and_no_route_to_anothers(
    cloud: CloudInTest,
) -> None:
    one, colleague = await cloud.utility(), await cloud.utility()
    other = await cloud.utility("gas-works")
    made = await one.post("/webhooks", SOMEWHERE)
    path = f"/webhooks/{made['webhook_id']}"
    assert (await other.get("/webhooks"))["items"] == []
    for method, route, body in (
        ("GET", "", None),
        ("PATCH", "", {"enabled": False}),
        ("POST", "/rotate", {}),
        ("POST", "/test", None),
        ("POST", "/replay", {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}),
        ("GET", "/deliveries", None),
        ("GET", "/attempts", None),
        ("GET", "/messages/msg_1", None),
        ("DELETE", "", None),
    ):
        assert await _refused(other, method, path + route, body) == (404, "not-found"), route
    for seer in (one, colleague, cloud.operator):
        shown = await seer.get(path)
        assert shown["public_keys"] == [made["public_key"]]
        assert made["secret"] not in json.dumps(shown)
    assert (await colleague.ask("DELETE", path)).status_code == 204


async def test_a_utility_without_a_supplier_is_told_so(cloud: CloudInTest) -> None:
    nobody = await cloud.caller(Role.UTILITY)
    assert await _refused(nobody, "POST", "/webhooks", SOMEWHERE) == (409, "no-supplier")
    assert (await nobody.get("/webhooks"))["items"] == []


async def test_secrets_lie_in_the_database_sealed(cloud: CloudInTest, dsn: str) -> None:
    made = await (await cloud.utility()).post("/webhooks", SOMEWHERE)
    secret = Webhook(made["secret"])._whsecret
    with psycopg.connect(dsn) as connection:
        [(kept, private, plain)] = connection.execute(
            "select k.secret, private_key, w.secret from webhook_keys k join webhooks w"
            " using (webhook_id)"
        ).fetchall()
    assert plain is None
    assert secret not in kept
    assert len(private) > 32


@pytest.mark.parametrize(
    "url",
    [
        *("http://receiver.example/", "https://10.0.0.1/", "https://[::1]/", "https://167772161/"),
        *("https://0xa.1/", "https://0300.0250.0.1/", "https://[::ffff:10.0.0.1]/"),
        *("https://a:b@receiver.example/", "https://receiver.example:25/"),
        *("http://169.254.169.254/latest/meta-data/", "https://[64:ff9b::a00:1]/"),
    ],
)
async def test_a_url_that_would_reach_inwards_is_refused_also_as_a_change(
    cloud: CloudInTest, url: str
) -> None:
    refused = (422, "address-refused")
    assert await _refused(cloud.operator, "POST", "/webhooks", {"url": url}) == refused
    made = await cloud.operator.post("/webhooks", SOMEWHERE)
    path = f"/webhooks/{made['webhook_id']}"
    assert await _refused(cloud.operator, "PATCH", path, {"url": url}) == refused


async def test_a_webhook_hears_what_it_asked_for_and_of_its_supplier_alone(
    working: CloudInTest,
) -> None:
    own, other = await working.utility(), await working.utility("gas-works")
    async with a_receiver() as receiver, a_receiver() as silent:
        for wish in (
            {"utilities": ["gas"]},
            {"kinds": ["burst"]},
            {"severities": ["critical", "notice"]},
            {"premises_ids": ["p-two"]},
            {"types": ["leak.resolved"]},
        ):
            await own.post("/webhooks", {"url": silent.url, **wish})
        await other.post("/webhooks", {"url": silent.url})
        wishes = {
            "utilities": ["water"],
            "kinds": ["continuous_flow"],
            "severities": ["warning"],
            "premises_ids": ["p-one"],
            "types": ["leak.raised"],
        }
        await own.post("/webhooks", {"url": receiver.url, **wishes})
        await working.operator.post("/webhooks", {"url": receiver.url})
        await working.gateway.send(a_finding())
        await receiver.until_got(2)
    assert silent.got == []
    assert len({body for _, body in receiver.got}) == 1


async def test_a_test_event_arrives_verified_at_one_webhook(working: CloudInTest) -> None:
    utility = await working.utility()
    async with a_receiver() as receiver, a_receiver() as other:
        await utility.post("/webhooks", {"url": other.url})
        made = await utility.post("/webhooks", {"url": receiver.url, "types": ["leak.raised"]})
        sent = await utility.ask("POST", f"/webhooks/{made['webhook_id']}/test")
        assert sent.status_code == 202
        await receiver.until_got(1)
    [(headers, body)] = receiver.got
    assert headers["webhook-id"] == sent.json()["message_id"]
    told = Webhook(made["secret"]).verify(body, headers)
    assert (told["type"], told["data"]["webhook_id"]) == ("webhook.test", made["webhook_id"])
    assert other.got == []


async def test_a_secret_rotated_in_flight_leaves_no_message_that_either_can_not_verify(
    working: CloudInTest,
) -> None:
    """AC-92."""
    utility = await working.utility()
    async with a_receiver(500) as receiver:
        made = await utility.post("/webhooks", {"url": receiver.url})
        path = f"/webhooks/{made['webhook_id']}"
        await working.gateway.send(a_finding())
        await receiver.until_got(1)
        rotated = await utility.post(f"{path}/rotate", {"overlap_hours": 1})
        await receiver.until_got(2)
        await utility.post(f"{path}/rotate", {"overlap_hours": 0})
        await utility.ask("POST", f"{path}/test")
        await receiver.until_got(3)
    before, during, after = receiver.got
    Webhook(made["secret"]).verify(before[1], before[0])
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(during[1], during[0])
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(secret).verify(after[1], after[0])
    assert [headers["webhook-signature"].count("v1,") for headers, _ in receiver.got] == [1, 2, 1]
    assert [headers["webhook-signature"].count("v1a,") for headers, _ in receiver.got] == [1, 2, 1]
    assert (before[0]["webhook-id"], before[1]) == (during[0]["webhook-id"], during[1])


async def test_keys_that_still_sign_are_limited(cloud: CloudInTest) -> None:
    made = await cloud.operator.post("/webhooks", SOMEWHERE)
    path = f"/webhooks/{made['webhook_id']}/rotate"
    for _ in range(3):
        await cloud.operator.post(path, {"overlap_hours": 24})
    assert await _refused(cloud.operator, "POST", path, {}) == (409, "too-many-keys")
    await cloud.operator.post(path, {"overlap_hours": 0})
    cloud.clock.time += timedelta(hours=1)
    [shown] = (await cloud.operator.get("/webhooks"))["items"]
    assert len(shown["public_keys"]) == 1


async def test_the_log_tells_deliveries_attempts_and_bodies_page_by_page(
    working: CloudInTest,
) -> None:
    utility = await working.utility()
    async with a_receiver(500) as receiver:
        made = await utility.post("/webhooks", {"url": receiver.url})
        path = f"/webhooks/{made['webhook_id']}"
        await working.tell_webhooks(3)
        await receiver.until_got(4)
        items = await utility.all(f"{path}/deliveries", limit=2)
        while any(one["state"] == "pending" for one in items):
            items = await utility.all(f"{path}/deliveries", limit=2)
    assert len(items) == 3
    assert sorted(one["attempts"] for one in items) == [1, 1, 2]
    assert {(one["state"], one["status"], one["due_at"]) for one in items} == {
        ("delivered", 200, None)
    }
    attempts = await utility.all(f"{path}/attempts", limit=3)
    assert sorted(one["status"] for one in attempts) == [200, 200, 200, 500]
    [retried] = [one["message_id"] for one in items if one["attempts"] == 2]
    assert len(await utility.all(f"{path}/attempts", message_id=retried)) == 2
    message = await utility.get(f"{path}/messages/{retried}")
    assert {(h["webhook-id"], body) for h, body in receiver.got if h["webhook-id"] == retried} == {
        (retried, message["body"])
    }
    assert await utility.all(f"{path}/deliveries", state="pending") == []
    assert await utility.all(f"{path}/deliveries", type="leak.resolved") == []
    later = (NOON + timedelta(days=1000)).isoformat()
    assert await utility.all(f"{path}/deliveries", since=later) == []


async def test_what_is_done_to_webhooks_is_on_the_audit_log(cloud: CloudInTest, dsn: str) -> None:
    utility = await cloud.utility()
    made = await utility.post("/webhooks", SOMEWHERE)
    path = f"/webhooks/{made['webhook_id']}"
    await utility.ask("PATCH", path, json={"enabled": False})
    await utility.ask("PATCH", path, json={"enabled": True})
    await utility.post(f"{path}/rotate", {})
    await utility.ask("POST", f"{path}/test")
    await utility.ask(
        "POST",
        f"{path}/replay",
        json={"since": "2026-11-20T00:00:00Z", "until": "2026-11-22T00:00:00Z"},
    )
    await utility.ask("DELETE", path)
    with psycopg.connect(dsn) as connection:
        told = connection.execute(
            "select action, entry from audit_log where about = %s order by entry_id",
            [f"webhook:{made['webhook_id']}"],
        ).fetchall()
    assert [action.removeprefix("webhook.") for action, _ in told] == [
        *("added", "changed", "changed", "rotated", "tested", "replayed", "deleted")
    ]
    assert not any("whsec_" in entry for _, entry in told)


async def test_a_person_shows_once_more_who_they_are_before_a_webhook_tells_elsewhere(
    cloud: CloudInTest,
) -> None:
    boss = await a_person(cloud, role=Role.OPERATOR)
    path = f"/webhooks/{(await boss.post('/webhooks', SOMEWHERE))['webhook_id']}"
    cloud.clock.time += timedelta(minutes=11)
    refused = (403, "step-up-needed")
    assert await _refused(boss, "POST", "/webhooks", SOMEWHERE) == refused
    assert await _refused(boss, "POST", f"{path}/rotate", {}) == refused
    assert await _refused(boss, "PATCH", path, SOMEWHERE) == refused
    assert (await boss.ask("GET", path)).status_code == 200
