# SPDX-License-Identifier: EUPL-1.2
"""Builders for the gateway's tests: valid by default, one difference at a time."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from edge_gateway.feed import Feed
from edge_gateway.intake import Intake
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.settings import Settings
from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import FakeClock
from wire import event, status, telegram, topics

SITE, GATEWAY, NODE = "sofia", "gw-mladost", "n-mladost-01"
NOON_S = 1_795_000_000


class Outgoing:
    """Where intake publishes to: remembers what went out."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes]] = []

    async def publish(self, topic: str, payload: bytes) -> None:
        self.published.append((topic, payload))


def settings(data_dir: Any, **others: Any) -> Settings:
    known = {
        "id": GATEWAY,
        "site": SITE,
        "data_dir": data_dir,
        "cloud_url": "http://127.0.0.1:1",
        "cloud_token": "token-of-a-test",
        "forget_every_s": 0,
    }
    return Settings(**(known | others))


def an_intake(
    store: Store,
    clock: FakeClock,
    outgoing: Outgoing | None = None,
    feed: Feed | None = None,
    *,
    gateway_id: str = GATEWAY,
    watch: Monitor | None = None,
) -> Intake:
    return Intake(
        site=SITE,
        gateway_id=gateway_id,
        store=store,
        publisher=outgoing or Outgoing(),
        clock=clock,
        watch=watch or Monitor(),
        feed=feed or Feed(),
    )


def topic(channel: str, node_id: str = NODE) -> str:
    return topics.topic(SITE, GATEWAY, node_id, channel)


def a_telegram(
    sequence: int,
    *,
    boot: int = 1,
    time_s: int = NOON_S,
    time_quality: int = telegram.TIME_KNOWN,
    litres: int = 0,
    node_id: str = NODE,
    obis: str = "8-0:1.0.0",
) -> bytes:
    return telegram.encode(
        telegram.Telegram(node_id, boot, sequence, time_s, time_quality, {obis: litres * 1000})
    )


def an_event(
    sequence: int,
    kind: str,
    detail: dict[str, int | str],
    *,
    boot: int = 1,
    node_id: str = NODE,
    time_s: int = NOON_S,
) -> bytes:
    return event.encode(
        event.Event(node_id, boot, sequence, time_s, telegram.TIME_KNOWN, kind, detail)
    )


def a_loss(sequence: int, *, boot: int = 1, of_boot: int, first: int, last: int) -> bytes:
    detail: dict[str, int | str] = {"boot": of_boot, "first": first, "last": last}
    return event.encode(
        event.Event(NODE, boot, sequence, NOON_S, telegram.TIME_KNOWN, event.JOURNAL_LOST, detail)
    )


def a_status(
    *,
    boot: int = 1,
    up_ms: int = 10_000,
    held: tuple[int, int] = (1, 1),
    state: str = status.ONLINE,
    node_id: str = NODE,
) -> bytes:
    return status.encode(status.Status(node_id, boot, state, up_ms, *held))


async def rows(store: Store, question: str, *given: object) -> Sequence[tuple[Any, ...]]:
    def ask(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
        return db.execute(question, given).fetchall()

    return await store.read(ask)


async def tallies(store: Store) -> dict[str, int]:
    return dict(await rows(store, "SELECT name, count FROM tally"))
