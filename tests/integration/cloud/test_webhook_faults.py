# SPDX-License-Identifier: EUPL-1.2
"""Receivers that refuse, hang, redirect, reset or are away for days (AC-90, 93, 94)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from standardwebhooks import Webhook

from cloud.app import create_app
from cloud.app.services import Services
from cloud.kit.addresses import Addresses
from cloud.kit.clock import Clock
from cloud.kit.outbound import GuardedTransport
from cloud.kit.settings import CloudSettings
from cloud.webhooks.delivery import MAX_ANSWER_BYTES, Courier
from cloud.webhooks.models import Delivery
from cloud.webhooks.signing import SigningKey
from tests.fakes.webhook_receiver import Answer, a_receiver
from tests.integration.cloud.builders import (
    NOON,
    Caller,
    CloudInTest,
    FakeClock,
    a_finding,
)


async def _the_webhook(caller: Caller, **wanted: Any) -> dict[str, Any]:
    """Return the only webhook, once its fields are as wanted."""
    for _ in range(200):
        [found] = (await caller.get("/webhooks"))["items"]
        if all((found[name] is not None) is there for name, there in wanted.items()):
            break
        await asyncio.sleep(0.05)
    webhook: dict[str, Any] = found
    return webhook


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> CloudSettings:
    """Give settings with short pauses; a test's parameter is the time-out of attempts, in s."""
    return CloudSettings.model_validate(
        {
            "data_dir": tmp_path,
            "webhook_pauses_s": (0.2,) * 8 + (60,),
            "webhook_timeout_s": getattr(request, "param", 1.5),
            "webhook_allowed_networks": ["127.0.0.0/8"],
        }
    )


async def test_whatever_a_receiver_does_id_and_body_stay_and_the_time_is_fresh(
    working: CloudInTest,
) -> None:
    utility = await working.utility()
    redirect = Answer(status=302, headers="Location: /elsewhere\r\n")
    limit = Answer(status=429, headers="Retry-After: 1\r\n")
    hang, reset = Answer(delay_s=20), Answer(resets=True)
    async with a_receiver(500, hang, redirect, limit, reset, 503) as receiver:
        made = await utility.post("/webhooks", {"url": receiver.url})
        await working.gateway.send(a_finding())
        await receiver.until_got(7)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    times_s = [int(headers["webhook-timestamp"]) for headers, _ in receiver.got]
    assert times_s == sorted(times_s)
    assert times_s[4] >= times_s[3] + 1  # the receiver asked for a second
    for headers, body in receiver.got:
        Webhook(made["secret"]).verify(body, headers)
    await _the_webhook(utility, failing_since=False)
    attempts = (await utility.get(f"/webhooks/{made['webhook_id']}/attempts"))["items"]
    assert [one["status"] for one in attempts] == [200, 503, None, 429, 302, None, 500]
    assert attempts[5]["outcome"] == "no answer within 1.5 s"


async def test_410_disables_a_webhook_and_enabled_it_goes_on_where_it_stopped(
    working: CloudInTest,
) -> None:
    utility = await working.utility()
    async with a_receiver(410) as receiver:
        made = await utility.post("/webhooks", {"url": receiver.url})
        path = f"/webhooks/{made['webhook_id']}"
        await working.gateway.send(a_finding())
        found = await _the_webhook(utility, disabled_at=True)
        assert found["disabled_because"] == "The receiver answered 410 Gone."
        assert (await utility.ask("POST", f"{path}/test")).status_code == 409
        await working.tell_webhooks(1)
        await asyncio.sleep(0.7)
        assert len(receiver.got) == 1
        await utility.ask("PATCH", path, json={"enabled": True})
        await receiver.until_got(2)
        await _the_webhook(utility, failing_since=False)
        missed = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
        answer = await utility.ask("POST", f"{path}/replay", json=missed)
        assert answer.json()["queued"] == 1
        await receiver.until_got(3)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2


@pytest.mark.parametrize("settings", [30], indirect=True)
async def test_a_receiver_that_hangs_holds_nobody_else_up(working: CloudInTest) -> None:
    utility = await working.utility()
    async with (
        a_receiver(otherwise=lambda _: Answer(delay_s=60)) as hanging,
        a_receiver() as healthy,
    ):
        for _ in range(10):
            await utility.post("/webhooks", {"url": hanging.url})
        await utility.post("/webhooks", {"url": healthy.url})
        await working.tell_webhooks(20)
        await healthy.until_got(20, within_s=20)  # before the first of those that hang is let go
        assert len(hanging.got) > 0


async def test_a_dead_receiver_is_asked_by_one_message_at_a_time(working: CloudInTest) -> None:
    utility = await working.utility()
    async with a_receiver(otherwise=lambda _: Answer(status=500)) as dead:
        await utility.post("/webhooks", {"url": dead.url})
        await working.tell_webhooks(40)
        await dead.until_got(8)
        await asyncio.sleep(2)
    assert len(dead.got) <= 30  # 8 abreast at first, then one in each pause


