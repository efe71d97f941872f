# SPDX-License-Identifier: EUPL-1.2
"""Health: what the gateway says of itself, in its log and to ``iskar-gateway status``."""

import sqlite3
from collections.abc import Mapping
from functools import partial

import structlog

from edge_gateway.clock import Clock
from edge_gateway.errors import StoreError
from edge_gateway.settings import Settings
from edge_gateway.store import facts, notices, outbox
from edge_gateway.store.database import Store
from edge_gateway.store.opening import used_bytes
from wire import notice

LOOK_EVERY_S = 60.0
STEP_MS = 5000  # more than any drift within a minute
WORTH_A_WARNING = ("quarantined", "conflicts", "dropped", "refused_by_cloud")

log = structlog.get_logger(__name__)


class Health:
    """Logs a summary now and then, and a warning when something is wrong."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._every_s = settings.health_every_s
        self._store = store
        self._clock = clock
        self._machine_began_ms: int | None = None  # by the trusted clock, at the last look
        self._warned: Mapping[str, int] | None = None  # none: what came before is old news

    async def run(self) -> None:
        """Watch the gateway until cancelled."""
        since_summary_s = self._every_s
        pause_s = min(LOOK_EVERY_S, self._every_s)
        while True:
            try:
                await self.watch_clock()
                self._warn_of_growth(await self._store.read(facts.tallies))
                if since_summary_s >= self._every_s:
                    log.info("health", **await self._store.read(summary))
                    since_summary_s = 0.0
            except StoreError as error:
                log.error("store_failed", error=str(error))
            await self._clock.sleep(pause_s)
            since_summary_s += pause_s

    def _warn_of_growth(self, tallies: Mapping[str, int]) -> None:
        """Say once a minute at most that messages were not plainly stored: a flood is one line."""
        counts = {name: tallies.get(name, 0) for name in WORTH_A_WARNING}
        before = self._warned or counts
        grown = {name: count - before[name] for name, count in counts.items()}
        if any(grown.values()):
            log.warning("messages_not_stored", **grown)
        self._warned = counts

    async def watch_clock(self) -> None:
        """Put a step of the clock since the last look on record, if it was trusted both times.

        What was recorded before it was trusted is put right by intake, which tells of it as well.
        """
        now = self._clock.moment()
        if not now.is_trusted:
            return
        began_ms = now.unix_ms - now.up_ms
        by_ms = 0 if self._machine_began_ms is None else began_ms - self._machine_began_ms
        self._machine_began_ms = began_ms
        if abs(by_ms) >= STEP_MS:
            log.warning("clock_stepped", by_s=round(by_ms / 1000))
            detail: dict[str, int | str] = {"by_ms": by_ms, "known_from": "clock"}
            await self._store.write(
                partial(
                    notices.append,
                    kind=notice.CLOCK_STEPPED,
                    detail=detail,
                    now_ms=now.unix_ms,
                )
            )
            self._store.outbox_grew.set()


def summary(db: sqlite3.Connection) -> dict[str, object]:
    """Return counts since the store was made, and what waits now."""
    return {
        "store": facts.read(db, facts.STORE_ID),
        **dict.fromkeys(("received", "stored", "repeated", "conflicts", "quarantined"), 0),
        **facts.tallies(db),
        "outbox": outbox.depth(db),
        "waiting_for_time": _count(db, "SELECT count(*) FROM waiting"),
        "kept": _count(db, "SELECT count(*) FROM entry"),
        "store_bytes": used_bytes(db),
        "cloud_acknowledged_at_ms": int(facts.read(db, facts.CLOUD_ACKNOWLEDGED_AT_MS) or 0),
    }


def _count(db: sqlite3.Connection, question: str) -> int:
    return int(db.execute(question).fetchone()[0])
