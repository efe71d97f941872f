# SPDX-License-Identifier: EUPL-1.2
"""Readings a second through the cloud's ingest, and what a bare COPY of the same rows makes.

The batches go over HTTP, one after the other, as gateways post them: parsed, checked, entered in
the ledger, made readings, committed with fsync. Then the rows they became are copied in binary into
an equal table of the same server.
"""

import tempfile
import time
from itertools import islice
from pathlib import Path

import psycopg

from cloud.kit.embedded_postgres import EmbeddedPostgres
from simulators.chain import Chain, assembled
from simulators.ground import Ground
from simulators.history import GatewayBatch, History
from tests.benchmark.figures import Figure, Figures

BATCHES = 16
TYPES = ("int4", "timestamptz", "int4", "int4", "int8", "timestamptz", "int2")


async def measure() -> Figures:
    """Ingest 16 batches of history, and copy what came of it."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        ground = Ground(Path(directory))
        async with assembled(ground, with_history=True) as (chain, past):
            await chain.start_cloud()
            await chain.enrol()
            ingest_s = await _ingest(chain, past)
            dsn = EmbeddedPostgres(ground.cloud / "postgres").dsn
            rows, copy_s = _copy(dsn)
    return [
        Figure("ingest_readings_per_s", rows / ingest_s, "over HTTP, committed"),
        Figure("copy_readings_per_s", rows / copy_s, "binary COPY, committed, same server"),
        Figure("ingest_share_of_copy", copy_s / ingest_s, "of the COPY's speed"),
    ]


async def _ingest(chain: Chain, past: History) -> float:
    batches: list[GatewayBatch] = list(islice(past.batches(), BATCHES))
    began = time.perf_counter()
    for one in batches:
        await chain.ingest_history(one)
    return time.perf_counter() - began


def _copy(dsn: str) -> tuple[int, float]:
    """Return how many rows there are, and the seconds that a copy of them takes."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("select * from readings").fetchall()
        connection.execute("create table copied (like readings including all)")
        connection.commit()
        began = time.perf_counter()
        with connection.cursor().copy("copy copied from stdin (format binary)") as copy:
            copy.set_types(TYPES)
            for row in rows:
                copy.write_row(row)
        connection.commit()
        return len(rows), time.perf_counter() - began
