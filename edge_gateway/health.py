# SPDX-License-Identifier: EUPL-1.2
"""Health: what the gateway says of itself, in its log and to ``iskar-gateway status``."""

import contextlib
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from edge_gateway.clock import Clock
from edge_gateway.errors import StoreError
from edge_gateway.settings import Settings
from edge_gateway.store import facts, outbox
from edge_gateway.store.database import FILE_NAME, Store

TIDY_EVERY_S = 60.0
PRUNE_ROWS = 5000  # at a time: intake waits its turn for no longer than a few ms
DAY_MS = 86_400_000

log = structlog.get_logger(__name__)


class Health:
    """Logs a summary now and then, and deletes what is old and delivered."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._every_s = settings.health_every_s
        self._retention_ms = int(settings.retention_days * DAY_MS)
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Look after the store until cancelled."""
        since_summary_s = self._every_s
        while True:
            try:
                await self.tidy()
                if since_summary_s >= self._every_s:
                    log.info("health", **await self._store.read(summary))
                    since_summary_s = 0.0
            except StoreError as error:
                log.error("store_failed", error=str(error))
            pause_s = min(TIDY_EVERY_S, self._every_s)
            await self._clock.sleep(pause_s)
            since_summary_s += pause_s

    async def tidy(self) -> None:
        """Delete what is old, in small turns; an untrusted clock must not decide what is."""
        if not self._clock.is_trusted():
            return
        before_ms = self._clock.now_ms() - self._retention_ms
        prune = partial(outbox.prune, received_before_ms=before_ms, limit=PRUNE_ROWS)
        while await self._store.write(prune) == PRUNE_ROWS:
            pass


def summary(db: sqlite3.Connection) -> dict[str, object]:
    """Return counts since the store was made, and what waits now."""
    return {
        "store": facts.read(db, facts.STORE_ID),
        **dict.fromkeys(("received", "stored", "repeated", "conflicts", "quarantined"), 0),
        **facts.tallies(db),
        "outbox": outbox.depth(db),
        "waiting_for_time": _count(db, "SELECT count(*) FROM message WHERE read_at_s IS NULL"),
        "kept": _count(db, "SELECT count(*) FROM message"),
        "cloud_acknowledged_at_ms": int(facts.read(db, facts.CLOUD_ACKNOWLEDGED_AT_MS) or 0),
    }


def read_summary(data_dir: Path) -> dict[str, object] | None:
    """Return the summary of a store that may be in use, or None if there is none."""
    path = data_dir / FILE_NAME
    if not path.exists():
        return None
    look: Callable[[sqlite3.Connection], dict[str, object]] = summary
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        return look(db)


def _count(db: sqlite3.Connection, question: str) -> int:
    return int(db.execute(question).fetchone()[0])
