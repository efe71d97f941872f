# SPDX-License-Identifier: EUPL-1.2
"""A block is stored whole or telegram by telegram; either way each telegram is there once."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.kit.database import rows
from tests.integration.cloud.builders import (
    COLD,
    NOON,
    CloudInTest,
    a_telegram,
    an_event,
    blocks_of,
    unix,
)
from tests.timescaledb import on_both_engines
from wire import fields, quality

pytestmark = on_both_engines

HOT, FLOW = "9-0:1.0.0", "8-0:2.0.0"


def telegrams(first: int, last: int, **others: Any) -> list[dict[str, Any]]:
    """Return telegrams of one boot, a minute apart."""
    return [
        a_telegram(n, **{"at": NOON - timedelta(hours=9) + timedelta(minutes=n), **others})
        for n in range(first, last + 1)
    ]


async def stored(cloud: CloudInTest) -> list[tuple[Any, ...]]:
    """Return (node, OBIS code, boot, sequence, register) of all readings there are."""
    async with cloud.services.database.transaction() as connection:
        found = await rows(
            connection,
            "select node_id, obis, boot, sequence, register from readings"
            " join channels using (channel_id) order by 1, 2, 3, 4",
        )
    return [tuple(fields.values()) for fields in found]


async def stale(cloud: CloudInTest) -> list[tuple[str, int, int]]:
    """Return (OBIS code, since, until) of the marks there are, and take them away."""
    async with cloud.services.database.transaction() as connection:
        found = await rows(
            connection,
            "with taken as (delete from stale_usage returning *) select obis,"
            " extract(epoch from since)::bigint, extract(epoch from until)::bigint as until"
            " from taken join channels using (channel_id) order by mark_id",
        )
    return [tuple(fields.values()) for fields in found]  # type: ignore[misc]


async def test_a_block_becomes_readings(cloud: CloudInTest) -> None:
    sent = telegrams(1, 30, registers={COLD: 7, HOT: 8})
    word = await cloud.gateway.send(blocks=blocks_of(*sent))
    assert (word["committed"], word["stored"], word["quarantined"]) == (30, 30, [])
    assert await stored(cloud) == [
        ("n-one", code, 1, n, register)
        for code, register in ((COLD, 7), (HOT, 8))
        for n in range(1, 31)
    ]
    ledger = await cloud.operator.all("/telegrams", node_id="n-one")
    alone = await _ledger_of_entries(cloud, sent)
    assert [{**row, "stored_at": ""} for row in ledger] == [
        {**row, "node_id": "n-one", "stored_at": ""} for row in alone
    ]


async def _ledger_of_entries(
    cloud: CloudInTest, sent: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the ledger of another building whose gateway sends the same as entries."""
    two = await cloud.register("two")
    await two.send(
        *({**one, "body": {**one["body"], "id": "n-two"}} for one in sent), gateway="gw-two"
    )
    return await cloud.operator.all("/telegrams", node_id="n-two")


async def test_a_block_sent_again_is_repeated(cloud: CloudInTest) -> None:
    blocks = blocks_of(*telegrams(1, 30))
    await cloud.gateway.send(blocks=blocks)
    word = await cloud.gateway.send(blocks=blocks)
    assert (word["committed"], word["stored"], word["repeated"]) == (30, 0, 30)
    assert len(await stored(cloud)) == 30


async def test_of_a_block_that_is_known_in_part_the_rest_is_stored(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram(999), blocks=blocks_of(*telegrams(10, 19)))
    word = await cloud.gateway.send(blocks=blocks_of(*telegrams(5, 24)))
    assert (word["stored"], word["repeated"]) == (10, 10)
    assert [row[3] for row in await stored(cloud)] == [*range(5, 25), 999]


async def test_the_same_key_with_other_content_stays_as_it_was_first(cloud: CloudInTest) -> None:
    """AC-12, in a block: also a time or a set of registers that is not the first one's."""
    await cloud.gateway.send(blocks=blocks_of(*telegrams(1, 9)))
    before = await stored(cloud)
    other = telegrams(1, 10)
    other[2]["body"]["reg"] = {COLD: 1}
    other[3]["body"]["reg"] = {COLD: 4000, HOT: 1}
    other[4] = a_telegram(5, at=NOON)
    word = await cloud.gateway.send(blocks=blocks_of(*other))
    assert word["quarantined"] == [{"n": n, "reason": "conflict"} for n in (3, 5, 4)]
    assert (word["stored"], word["repeated"], word["committed"]) == (1, 6, 10)
    assert await stored(cloud) == [*before, ("n-one", COLD, 1, 10, 10_000)]
    held = await cloud.operator.all("/quarantine")
    assert {json.loads(one["entry"])["body"]["seq"] for one in held} == {3, 4, 5}
    findings = await cloud.operator.all("/findings")
    assert {(one["kind"], one["sequence"]) for one in findings} == {
        ("conflict", n) for n in (3, 4, 5)
    }


