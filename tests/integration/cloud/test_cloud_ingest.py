# SPDX-License-Identifier: EUPL-1.2
"""A batch is stored once, whatever happens to it on the way."""

import gzip
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import zstandard

from cloud.readings import ingest
from cloud.readings.batches import MAX_BODY_BYTES
from tests.integration.cloud.builders import (
    COLD,
    NOON,
    CloudInTest,
    a_finding,
    a_telegram,
    an_event,
)
from wire import batch


async def test_a_batch_is_committed_up_to_its_last_number(cloud: CloudInTest) -> None:
    word = await cloud.gateway.send(*[a_telegram(n) for n in range(1, 11)])
    assert batch.committed(word) == 10
    assert word["stored"] == 10
    ledger = await cloud.operator.all("/telegrams", node_id="n-one")
    assert [row["sequence"] for row in ledger] == list(range(1, 11))
    assert ledger[0]["registers"] == {COLD: 1000}


async def test_a_repeated_batch_is_acknowledged_and_stored_once(cloud: CloudInTest) -> None:
    entries = [a_telegram(n) for n in range(1, 6)]
    await cloud.gateway.send(*entries)
    word = await cloud.gateway.send(*entries)
    assert (word["committed"], word["stored"], word["repeated"]) == (5, 0, 5)
    assert len(await cloud.operator.all("/telegrams", node_id="n-one")) == 5


async def test_the_ledger_can_be_read_without_what_was_imported(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram(1, boot=0), a_telegram(2, boot=1), a_telegram(3, boot=2))
    ledger = await cloud.operator.all("/telegrams", node_id="n-one", first_boot=1)
    assert [row["boot"] for row in ledger] == [1, 2]


async def test_events_share_the_ledger_with_telegrams(cloud: CloudInTest) -> None:
    await cloud.gateway.send(an_event(1), a_telegram(2))
    assert [row["kind"] for row in await cloud.operator.all("/telegrams", node_id="n-one")] == [
        "event",
        "telegram",
    ]


async def test_other_content_under_a_known_key_is_quarantined_and_found(
    cloud: CloudInTest,
) -> None:
    await cloud.gateway.send(a_telegram(1, registers={COLD: 5}))
    word = await cloud.gateway.send(a_telegram(1, registers={COLD: 6}), a_telegram(2))
    assert word["quarantined"] == [{"n": 1, "reason": "conflict"}]
    assert (word["committed"], word["stored"]) == (2, 1)
    assert (await cloud.operator.all("/telegrams", node_id="n-one"))[0]["registers"] == {COLD: 5}
    [finding] = await cloud.operator.all("/findings")
    assert (finding["kind"], finding["node_id"], finding["sequence"]) == ("conflict", "n-one", 1)
    [held] = await cloud.operator.all("/quarantine")
    assert json.loads(held["entry"])["body"]["reg"] == {COLD: 6}


async def test_a_conflict_within_one_batch_keeps_the_first(cloud: CloudInTest) -> None:
    word = await cloud.gateway.send(
        a_telegram(1, registers={COLD: 5}), a_telegram(1, registers={COLD: 6})
    )
    assert (word["stored"], len(word["quarantined"])) == (1, 1)


async def test_a_conflict_sent_again_is_found_once(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram(1, registers={COLD: 5}))
    for _ in range(3):
        await cloud.gateway.send(a_telegram(1, registers={COLD: 6}))
    assert len(await cloud.operator.all("/findings")) == 1
    assert len(await cloud.operator.all("/quarantine")) == 1


async def test_a_gateway_can_only_speak_for_its_own_nodes(cloud: CloudInTest) -> None:
    await cloud.register("two")
    word = await cloud.gateway.send(a_telegram(1, node="n-two"), a_telegram(2))
    assert word["quarantined"] == [{"n": 1, "reason": "not-your-node"}]
    assert word["stored"] == 1


async def test_a_gateway_can_not_post_as_another(cloud: CloudInTest) -> None:
    answer = await cloud.gateway.ask(
        "POST", "/ingest/batches", json=batch.request("gw-two", "s", [a_telegram()])
    )
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_an_unknown_node_sent_is_taken_in_once_it_is_registered(
    cloud: CloudInTest,
) -> None:
    word = await cloud.gateway.send(a_telegram(1, node="n-new"), a_telegram(2, node="n-new"))
    assert {one["reason"] for one in word["quarantined"]} == {"unknown-node"}
    await cloud.operator.put("/nodes/n-new", {"gateway_id": "gw-one", "board": "esp32"})
    assert len(await cloud.operator.all("/telegrams", node_id="n-new")) == 2
    assert all(held["replayed_at"] for held in await cloud.operator.all("/quarantine"))


async def test_one_entry_that_still_waits_does_not_keep_the_later_ones_waiting(
    cloud: CloudInTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "REPLAY_AT_ONCE", 5)
    await cloud.gateway.send(a_finding(1, node_id="n-new"))  # of a channel nobody has recorded
    await cloud.gateway.send(*(a_telegram(number, node="n-new") for number in range(2, 20)))
    await cloud.operator.put("/nodes/n-new", {"gateway_id": "gw-one", "board": "esp32"})
    assert len(await cloud.operator.all("/telegrams", node_id="n-new")) == 18


