# SPDX-License-Identifier: EUPL-1.2
"""What this process counts for Prometheus; what the database knows is asked for at the scrape.

Labels have few values: a route's template and no path, an outcome and no message, never an id.
Source: Prometheus documentation, "Metric and label naming" and "Instrumentation".
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()  # of the process, as there is one of each counter in it

# Gateways wait for their answer at most seconds; a page that takes one is slow.
ANSWER_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
DELIVERY_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)

ANSWERS = Histogram(
    "iskar_http_answer_seconds",
    "Time until the answer to a request began.",
    ("method", "route", "status"),
    buckets=ANSWER_BUCKETS_S,
    registry=REGISTRY,
)
REQUESTS_UNDER_WAY = Gauge(
    "iskar_http_requests_under_way",
    "Requests and streams that are being answered.",
    registry=REGISTRY,
)
BATCHES = Counter("iskar_ingest_batches", "Batches committed.", registry=REGISTRY)
ENTRIES = Counter(
    "iskar_ingest_entries",
    "Entries of batches by what became of them: stored, repeated, quarantined.",
    ("outcome",),
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "iskar_webhook_attempts",
    "Attempts to deliver a message: delivered, refused, unreachable, gone, fault.",
    ("outcome",),
    registry=REGISTRY,
)
DELIVERY = Histogram(
    "iskar_webhook_attempt_seconds",
    "How long an attempt took.",
    buckets=DELIVERY_BUCKETS_S,
    registry=REGISTRY,
)
DEMAND_FORECASTS = Counter(
    "iskar_demand_forecasts",
    "Forecasts by whose they are: the model's, or the naive one's and why.",
    ("by",),
    registry=REGISTRY,
)
DEMAND_FITS = Counter(
    "iskar_demand_fits", "Models fitted, by why they were.", ("because",), registry=REGISTRY
)
DEMAND_LIMIT_NEWS = Counter(
    "iskar_demand_limit_news",
    "What was told of days that pass a limit: raised, worsened, called_off.",
    ("what",),
    registry=REGISTRY,
)

for _outcome in ("stored", "repeated", "quarantined"):  # nothing is left out while zero
    ENTRIES.labels(_outcome)
for _outcome in ("delivered", "refused", "unreachable", "gone", "fault"):
    DELIVERIES.labels(_outcome)
