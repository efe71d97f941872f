# SPDX-License-Identifier: EUPL-1.2
"""AC-120: any body on the ingest route is answered without a fault, and what is good is kept."""

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.cloud.builders import (
    CloudInTest,
    a_finding,
    a_telegram,
    an_event,
    blocks_of,
)
from wire import batch
from wire.block import COLUMNS, columns
from wire.errors import WireError

FIELDS = (
    *("n", "kind", "body", "read_at_s", "quality", "received_at_ms", "ver", "id", "seq", "boot"),
    *("t", "tq", "reg", "detail", "event", "finding_id", "obis", "explanation", "raised_at_s"),
    *("state", "node_id", "volume_l", "confidence"),
)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**63), 2**64)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["n-one", "gw-one", "8-0:1.0.0", "telegram", "\0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec=None), max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


def _mutated(entry: dict[str, Any], where: str, content: Any, *, deep: bool) -> dict[str, Any]:
    if deep:
        return {**entry, "body": {**entry["body"], where: content}}
    return {**entry, where: content}


entries = st.one_of(
    anything,
    st.builds(
        _mutated,
        st.sampled_from([a_telegram(1), an_event(2), a_finding(3)]),
        st.sampled_from(FIELDS),
        anything,
        deep=st.booleans(),
    ),
)


async def test_any_entries_are_answered_and_a_good_one_among_them_is_kept(
    cloud: CloudInTest,
) -> None:
    sequence = 1000

    async def check(broken: list[Any]) -> None:
        nonlocal sequence
        sequence += 1
        good = a_telegram(sequence, boot=77)
        body = json.dumps(batch.request("gw-one", "s", [*broken, good])).encode()
        answer = await cloud.gateway.ask("POST", "/ingest/batches", content=body)
        assert answer.status_code == 200, answer.text
        word = answer.json()
        assert word["stored"] >= 1
        assert word["committed"] >= sequence
        found = await cloud.operator.ask("GET", "/quarantine")
        assert found.status_code == 200

    await _explore(check, st.lists(entries, max_size=4))
    ledger = await cloud.operator.all("/telegrams", node_id="n-one")
    stored = {row["sequence"] for row in ledger if row["boot"] == 77}
    assert stored == set(range(1001, sequence + 1))


def _with_cell(block: dict[str, Any], name: str, place: int, content: Any) -> dict[str, Any]:
    """Return a block of which one cell, or one register's first, is something else."""
    column = block[name]
    if name == "reg":
        column = [[content, *column[0][1:]], *column[1:]]
    else:
        column = [content if place == at else cell for at, cell in enumerate(column)]
    return {**block, name: column}


[BLOCK] = blocks_of(*(a_telegram(n) for n in range(1, 4)))
blocks = st.one_of(
    anything,
    st.builds(
        lambda name, content: {**BLOCK, name: content}, st.sampled_from(sorted(BLOCK)), anything
    ),
    st.builds(
        _with_cell,
        st.just(BLOCK),
        st.sampled_from([*COLUMNS, "obis", "reg"]),
        st.integers(0, 2),
        anything,
    ),
)


async def test_any_blocks_are_answered_and_every_telegram_is_accounted_for(
    cloud: CloudInTest,
) -> None:
    sequence = 1000

    async def check(broken: list[Any]) -> None:
        nonlocal sequence
        sequence += 2
        good, alone = a_telegram(sequence, boot=77), a_telegram(sequence + 1, boot=77)
        request = batch.request("gw-one", "s", [alone], [*broken, *blocks_of(good)])
        answer = await cloud.gateway.ask(
            "POST", "/ingest/batches", content=json.dumps(request).encode()
        )
        assert answer.status_code == 200, answer.text
        word = answer.json()
        assert word["committed"] > sequence
        told = sum(map(_telegrams, broken)) + 2
        assert word["stored"] + word["repeated"] + len(word["quarantined"]) == told

    await _explore(check, st.lists(blocks, max_size=4))
    ledger = await cloud.operator.all("/telegrams", node_id="n-one")
    stored = {row["sequence"] for row in ledger if row["boot"] == 77}
    assert stored == set(range(1002, sequence + 2))


def _telegrams(block: Any) -> int:
    """Return how many telegrams a block holds; as one counts what has no columns."""
    try:
        return len(columns(block)[0]["n"])
    except WireError:
        return 1


async def test_any_body_is_answered_without_a_fault(cloud: CloudInTest) -> None:
    async def check(body: bytes) -> None:
        for encoding in ("identity", "gzip", "zstd"):
            answer = await cloud.gateway.ask(
                "POST", "/ingest/batches", content=body, headers={"Content-Encoding": encoding}
            )
            assert 400 <= answer.status_code < 500
            assert answer.headers["content-type"] == "application/problem+json"

    shaped = st.dictionaries(
        st.sampled_from(["ver", "gateway", "store", "entries", "blocks"]), anything
    )
    await _explore(
        check, st.binary(max_size=200) | shaped.map(lambda one: json.dumps(one).encode())
    )


async def _explore(check: Any, strategy: Any) -> None:
    """Run an async check under hypothesis: the examples are drawn in a thread, asked for here."""
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=120,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def explore(example: Any) -> None:
        asyncio.run_coroutine_threadsafe(check(example), loop).result(30)

    await asyncio.to_thread(explore)
