# SPDX-License-Identifier: EUPL-1.2
"""Durable telegrams a second through a gateway's intake on one core."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from edge_gateway.clock import SystemClock
from edge_gateway.feed import Feed
from edge_gateway.intake import Intake
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.store.database import Store
from tests.benchmark.figures import Figure, Figures
from tests.fakes.watched_disk import watched_disk, written_bytes
from wire import telegram, topics
from wire.telegram import Telegram

SITE, GATEWAY, NODES = "sofia", "gw-bench", 30
TELEGRAMS = 30_000
BATCHES = (30, 500)  # a second of thirty nodes, and the most that one transaction takes
BEGAN_S = 1_790_000_000


class _NoBroker:
    async def publish(self, topic: str, payload: bytes) -> None:
        """Acknowledgements leave the gateway here; sending them is the broker's share."""


async def measure() -> Figures:
    """Commit 30,000 telegrams of 30 nodes, and the same rows through bare SQLite."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return await _measure_on_this_core()
    finally:
        os.sched_setaffinity(0, cores)


async def _measure_on_this_core() -> Figures:
    messages = list(islice(_messages(), TELEGRAMS))
    figures = []
    for size in BATCHES:
        rate = await _gateway_rate(messages, size)
        bare = _bare_rate(messages, size)
        figures += [
            Figure(f"gateway_telegrams_per_s_batch_{size}", rate, f"durable, {size} a transaction"),
            Figure(
                f"gateway_share_of_sqlite_batch_{size}", rate / bare, "of bare SQLite, same run"
            ),
        ]
    return [
        *figures,
        Figure(
            "gateway_written_bytes_per_telegram",
            await _written_bytes(),
            "to an SD card, thirty nodes a minute, all on the same second",
        ),
    ]


async def _written_bytes() -> float:
    """Return what three hours of one telegram a minute and node make a disk write, in blocks."""
    messages = list(islice(_messages(), 180 * NODES))
    with watched_disk() as disk, tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        store = await Store.open(Path(directory))
        intake = _an_intake(store)
        begun = len(disk.steps)
        for start in range(0, len(messages), NODES // 2):  # as sixteen do not wait for more
            for topic, payload in messages[start : start + NODES // 2]:
                intake.offer(topic, payload)
            await intake.commit()
            if start % (60 * NODES) == 0:
                await intake.settle()
        written = written_bytes(disk.steps[begun:])
        await store.close()
    return written / len(messages)


def _messages() -> Iterator[tuple[str, bytes]]:
    names = [f"n-bench-{number:02}" for number in range(NODES)]
    for sequence in range(1, TELEGRAMS):
        for name in names:
            registers = {"8-0:1.0.0": 1_000_000 + 40 * sequence}
            sent = Telegram(name, 1, sequence, BEGAN_S + sequence, telegram.TIME_KNOWN, registers)
            topic = topics.topic(SITE, GATEWAY, name, topics.TELEGRAM)
            yield topic, telegram.encode(sent)


def _an_intake(store: Store) -> Intake:
    return Intake(
        site=SITE,
        gateway_id=GATEWAY,
        store=store,
        publisher=_NoBroker(),
        clock=SystemClock(trust="assumed"),
        watch=Monitor(),
        feed=Feed(),
    )


async def _gateway_rate(messages: list[tuple[str, bytes]], size: int) -> float:
    """Return telegrams/s: decoded, checked, stored, shown to the leak rules, committed."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        store = await Store.open(Path(directory))
        intake = _an_intake(store)
        began = time.perf_counter()
        for start in range(0, len(messages), size):
            for topic, payload in messages[start : start + size]:
                intake.offer(topic, payload)
            await intake.commit()
        took_s = time.perf_counter() - began
        await store.close()
    return len(messages) / took_s


def _bare_rate(messages: list[tuple[str, bytes]], size: int) -> float:
    """Return rows/s of the same bytes into one keyed table with the same pragmas."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        db = sqlite3.connect(Path(directory) / "bare.sqlite3", isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE message (number INTEGER PRIMARY KEY, topic TEXT, payload BLOB)")
        rows = [(number, *message) for number, message in enumerate(messages)]
        began = time.perf_counter()
        for start in range(0, len(rows), size):
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO message VALUES (?, ?, ?)", rows[start : start + size])
            db.execute("COMMIT")
        took_s = time.perf_counter() - began
        db.close()
    return len(messages) / took_s
