# SPDX-License-Identifier: EUPL-1.2
"""Readings a second through the cloud's ingest, and what a bare COPY of the same rows makes.

The bodies are those that the forwarders of five gateways make of a backlog of 400 days, made
beforehand: that is the gateways' work. Each is posted over HTTP, unpacked, checked, entered in the
ledger, stored as readings, made current, told of on the live stream and committed with fsync,
before its gateway posts the next. A first half goes gateway by gateway, the second from all at
once.

The rows that came of it are then copied, in one binary COPY that lies ready in memory, into an
empty table with the same key and the same partitions on the same server.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import httpx
import psycopg
from psycopg import sql

from cloud.kit.embedded_postgres import EmbeddedPostgres
from edge_gateway.forwarder.body import batch_body
from edge_gateway.settings import Settings
from edge_gateway.store.outbox import Waiting
from simulators.chain import Chain, assembled
from simulators.city import Premises
from simulators.ground import Ground
from simulators.history import History
from tests.benchmark.figures import Figure, Figures
from wire import VERSION, batch, quality

BATCH_TELEGRAMS = Settings.model_fields["batch_entries"].default
BOOT = 1

Post = tuple[bytes, dict[str, str]]  # body, headers


async def measure() -> Figures:
    """Ingest what five gateways hold, and copy what came of it."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        ground = Ground(Path(directory))
        async with assembled(ground, with_history=True) as (chain, past):
            await chain.start_cloud()
            await chain.enrol()
            posts = {one.gateway_id: _posts(past, one) for one in chain.city.premises.values()}
            half = len(next(iter(posts.values()))) // 2
            with psycopg.connect(
                EmbeddedPostgres(ground.cloud / "postgres").dsn, autocommit=True
            ) as database:
                began = time.perf_counter()
                for gateway_id, bodies in posts.items():
                    await _send(chain, gateway_id, bodies[:half])
                one_by_one_s = time.perf_counter() - began
                of_one_by_one = _count(database)
                began = time.perf_counter()
                await asyncio.gather(
                    *(_send(chain, gateway_id, posts[gateway_id][half:]) for gateway_id in posts)
                )
                at_once_s = time.perf_counter() - began
                all_rows = _count(database)
                copied_per_s = all_rows / _copy(database)
    at_once_per_s = (all_rows - of_one_by_one) / at_once_s
    one_by_one_per_s = of_one_by_one / one_by_one_s
    return [
        Figure("ingest_readings_per_s", at_once_per_s, "over HTTP, committed, 5 gateways at once"),
        Figure("ingest_one_by_one_readings_per_s", one_by_one_per_s, "one gateway at a time"),
        Figure("copy_readings_per_s", copied_per_s, "binary COPY of the same rows, same server"),
        Figure("ingest_share_of_copy", at_once_per_s / copied_per_s, "of the COPY's speed"),
        Figure("ingest_one_by_one_share_of_copy", one_by_one_per_s / copied_per_s, "one at a time"),
    ]


def _posts(past: History, premises: Premises) -> list[Post]:
    """Return what a gateway would post after 400 days without the cloud."""
    waiting = _waiting(past, premises)
    posts = []
    while chunk := list(islice(waiting, BATCH_TELEGRAMS)):
        posts.append(batch_body(premises.gateway_id, "bench", chunk))
    return posts


def _waiting(past: History, premises: Premises) -> Iterator[Waiting]:
    for number, one in enumerate(past.telegrams_of(premises), start=1):
        body = {
            "ver": VERSION,
            "id": one.node_id,
            "boot": BOOT,
            "seq": one.sequence,
            "t": one.time_s,
            "tq": one.time_quality,
            "reg": one.registers,
        }
        yield Waiting(
            number=number,
            kind=batch.TELEGRAM,
            received_at_ms=one.time_s * 1000 + 250,
            read_at_s=one.time_s,
            quality=quality.GOOD,
            body=json.dumps(body),
        )


async def _send(chain: Chain, gateway_id: str, posts: Sequence[Post]) -> None:
    authorization = {"Authorization": f"Bearer {chain.gateway_token(gateway_id)}"}
    async with httpx.AsyncClient(base_url=chain.url, headers=authorization, timeout=60) as http:
        for body, headers in posts:
            answer = await http.post(batch.PATH, content=body, headers=headers)
            word: Mapping[str, object] = answer.raise_for_status().json()
            if word["repeated"] or word["quarantined"]:
                raise RuntimeError(f"The cloud did not take the batch as new: {word}")


def _count(database: psycopg.Connection) -> int:
    found = database.execute("select count(*) from readings").fetchone()
    return int(found[0]) if found else 0


def _copy(database: psycopg.Connection) -> float:
    """Return the seconds that a COPY of all readings takes."""
    with database.cursor().copy("copy (select * from readings) to stdout (format binary)") as out:
        rows = b"".join(out)
    _make_equal_table(database)
    database.execute("checkpoint")
    began = time.perf_counter()
    with database.cursor().copy("copy copied from stdin (format binary)") as copy:
        copy.write(rows)
    return time.perf_counter() - began


def _make_equal_table(database: psycopg.Connection) -> None:
    """Make an empty table "copied" with the key and the partitions of the readings."""
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
