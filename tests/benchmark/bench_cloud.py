# SPDX-License-Identifier: EUPL-1.2
"""Readings a second through the cloud's ingest, and what a bare COPY of the same rows makes.

The bodies are those that the forwarders of five gateways make of the backlog of 30 nodes after two
weeks without the cloud, a telegram a minute; they are made beforehand, for that is the gateways'
work. Each is posted over HTTP, unpacked, checked, entered in the ledger, stored as readings, made
current, told of on the live stream and committed with fsync, before its gateway posts the next.
Validation goes on in the same process meanwhile.

In rounds: after each, the rows that came of it are copied, in one binary COPY that lies ready in
memory, into an equal table with equal partitions on the same server. So what else the machine is
doing weighs on both. The last round goes gateway by gateway.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from cloud.kit.embedded_postgres import EmbeddedPostgres
from edge_gateway.forwarder.body import batch_body
from edge_gateway.settings import Settings
from edge_gateway.store.entries import Entry
from simulators.chain import Chain, assembled
from simulators.city import Premises
from simulators.ground import Ground
from simulators.history import History
from simulators.usage import Usage
from tests.benchmark.figures import Figure, Figures
from wire import batch, quality, telegram
from wire.telegram import Telegram

BATCH_TELEGRAMS = Settings.model_fields["batch_entries"].default
BACKLOG_DAYS = 14
BOOT = 1
ROUNDS = 3

Post = tuple[bytes, dict[str, str]]  # body, headers


@dataclass(frozen=True, kw_only=True)
class Round:
    """What was ingested and then copied, and how long either took."""

    rows: int
    ingest_s: float
    copy_s: float


async def measure() -> Figures:
    """Ingest what five gateways hold, and copy what came of it."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        ground = Ground(Path(directory))
        async with assembled(ground) as (chain, _):
            await chain.start_cloud()
            await chain.enrol()
            now_ms = time.time_ns() // 1_000_000
            past = History(chain.city, Usage(chain.city), days=BACKLOG_DAYS, until_ms=now_ms)
            posts = {one.gateway_id: _posts(past, one) for one in chain.city.premises.values()}
            with psycopg.connect(
                EmbeddedPostgres(ground.cloud / "postgres").dsn, autocommit=True
            ) as database:
                rounds = [await _round(chain, _slice(posts, at), database) for at in range(ROUNDS)]
                one_by_one = await _round(chain, _slice(posts, ROUNDS), database, at_once=False)
    ingest_per_s = sum(one.rows for one in rounds) / sum(one.ingest_s for one in rounds)
    copy_per_s = sum(one.rows for one in rounds) / sum(one.copy_s for one in rounds)
    return [
        Figure("ingest_readings_per_s", ingest_per_s, "over HTTP, committed, 5 gateways at once"),
        Figure("copy_readings_per_s", copy_per_s, "binary COPY of the same rows, same server"),
        Figure("ingest_share_of_copy", ingest_per_s / copy_per_s, "of the COPY's speed"),
        Figure(
            "ingest_one_by_one_readings_per_s",
            one_by_one.rows / one_by_one.ingest_s,
            "one gateway at a time",
        ),
        Figure(
            "ingest_one_by_one_share_of_copy",
            one_by_one.copy_s / one_by_one.ingest_s,
            "of the COPY's speed",
        ),
    ]


def _slice(posts: Mapping[str, list[Post]], at: int) -> dict[str, list[Post]]:
    """Return one of ``ROUNDS`` + 1 equal parts of each gateway's posts."""
    return {
        gateway_id: bodies[
            at * len(bodies) // (ROUNDS + 1) : (at + 1) * len(bodies) // (ROUNDS + 1)
        ]
        for gateway_id, bodies in posts.items()
    }


async def _round(
    chain: Chain,
    posts: Mapping[str, Sequence[Post]],
    database: psycopg.Connection,
    *,
    at_once: bool = True,
) -> Round:
    before = database.execute("select clock_timestamp()").fetchone()
    began = time.perf_counter()
    if at_once:
        await asyncio.gather(*(_send(chain, one, posts[one]) for one in posts))
    else:
        for one in posts:
            await _send(chain, one, posts[one])
    ingest_s = time.perf_counter() - began
    rows, copy_s = _copy(database, before)
    return Round(rows=rows, ingest_s=ingest_s, copy_s=copy_s)


def _posts(past: History, premises: Premises) -> list[Post]:
    """Return what a gateway posts once the cloud is back."""
    waiting = _waiting(past, premises)
    posts = []
    while chunk := list(islice(waiting, BATCH_TELEGRAMS)):
        posts.append(batch_body(premises.gateway_id, "bench", chunk))
    return posts


def _waiting(past: History, premises: Premises) -> Iterator[Entry]:
    for number, one in enumerate(_minutes(past, premises), start=1):
        yield Entry(
            number=number,
            kind=batch.TELEGRAM,
            received_at_ms=one.time_s * 1000 + 250,
            read_at_s=one.time_s,
            quality=quality.GOOD,
            body=json.loads(telegram.encode(one)),
        )


def _minutes(past: History, premises: Premises) -> Iterator[Telegram]:
    """Yield a telegram a minute of each node, its registers between those at the hours."""
    hours: dict[str, list[Telegram]] = {}
    for one in past.telegrams_of(premises):
        hours.setdefault(one.node_id, []).append(one)
    for at in range(len(next(iter(hours.values()))) - 1):
        for minute in range(60):
            for node_id, told in hours.items():
                yield Telegram(
                    node_id,
                    BOOT,
                    at * 60 + minute + 1,
                    told[at].time_s + minute * 60,
                    telegram.TIME_KNOWN,
                    {
                        obis: before + (told[at + 1].registers[obis] - before) * minute // 60
                        for obis, before in told[at].registers.items()
                    },
                )


async def _send(chain: Chain, gateway_id: str, posts: Sequence[Post]) -> None:
    authorization = {"Authorization": f"Bearer {chain.gateway_token(gateway_id)}"}
    async with httpx.AsyncClient(base_url=chain.url, headers=authorization, timeout=60) as http:
        for body, headers in posts:
            answer = await http.post(batch.PATH, content=body, headers=headers)
            word: Mapping[str, object] = answer.raise_for_status().json()
            if word["repeated"] or word["quarantined"]:
                raise RuntimeError(f"The cloud did not take the batch as new: {word}")


def _copy(database: psycopg.Connection, since: tuple[Any, ...] | None) -> tuple[int, float]:
    """Return how many readings were stored since then, and the seconds a COPY of them takes."""
    _make_equal_table(database)
    with database.cursor().copy(
        "copy (select * from readings where stored_at >= %s) to stdout (format binary)", since
    ) as out:
        rows = b"".join(out)
    began = time.perf_counter()
    with database.cursor() as cursor:
        with cursor.copy("copy copied from stdin (format binary)") as copy:
            copy.write(rows)
        return cursor.rowcount, time.perf_counter() - began


def _make_equal_table(database: psycopg.Connection) -> None:
    """Make an empty table "copied" with the key and the partitions of the readings."""
    database.execute("drop table if exists copied")
    database.execute(
        "create table copied (like readings including all) partition by range (read_at)"
    )
    partitions = database.execute(
        "select relname, pg_get_expr(relpartbound, pg_class.oid) from pg_inherits"
        " join pg_class on pg_class.oid = inhrelid where inhparent = 'readings'::regclass"
    )
    for name, bounds in partitions.fetchall():
        database.execute(
            sql.SQL("create table {} partition of copied {}").format(
                sql.Identifier(f"copied_{name}"), sql.SQL(bounds)
            )
        )
