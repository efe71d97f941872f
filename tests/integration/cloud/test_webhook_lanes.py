# SPDX-License-Identifier: EUPL-1.2
"""Lanes of webhooks outlive faults of ours, make room for one another, and know who has moved."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloud.kit import metrics
from cloud.webhooks import dispatch
from cloud.webhooks.delivery import Courier
from cloud.webhooks.models import Delivery, Outcome
from cloud.webhooks.service import Outbox
from cloud.webhooks.signing import SigningKey
from tests.fakes.webhook_receiver import Answer, Request, a_receiver
from tests.integration.cloud.builders import AN_EVENT, Caller, CloudInTest

EVER = {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}


class FaultyCourier(Courier):
    """A courier that fails as no program should, at its first attempt."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self.timeout_s = courier.timeout_s
        self._faults = 1

    async def attempt(self, url: str, delivery: Delivery, keys: Sequence[SigningKey]) -> Outcome:
        self._faults -= 1
        if self._faults >= 0:
            raise KeyError("nobody thought of it")
        return await self._courier.attempt(url, delivery, keys)


def _faults() -> float:
    return (
        metrics.REGISTRY.get_sample_value("iskar_webhook_attempts_total", {"outcome": "fault"}) or 0
    )


async def _added(caller: Caller, url: str, **wishes: Any) -> str:
    return str((await caller.post("/webhooks", {"url": url, **wishes}))["webhook_id"])


async def _tell(cloud: CloudInTest, kind: str, count: int = 1) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        for _ in range(count):
            await Outbox(cloud.clock).publish(connection, replace(AN_EVENT, kind=kind))


async def test_a_fault_of_ours_ends_one_attempt_and_is_counted_and_shown(
    working: CloudInTest,
) -> None:
    utility, dispatcher, before = await working.utility(), working.services.dispatcher, _faults()
    dispatcher._courier = FaultyCourier(dispatcher._courier)
    async with a_receiver() as receiver:
        webhook_id = await _added(utility, receiver.url)
        await working.tell_webhooks(3)
        await receiver.until_got(3)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 3
    assert _faults() == before + 1
    attempts = (await utility.get(f"/webhooks/{webhook_id}/attempts"))["items"]
    assert [one["outcome"] for one in attempts].count("fault of ours: KeyError") == 1


async def test_a_fault_in_one_lane_ends_no_other_and_the_lane_opens_again(
    working: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    utility, before, keys = await working.utility(), _faults(), working.services.dispatcher._keys
    broken, of = set[str](), keys.of

    async def faulty(connection: Any, webhook_id: str, *rest: Any) -> list[SigningKey]:
        if webhook_id in broken:
            broken.discard(webhook_id)
            raise KeyError("nobody thought of it")
        return await of(connection, webhook_id, *rest)

    monkeypatch.setattr(keys, "of", faulty)
    monkeypatch.setattr(dispatch, "FAULT_PAUSE_S", 0.1)
    async with a_receiver() as one, a_receiver() as other:
        broken.add(await _added(utility, one.url))
        await _added(utility, other.url)
        await working.tell_webhooks(1)
        await other.until_got(1)
        await one.until_got(1)
    assert _faults() == before + 1


async def test_where_lanes_are_scarce_a_busy_webhook_makes_room_for_those_that_wait(
    working: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MAX_LANES", 1)
    monkeypatch.setattr(dispatch, "POLL_S", 0.05)
    utility = await working.utility()

    def slow(_: Request) -> Answer:
        return Answer(delay_s=0.1)

    async with a_receiver(otherwise=slow) as busy, a_receiver() as quiet:
        await _added(utility, busy.url, kinds=["burst"])
        await _added(utility, quiet.url, kinds=["gas_flow"])
        await _tell(working, "burst", 200)
        await busy.until_got(1)
        await _tell(working, "gas_flow")
        await quiet.until_got(1)
        assert len(busy.got) < 150


async def test_those_that_wait_longest_come_first(
    cloud: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    utility, dispatcher, opened = await cloud.utility(), cloud.services.dispatcher, list[str]()

    async def noted(webhook_id: str) -> None:
        opened.append(webhook_id)

    kinds = ["burst", "gas_flow", "standby"]
    ids = {kind: await _added(utility, "https://one.example/", kinds=[kind]) for kind in kinds}
    for kind in ("standby", "burst", "gas_flow", "standby"):
        await _tell(cloud, kind)
        cloud.clock.time += timedelta(seconds=1)
    monkeypatch.setattr(dispatcher, "_lane", noted)
    async with asyncio.TaskGroup() as group:
        await dispatcher._open_lanes(group)
    assert opened == [ids["standby"], ids["burst"], ids["gas_flow"]]


async def test_a_webhook_that_moves_starts_afresh(cloud: CloudInTest) -> None:
    utility = await cloud.utility()
    async with a_receiver(otherwise=lambda _: Answer(status=500)) as old, a_receiver() as new:
        webhook_id = await _added(utility, old.url)
        await cloud.tell_webhooks(5)
        assert await cloud.services.dispatcher.deliver_some(webhook_id) == 5
        await utility.ask("PATCH", f"/webhooks/{webhook_id}", json={"url": old.url})
        found = await utility.get(f"/webhooks/{webhook_id}")
        assert found["failures"] == 5
        assert found["paused_until"] is not None
        await utility.ask("PATCH", f"/webhooks/{webhook_id}", json={"url": new.url})
        found = await utility.get(f"/webhooks/{webhook_id}")
        told = [found[name] for name in ("failures", "failing_since", "paused_until")]
        assert told == [0, None, None]
        cloud.clock.time += timedelta(seconds=1)
        assert await cloud.services.dispatcher.deliver_some(webhook_id) == 5


async def test_what_the_old_receiver_says_last_is_not_held_against_the_new_one(
    cloud: CloudInTest,
) -> None:
    utility = await cloud.utility()
    async with a_receiver(Answer(status=410, delay_s=0.5)) as old:
        webhook_id = await _added(utility, old.url)
        await cloud.tell_webhooks(1)
        attempt = asyncio.create_task(cloud.services.dispatcher.deliver_some(webhook_id))
        await old.until_got(1)
        new = {"url": "https://elsewhere.example/"}
        await utility.ask("PATCH", f"/webhooks/{webhook_id}", json=new)
        await attempt
    found = await utility.get(f"/webhooks/{webhook_id}")
    assert (found["disabled_at"], found["failures"]) == (None, 0)


async def test_a_replay_leaves_alone_what_is_under_way(cloud: CloudInTest) -> None:
    utility = await cloud.utility()
    dispatcher = cloud.services.dispatcher
    later = Answer(status=503, headers="Retry-After: 600\r\n")
    async with a_receiver(Answer(delay_s=0.5), later) as receiver:
        webhook_id = await _added(utility, receiver.url)
        await cloud.tell_webhooks(1)
        attempt = asyncio.create_task(dispatcher.deliver_some(webhook_id))
        await receiver.until_got(1)
        path = f"/webhooks/{webhook_id}/replay"
        assert (await utility.ask("POST", path, json=EVER)).json() == {"queued": 0}
        assert await attempt == 1
        assert await dispatcher.deliver_some(webhook_id) == 0
        await cloud.tell_webhooks(1)
        assert await dispatcher.deliver_some(webhook_id) == 1
        assert (await utility.ask("POST", path, json=EVER)).json() == {"queued": 1}  # it waits
