# SPDX-License-Identifier: EUPL-1.2
"""Prometheus: how the gateway fares, as metrics on an HTTP port of its own.

A scrape is answered in a thread of its own, by a connection that only reads, so it holds up no
commit. Source of the names: Prometheus documentation, "Metric and label naming" and
"Instrumentation": base units, times as Unix seconds rather than ages, nothing left out while zero.
"""

import asyncio
import contextlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import prometheus_client
import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_gateway.clock import Clock
from edge_gateway.feed import Feed, News, Noticed, Stored
from edge_gateway.settings import NeighbourSettings
from edge_gateway.store import entries, facts, outbox
from edge_gateway.store.database import FILE_NAME
from wire.status import ONLINE, Status

log = structlog.get_logger(__name__)


class Metrics(Collector):
    """Answers Prometheus, from memory what moves and from the store what is counted there."""

    name = "metrics"

    def __init__(
        self,
        settings: NeighbourSettings,
        feed: Feed,
        clock: Clock,
        broker_is_connected: Callable[[], bool],
        lost_by_neighbour: Callable[[], Mapping[str, int]],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._broker_is_connected = broker_is_connected
        self._lost_by_neighbour = lost_by_neighbour
        self.listener = feed.listen()
        self._online: dict[str, bool] = {}
        self._heard_at_s: dict[str, float] = {}
        self._read_at_s: dict[str, int] = {}
        self._open: dict[str, str] = {}  # kinds of findings, by their ids
        self._kinds: set[str] = set()  # that there ever were: a count goes to 0, not away

    async def run(self) -> None:
        """Answer until cancelled; raises OSError when another program has the port."""
        registry = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=registry)
        registry.register(self)
        server, _ = prometheus_client.start_http_server(
            self._settings.metrics_port, self._settings.metrics_bind, registry
        )
        try:
            while True:
                for news in await self.listener.next():
                    self._note(news)
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()

    def _note(self, news: News) -> None:
        if isinstance(news, Status):
            self._online[news.node_id] = news.state == ONLINE
            if news.state == ONLINE:  # else it was the broker that spoke
                self._heard_at_s[news.node_id] = self._clock.now_ms() / 1000
        elif isinstance(news, Stored):
            node_id = news.message.node_id
            self._heard_at_s[node_id] = self._clock.now_ms() / 1000
            self._read_at_s[node_id] = max(news.read_at_s, self._read_at_s.get(node_id, 0))
        else:
            self._note_finding(news)

    def _note_finding(self, news: Noticed) -> None:
        finding_id, kind = (str(news.finding[name]) for name in ("finding_id", "kind"))
        self._kinds.add(kind)
        if news.finding["cleared_at_s"] is None:
            self._open[finding_id] = kind
        else:
            self._open.pop(finding_id, None)

    def collect(self) -> Iterator[Metric]:
        """Return every metric as it is now; called in a thread of the HTTP server."""
        told = self._settings
        yield _gauge("info", "Which gateway this is.", {told.id: 1}, "gateway")
        yield _gauge("clock_trusted", "Whether the clock is believed.", self._clock.is_trusted())
        yield _gauge(
            "broker_connected", "Whether the broker is reached.", self._broker_is_connected()
        )
        disk = shutil.disk_usage(told.data_dir)
        yield _gauge("disk_bytes", "Size of the file system that the store is on.", disk.total)
        yield _gauge("disk_free_bytes", "What is free of it.", disk.free)
        yield _gauge("store_bytes", "Size of the store with its log.", self._store_bytes())
        yield _counter(
            "neighbour_lost",
            "What a neighbour was too slow or too long away for.",
            self._lost_by_neighbour(),
            "neighbour",
        )
        try:
            with contextlib.closing(self._reading_connection()) as db:
                yield from self._of_store(db)
        except sqlite3.Error as error:
            log.warning("store_not_scraped", reason=str(error))
        yield _gauge(
            "findings_open",
            "What the leak rules have raised and not cleared.",
            dict.fromkeys(self._kinds.copy(), 0) | Counter(self._open.copy().values()),
            "kind",
        )
        yield _gauge(
            "node_heard_timestamp_seconds", "When a node was last heard.", self._heard_at_s, "node"
        )
        yield _gauge(
            "node_read_timestamp_seconds", "When meters were last read.", self._read_at_s, "node"
        )

    def _of_store(self, db: sqlite3.Connection) -> Iterator[Metric]:
        yield _counter(
            "messages",
            "Messages since the store was made, by what became of them.",
            facts.tallies(db),
            "outcome",
        )
        yield _gauge("outbox_entries", "What the cloud has not acknowledged.", _waiting_at_most(db))
        waiting = outbox.oldest(db, 1)
        lag_s = self._clock.now_ms() / 1000 - waiting[0].received_at_ms / 1000 if waiting else 0
        yield _gauge("outbox_lag_seconds", "For how long the oldest of it has waited.", lag_s)
        acknowledged_at_ms = int(facts.read(db, facts.CLOUD_ACKNOWLEDGED_AT_MS) or 0)
        yield _gauge(
            "cloud_acknowledged_timestamp_seconds",
            "When the cloud last acknowledged anything; 0: never.",
            acknowledged_at_ms / 1000,
        )
        online = dict.fromkeys(_registered(db), False) | self._online
        yield _gauge(
            "node_online", "Whether a node is there; 0 for one not heard yet.", online, "node"
        )

    def _reading_connection(self) -> sqlite3.Connection:
        path = (self._settings.data_dir / FILE_NAME).resolve()
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)

    def _store_bytes(self) -> int:
        found = self._settings.data_dir.glob(f"{FILE_NAME}*")
        return sum(path.stat().st_size for path in found)


def _waiting_at_most(db: sqlite3.Connection) -> int:
    """Return how many numbers wait for the cloud, by arithmetic: counting rows reads them all."""
    delivered = outbox.delivered(db)
    ahead = sum(last - first + 1 for first, last in delivered.ahead)
    return max(0, entries.last_number(db) - delivered.contiguous - ahead)


def _registered(db: sqlite3.Connection) -> list[str]:
    """Return the nodes that the cloud last told of."""
    told = json.loads(facts.read(db, facts.CONFIGURATION) or "{}")
    return [str(node["node_id"]) for node in told.get("nodes", [])]


Samples = float | Mapping[str, float]  # one, or one by the label's content


def _gauge(name: str, text: str, samples: Samples, *label: str) -> Metric:
    return _filled(GaugeMetricFamily(f"iskar_{name}", text, labels=label), samples)


def _counter(name: str, text: str, samples: Samples, *label: str) -> Metric:
    return _filled(CounterMetricFamily(f"iskar_{name}", text, labels=label), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> Metric:
    if isinstance(samples, Mapping):
        for label, amount in dict(samples).items():  # a copy: the event loop adds to the original
            family.add_metric([label], amount)
    else:
        family.add_metric([], samples)
    return family