async def test_a_time_that_was_worked_out_anew_is_no_other_content(cloud: CloudInTest) -> None:
    told = [a_telegram(n, at=NOON + timedelta(seconds=n)) for n in (1, 2)]
    again = [a_telegram(n, at=NOON + timedelta(minutes=n)) for n in (1, 2)]
    for entry in told + again:
        entry["quality"] = quality.RECONSTRUCTED
        entry["body"] |= {"t": 5, "tq": 1, "reg": {COLD: entry["n"]}}
    await cloud.gateway.send(blocks=blocks_of(*told))
    word = await cloud.gateway.send(blocks=blocks_of(*again))
    assert (word["repeated"], word["quarantined"]) == (2, [])
    again[1]["body"]["reg"] = {COLD: 3}
    word = await cloud.gateway.send(blocks=blocks_of(*again))
    assert (word["repeated"], [one["n"] for one in word["quarantined"]]) == (1, [2])


async def test_what_is_gone_by_retention_is_known_all_the_same(cloud: CloudInTest) -> None:
    blocks = blocks_of(*telegrams(1, 5))
    await cloud.gateway.send(blocks=blocks)
    async with cloud.services.database.transaction() as connection:
        await rows(connection, "delete from readings returning 1")
    word = await cloud.gateway.send(blocks=blocks)
    assert (word["repeated"], word["stored"]) == (5, 0)
    assert await stored(cloud) == []


async def test_one_key_twice_in_a_batch_is_stored_once(cloud: CloudInTest) -> None:
    """Within a block, in two blocks, in a block and an entry, and as an event."""
    one, other = a_telegram(1), a_telegram(1, registers={COLD: 1, HOT: 1})
    twice = blocks_of(one, {**one, "n": 2})
    two_blocks = blocks_of(a_telegram(3), other)
    word = await cloud.gateway.send(
        {**a_telegram(3), "n": 4}, {**an_event(3), "n": 5}, blocks=[*twice, *two_blocks]
    )
    assert (word["stored"], word["repeated"], word["committed"]) == (2, 2, 5)
    assert {(one["n"], one["reason"]) for one in word["quarantined"]} == {
        (1, "conflict"),
        (5, "conflict"),
    }
    assert await stored(cloud) == [("n-one", COLD, 1, 1, 1000), ("n-one", COLD, 1, 3, 3000)]


async def test_one_cell_that_can_not_be_costs_its_telegram_alone(cloud: CloudInTest) -> None:
    [block] = blocks_of(*telegrams(1, 8))
    [good] = blocks_of(*telegrams(9, 12, boot=2))
    block["seq"][1] = True
    block["reg"][0][2] = 3.5
    block["read_at_s"][3] = unix(NOON + timedelta(days=2))
    block["quality"][4] = 2**70
    block["tq"][5] = "\ud800"
    block["boot"] = 1
    word = (
        await cloud.gateway.ask(
            "POST",
            "/ingest/batches",
            content=json.dumps(
                {"ver": 1, "gateway": "gw-one", "store": "s", "blocks": [block, good]}
            ).encode(),
        )
    ).json()
    assert {(one["n"], one["reason"]) for one in word["quarantined"]} == {
        (2, "undecodable"),
        (3, "undecodable"),
        (4, "read-at-implausible"),
        (5, "malformed-entry"),
        (6, "undecodable"),
    }
    assert (word["stored"], word["committed"]) == (7, 12)
    assert {row[2:4] for row in await stored(cloud)} == {
        *((1, n) for n in (1, 7, 8)),
        *((2, n) for n in range(9, 13)),
    }


async def test_a_block_that_is_no_rectangle_is_kept_whole(cloud: CloudInTest) -> None:
    [block] = blocks_of(*telegrams(1, 3000))
    block["reg"][0].pop()
    word = await cloud.gateway.send(an_event(9999), blocks=[block])
    assert word["quarantined"] == [{"n": 3000, "reason": "malformed-entry"}]
    assert (word["stored"], word["committed"]) == (1, 9999)
    [held] = await cloud.operator.all("/quarantine")
    assert json.loads(held["entry"]) == block


