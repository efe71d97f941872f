# SPDX-License-Identifier: EUPL-1.2
"""Webhooks: 10,000 events, eight receivers of which seven are sick, the sender killed ten times."""

import tempfile
from pathlib import Path

from tests.benchmark.figures import Figure, Figures
from tests.webhook_storm import weather

EVENTS = 10_000
KILLS = 10
PER_S = 60
PATIENCE_S = 900


async def measure() -> Figures:
    """Let it storm and count what came."""
    # Not under /tmp, which may be memory: a database is to be on a disk.
    with tempfile.TemporaryDirectory(prefix="iskar-bench-", dir="/var/tmp") as folder:
        tally, spells = await weather(
            Path(folder), events=EVENTS, kills=KILLS, per_s=PER_S, within_s=PATIENCE_S
        )
    alone, among = spells["alone"], spells["among"]
    return [
        Figure("webhook_events", len(tally.published_at_s), "put into the outbox"),
        Figure("webhook_kills", tally.kills, "of the sender, by kill -9"),
        Figure("webhook_undelivered", len(tally.missing), "events that no receiver took"),
        Figure("webhook_two_bodies", tally.two_bodies, "ids under which two bodies came"),
        Figure("webhook_astray", tally.astray, "events at a receiver that didn't want them"),
        Figure("webhook_refused", tally.refused, "requests that standardwebhooks refused"),
        Figure("webhook_requests", tally.requests, "that reached a receiver"),
        Figure("webhook_repeated", tally.repeated, "events taken again, after a kill"),
        Figure("webhook_first_p50_s", tally.first_quantile_s(0.5, among), "healthy among sick"),
        Figure("webhook_first_p99_s", tally.first_quantile_s(0.99, among), "healthy among sick"),
        Figure("webhook_first_p99_alone_s", tally.first_quantile_s(0.99, alone), "no sick ones"),
    ]
