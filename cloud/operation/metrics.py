# SPDX-License-Identifier: EUPL-1.2
"""Prometheus: what this process has counted and how the whole stands, on a port of its own.

The port is not the public one, and listens on loopback unless told otherwise. What stands in the
database is asked for at each scrape; where it is away the rest is answered, and
``iskar_database_up`` is 0. Times are seconds, sizes bytes; names of gateways and people stay out.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import prometheus_client
import psycopg
import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud.kit import metrics
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.migrations import NEWEST
from cloud.operation import state_repository

log = structlog.get_logger(__name__)

ASK_TIMEOUT_S = 5.0  # Prometheus gives up after ten
# A queue that is empty is 0, and not left out.
QUEUES = (
    *(
        "alerts",
        "demand",
        "letters",
        "savings",
        "validation",
        "weather",
        "webhook_deliveries",
        "webhooks",
    ),
)


class Metrics:
    """Answers Prometheus."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._process = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(registry=self._process)

    def app(self) -> Starlette:
        """Return the application that serves ``/metrics`` and nothing else."""
        return Starlette(routes=[Route("/metrics", self._answer, methods=["GET"])])

    async def _answer(self, _request: Request) -> Response:
        return Response(await self.text(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    async def text(self) -> bytes:
        """Return every metric as it is now."""
        asked = prometheus_client.CollectorRegistry()
        asked.register(_Given([*self._of_pool(), *await self._of_database()]))
        return b"".join(
            prometheus_client.generate_latest(one)
            for one in (metrics.REGISTRY, self._process, asked)
        )

    def _of_pool(self) -> Iterator[Metric]:
        pool = self._database.pool_state()
        yield _gauge(
            "build_info",
            "Which release this is.",
            {(version("iskar"), NEWEST): 1},
            "version",
            "schema",
        )
        yield _gauge(
            "database_pool_connections",
            "Connections of this process's pool.",
            {
                ("idle",): pool.get("pool_available", 0),
                ("used",): pool.get("pool_size", 0) - pool.get("pool_available", 0),
            },
            "state",
        )
        yield _gauge(
            "database_pool_limit",
            "The most connections of this process's pool.",
            {(): pool.get("pool_max", 0)},
        )
        yield _gauge(
            "database_pool_waiting",
            "Requests that wait for a connection.",
            {(): pool.get("requests_waiting", 0)},
        )

    async def _of_database(self) -> list[Metric]:
        try:
            async with self._database.transaction(ASK_TIMEOUT_S, as_system=True) as connection:
                now = self._clock.now()
                queues = await state_repository.jobs(connection, now)
                silence = await state_repository.silence(connection, now)
                alerts = await state_repository.alerts(connection)
                review = await state_repository.review(connection)
                forecasts = await state_repository.forecasts(connection, now)
                server = await state_repository.server(connection)
        except (psycopg.Error, PoolTimeout, TimeoutError) as error:
            log.warning("metrics_without_database", error=str(error).strip()[:200])
            return [_gauge("database_up", "Whether the database answers.", {(): 0})]
        return [
            _gauge("database_up", "Whether the database answers.", {(): 1}),
            _gauge("database_bytes", "Size of the database.", {(): server["size_bytes"]}),
            *_of_queues(queues),
            _gauge(
                "alerts_open",
                "Alerts that have not ended.",
                {(one["kind"], one["state"]): one["alerts"] for one in alerts},
                "kind",
                "state",
            ),
            _gauge(
                "gateways",
                "Gateways by when they were last heard.",
                {(heard,): count for heard, count in silence.items()},
                "heard",
            ),
            _gauge(
                "review_waiting",
                "Registers whose usage waits to be reviewed.",
                {(): review["stale"]},
            ),
            _gauge(
                "quarantine_entries",
                "Entries that are held in quarantine.",
                {(): review["quarantined"]},
            ),
            *_of_forecasts(forecasts),
        ]


def _of_queues(queues: list[dict[str, Any]]) -> Iterator[Metric]:
    nothing = {"due": 0, "under_way": 0, "later": 0, "failed": 0, "oldest_s": 0.0}
    known = dict.fromkeys(QUEUES, nothing) | {one["queue"]: one for one in queues}
    states = ("due", "under_way", "later", "failed")
    yield _gauge(
        "jobs",
        "Jobs by queue and state; later ones wait for their time.",
        {(name, state): one[state] for name, one in known.items() for state in states},
        "queue",
        "state",
    )
    yield _gauge(
        "jobs_oldest_due_seconds",
        "For how long the oldest job that is due has waited.",
        {(name,): max(0.0, one["oldest_s"]) for name, one in known.items()},
        "queue",
    )


def _of_forecasts(found: list[dict[str, Any]]) -> Iterator[Metric]:
    kinds = {(one["utility"], one["level"]): one for one in found}
    labels = ("utility", "level")
    yield _gauge(
        "demand_forecast_age_seconds",
        "How long ago series of this kind were forecast last.",
        {kind: one["age_s"] for kind, one in kinds.items()},
        *labels,
    )
    yield _gauge(
        "demand_series",
        "Series by whose their newest forecast is: the model's, or the naive one's (fallback).",
        {
            (*kind, by): one[told]
            for kind, one in kinds.items()
            for by, told in (("model", "by_model"), ("fallback", "fallbacks"))
        },
        *labels,
        "by",
    )
    yield _gauge(
        "demand_coverage_ratio",
        "Share of hours of four weeks inside the range told a day ahead; 0.9 is promised.",
        {
            kind: one["coverage_pct"] / 100
            for kind, one in kinds.items()
            if one["coverage_pct"] is not None
        },
        *labels,
    )
    yield _gauge(
        "demand_drifting",
        "Series of which use, errors or coverage left for good what was told, within four weeks.",
        {
            (*kind, what): one[f"{what}_drifting"]
            for kind, one in kinds.items()
            for what in ("use", "error", "coverage")
        },
        *labels,
        "what",
    )


class _Given(Collector):
    """Metrics that are known already."""

    def __init__(self, given: list[Metric]) -> None:
        self._given = given

    def collect(self) -> Iterator[Metric]:
        """Return them."""
        yield from self._given


def _gauge(name: str, text: str, samples: Mapping[Any, float], *labels: str) -> Metric:
    """Return a gauge with a sample for each tuple of what its labels are."""
    family = GaugeMetricFamily(f"iskar_{name}", text, labels=labels)
    for label, amount in samples.items():
        family.add_metric(list(label), amount)
    return family