async def test_registers_sent_before_the_meter_was_recorded_become_its_readings(
    cloud: CloudInTest,
) -> None:
    hot = "9-0:1.0.0"
    await cloud.gateway.send(
        *[
            a_telegram(n, at=NOON + timedelta(minutes=n), registers={COLD: n, hot: 10 * n})
            for n in range(1, 4)
        ]
    )
    await cloud.operator.put(
        "/service-points/sp-hot",
        {
            "premises_id": "p-one",
            "name": {"bg": "Топла", "en": "Hot"},
            "reading_type": "hot_water",
        },
    )
    await cloud.operator.put("/meters/m-hot", {"serial": "9", "make": "Zenner", "model": "ETW"})
    await cloud.operator.put(
        "/installations/sp-hot",
        {
            "meter_id": "m-hot",
            "node_id": "n-one",
            "obis": hot,
            "installed_at": (NOON + timedelta(minutes=2)).isoformat(),
        },
    )
    readings = await cloud.operator.all("/service-points/sp-hot/readings")
    assert [one["register"] for one in readings] == [20, 30]


async def test_times_that_can_not_be_are_quarantined(cloud: CloudInTest) -> None:
    word = await cloud.gateway.send(
        a_telegram(1, at=NOON.replace(year=1999)),
        a_telegram(2, at=NOON + timedelta(days=2)),
        a_telegram(3, at=NOON + timedelta(hours=23)),
    )
    assert word["quarantined"] == [
        {"n": 1, "reason": "read-at-implausible"},
        {"n": 2, "reason": "read-at-implausible"},
    ]
    assert (word["stored"], word["committed"]) == (1, 3)


async def test_one_entry_that_makes_no_sense_does_not_hold_up_the_others(
    cloud: CloudInTest,
) -> None:
    broken: list[Any] = [
        None,
        {"n": 2},
        {**a_telegram(3), "body": {"reg": "\ud800\0"}},
        {**a_telegram(4), "kind": "song"},
        {**a_finding(5), "body": {}},
    ]
    answer = await cloud.gateway.ask(
        "POST",
        "/ingest/batches",
        content=json.dumps(batch.request("gw-one", "s", [*broken, a_telegram(6)])).encode(),
    )
    word = answer.json()
    assert (word["stored"], word["committed"]) == (1, 6)
    assert [one["n"] for one in word["quarantined"]] == [None, 2, 4, 3, 5]


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("zstd", zstandard.compress)]
)
async def test_compressed_bodies_are_read_and_limited(
    cloud: CloudInTest, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    good = compress(json.dumps(batch.request("gw-one", "s", [a_telegram()])).encode())
    bomb = compress(b" " * (MAX_BODY_BYTES + 1))
    answers = [
        await cloud.gateway.ask(
            "POST", "/ingest/batches", content=body, headers={"Content-Encoding": claimed}
        )
        for body, claimed in (
            (good, encoding),
            (good[:-9], encoding),
            (b"no", encoding),
            (bomb, encoding),
            (good, "br"),
        )
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 400, 413, 415]
    assert answers[-1].headers["accept-encoding"] == "zstd, gzip"


async def test_any_order_and_number_of_deliveries_gives_the_same_figures(
    cloud: CloudInTest,
) -> None:
    """AC-10: each message one to five times, shuffled over a week, in batches of any size."""
    chance = random.Random(10)  # noqa: S311 - reproducible, not secret
    two = await cloud.register("two")
    start = NOON - timedelta(days=40)
    register = 0
    entries: dict[str, list[dict[str, Any]]] = {"n-one": [], "n-two": []}
    for n in range(1, 961):
        register += chance.randrange(0, 4000)
        for node in entries:
            at = start + timedelta(hours=n, minutes=n % 7)
            entries[node].append(a_telegram(n, node=node, at=at, registers={COLD: register}))
    for begin in range(0, 960, 240):
        await cloud.gateway.send(*entries["n-one"][begin : begin + 240])
    repeated = [entry for entry in entries["n-two"] for _ in range(chance.randint(1, 5))]
    repeated.sort(key=lambda entry: entry["n"] + chance.uniform(0, 7 * 24))
    while repeated:
        size = chance.randint(1, 400)
        chunk, repeated = repeated[:size], repeated[size:]
        await two.send(*chunk, gateway="gw-two")
    assert len(await cloud.operator.all("/telegrams", node_id="n-two")) == 960
    for resolution in ("hour", "day", "month"):
        asked = {"resolution": resolution, "from": "2026-10-01", "to": "2026-12-01"}
        in_order = await cloud.operator.get("/service-points/sp-one/usage", **asked)
        shuffled = await cloud.operator.get("/service-points/sp-two/usage", **asked)
        assert shuffled == in_order
        known = [one["usage"] for one in in_order["intervals"] if one["usage"] is not None]
        assert sum(known) == register - entries["n-one"][0]["body"]["reg"][COLD]