async def test_a_block_of_a_node_that_is_not_known_is_taken_in_once_it_is(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    blocks = blocks_of(*telegrams(1, 3, node="n-new"), *telegrams(4, 5, node="n-two"))
    word = await cloud.gateway.send(blocks=[*blocks, *blocks_of(a_telegram(6))])
    assert [one["reason"] for one in word["quarantined"]] == [
        *["unknown-node"] * 3,
        *["not-your-node"] * 2,
    ]
    await cloud.operator.put("/nodes/n-new", {"gateway_id": "gw-one", "board": "esp32"})
    await cloud.operator.put("/nodes/n-two", {"gateway_id": "gw-one", "board": "esp32"})
    assert [row[0] for row in await stored(cloud)] == ["n-new"] * 3 + ["n-one"] + ["n-two"] * 2


async def test_more_telegrams_than_a_batch_may_hold_are_too_many(cloud: CloudInTest) -> None:
    blocks = blocks_of(*(a_telegram(n) for n in range(1, 2502)))
    answer = await cloud.gateway.ask(
        "POST",
        "/ingest/batches",
        json={"ver": 1, "gateway": "gw-one", "store": "s", "blocks": blocks * 2},
    )
    assert answer.status_code == 413


async def test_the_highest_sequence_boot_and_register_are_stored(cloud: CloudInTest) -> None:
    highest = a_telegram(1, boot=fields.MAX_BOOT, registers={COLD: fields.MAX_REGISTER})
    highest["body"]["seq"] = fields.MAX_SEQUENCE
    for _ in range(2):
        await cloud.gateway.send(blocks=blocks_of(highest))
    assert await stored(cloud) == [
        ("n-one", COLD, fields.MAX_BOOT, fields.MAX_SEQUENCE, fields.MAX_REGISTER)
    ]


async def test_each_register_is_marked_for_review_once_over_what_came(cloud: CloudInTest) -> None:
    start = NOON - timedelta(hours=9)
    at = {n: unix(start + timedelta(minutes=n)) for n in range(100)}
    both = {COLD: 1, HOT: 2, FLOW: 3}
    await stale(cloud)  # what registering the meter has marked
    await cloud.gateway.send(blocks=blocks_of(*telegrams(5, 9, registers=both), *telegrams(20, 40)))
    assert sorted(await stale(cloud)) == [(COLD, at[5], at[40]), (HOT, at[5], at[9])]
    await cloud.gateway.send(blocks=blocks_of(*telegrams(5, 9, registers=both)))
    assert await stale(cloud) == []  # what is repeated changes nothing
    await cloud.gateway.send(*telegrams(9, 12, registers=both))
    assert sorted(await stale(cloud)) == [(COLD, at[10], at[12]), (HOT, at[10], at[12])]


async def test_the_app_shows_the_newest_register_whatever_comes_later(cloud: CloudInTest) -> None:
    late, early = telegrams(31, 60, registers={COLD: 9, FLOW: 3}), telegrams(1, 30)
    for blocks in (blocks_of(*late), blocks_of(*early)):
        await cloud.gateway.send(blocks=blocks)
    [point] = (await cloud.operator.get("/premises/p-one"))["service_points"]
    assert (point["register"], point["quality"]) == (9, [])
    assert datetime.fromisoformat(point["read_at"]) == datetime.fromtimestamp(
        late[-1]["read_at_s"], UTC
    )
    rate = point["instantaneous"]
    assert (rate["reading_type"], rate["unit"], rate["reading"]) == ("cold_water_flow", "l/h", 3)


async def test_readings_of_decades_find_their_place(cloud: CloudInTest) -> None:
    far_apart = [a_telegram(n, at=datetime(2000 + n, 7, 1, tzinfo=UTC)) for n in range(27)[1:]]
    word = await cloud.gateway.send(far_apart[0], blocks=blocks_of(*far_apart[1:]))
    assert (word["stored"], len(await stored(cloud))) == (26, 26)


async def test_any_order_and_number_of_deliveries_stores_each_telegram_once(
    cloud: CloudInTest,
) -> None:
    """AC-10: each message one to five times, shuffled over a week, in blocks and as entries."""
    chance = random.Random(10)  # noqa: S311 - reproducible, not secret
    sent = [
        a_telegram(n, boot=boot, at=NOON - timedelta(days=9) + timedelta(hours=n), registers=told)
        for boot in (1, 2)
        for n in range(1, 201)
        for told in [{COLD: 1000 * boot + n} if n % 3 else {COLD: n, HOT: n}]
    ]
    waiting = [entry for entry in sent for _ in range(chance.randint(1, 5))]
    waiting.sort(key=lambda entry: entry["n"] + chance.uniform(0, 7 * 24))
    new = repeated = 0
    while waiting:
        size = chance.randint(1, 150)
        chunk, waiting = waiting[:size], waiting[size:]
        in_blocks = chance.randint(0, len(chunk))
        word = await cloud.gateway.send(*chunk[in_blocks:], blocks=blocks_of(*chunk[:in_blocks]))
        assert word["quarantined"] == []
        new, repeated = new + word["stored"], repeated + word["repeated"]
    assert (new, repeated > 400) == (400, True)
    assert await stored(cloud) == sorted(
        ("n-one", code, entry["body"]["boot"], entry["n"], register)
        for entry in sent
        for code, register in entry["body"]["reg"].items()
    )


@pytest.mark.parametrize("page", [1, 7, 1000])
async def test_the_ledger_is_told_in_order_of_time_page_by_page(
    cloud: CloudInTest, page: int
) -> None:
    sent = [
        a_telegram(n, at=NOON - timedelta(minutes=n % 5), registers={COLD: n, HOT: n})
        if n % 3
        else an_event(n, at=NOON - timedelta(minutes=n % 5))
        for n in range(1, 31)
    ]
    await cloud.gateway.send(*sent)
    ledger = await cloud.operator.all("/telegrams", node_id="n-one", limit=page)
    assert [(row["sequence"], row["kind"], row["registers"]) for row in ledger] == [
        (entry["n"], entry["kind"], entry["body"].get("reg"))
        for entry in sorted(sent, key=lambda entry: (entry["read_at_s"], entry["n"]))
    ]