async def test_an_answer_is_read_no_further_than_it_is_shown(working: CloudInTest) -> None:
    utility = await working.utility()
    async with a_receiver(Answer(status=500, body="Ж\x00" * 500_000)) as receiver:
        made = await utility.post("/webhooks", {"url": receiver.url})
        await utility.ask("POST", f"/webhooks/{made['webhook_id']}/test")
        await receiver.until_got(2)
    attempts = (await utility.get(f"/webhooks/{made['webhook_id']}/attempts"))["items"]
    assert attempts[-1]["answer"].startswith("Ж Ж")
    assert len(attempts[-1]["answer"]) <= MAX_ANSWER_BYTES


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1"])
async def test_a_name_that_leads_inwards_is_refused_at_the_attempt(address: str) -> None:
    async def resolve(*_: object) -> Sequence[str]:
        return ["93.184.216.34", address]

    transport = GuardedTransport(Addresses(), resolve=resolve)
    async with httpx.AsyncClient(transport=transport) as client:
        delivery = Delivery(
            delivery_id=1,
            webhook_id="wh_1",
            message_id="msg_1",
            body="{}",
            attempts=0,
            queued_at=NOON,
        )
        courier = Courier(Clock(), client, 5)
        outcome = await courier.attempt("https://receiver.example/", delivery, [SigningKey.new()])
    assert outcome.status is None
    assert outcome.said.startswith("AddressRefusedError")


class Away:
    """A cloud in virtual time whose receiver is away."""

    def __init__(self, cloud: CloudInTest, utility: Caller) -> None:
        self.cloud = cloud
        self.utility = utility
        self.url = "http://127.0.0.1:9/hook"

    async def let_pass(self, span: timedelta, webhook_id: str) -> int:
        """Let time pass in steps of ten minutes, delivering what is due; return the attempts."""
        made, end = 0, self.cloud.clock.time + span
        while self.cloud.clock.time < end:
            while some := await self.cloud.services.dispatcher.deliver_some(webhook_id):
                made += some
            self.cloud.clock.time += timedelta(minutes=10)
        return made


@pytest_asyncio.fixture
async def away(dsn: str, tmp_path: Path) -> AsyncIterator[Away]:
    settings = CloudSettings.model_validate(
        {"data_dir": tmp_path, "webhook_allowed_networks": ["127.0.0.0/8"]}
    )
    clock = FakeClock()
    async with Services.opened(settings, dsn, clock) as services:
        transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
            cloud = CloudInTest(services, client, clock)
            await cloud.with_a_building()
            yield Away(cloud, await cloud.utility())


async def test_after_five_days_away_a_replay_delivers_each_message_once(
    away: Away, dsn: str
) -> None:
    """AC-94."""
    cloud, utility = away.cloud, away.utility
    made = await utility.post("/webhooks", {"url": away.url})
    path, webhook_id = f"/webhooks/{made['webhook_id']}", made["webhook_id"]
    begun: datetime = cloud.clock.time
    attempts = 0
    for _ in range(12):
        await cloud.tell_webhooks(1)
        attempts += await away.let_pass(timedelta(hours=12), webhook_id)
    assert 50 < attempts < 240  # every half an hour at most, once it is known to be away
    [found] = (await utility.get("/webhooks"))["items"]
    assert found["disabled_because"].startswith("It has taken no message since 2026-11-21 12:00")
    states = [one["state"] for one in (await utility.get(f"{path}/deliveries"))["items"]]
    assert states.count("given_up") >= 3
    with psycopg.connect(dsn) as connection:
        told = connection.execute(
            "select count(*) from audit_log where action = 'webhook.disabled'"
        ).fetchone()
        letters = connection.execute(
            "select args ->> 'what' from procrastinate_jobs"
            " where task_name = 'webhooks.tell_owner' order by id"
        ).fetchall()
    assert told == (1,)
    assert letters == [("failing",), ("disabled",)]

    async with a_receiver() as receiver:
        await utility.ask("PATCH", path, json={"enabled": True, "url": receiver.url})
        cloud.clock.time += timedelta(minutes=1)  # nothing may be under way any more
        missed = {"since": begun.isoformat(), "until": cloud.clock.time.isoformat()}
        for _ in range(2):
            assert (await utility.ask("POST", f"{path}/replay", json=missed)).status_code == 202
            while await cloud.services.dispatcher.deliver_some(webhook_id):
                pass
    assert len(receiver.got) == len({headers["webhook-id"] for headers, _ in receiver.got}) == 12


async def test_a_message_is_given_up_no_sooner_than_after_three_days(away: Away) -> None:
    cloud, utility = away.cloud, away.utility
    made = await utility.post("/webhooks", {"url": away.url})
    await cloud.gateway.send(a_finding())
    await away.let_pass(timedelta(hours=72), made["webhook_id"])
    [one] = (await utility.get(f"/webhooks/{made['webhook_id']}/deliveries"))["items"]
    assert one["state"] == "pending"
    await away.let_pass(timedelta(hours=24), made["webhook_id"])
    [one] = (await utility.get(f"/webhooks/{made['webhook_id']}/deliveries"))["items"]
    assert (one["state"], one["attempts"]) == ("given_up", 10)
