# SPDX-License-Identifier: EUPL-1.2
"""When runs of the machine began that recorded something before the time was known.

Of the run under way the clock tells, as soon as it is trusted. Of one that ended without ever
knowing, a node tells that was up in it and still is, or was when another such run became known. If
there is none, the run is placed as late as everything on record allows: that is an upper bound;
the machine may have lain without power in between, and nothing tells how long.
"""

import sqlite3

import structlog

from edge_gateway.clock import Moment
from edge_gateway.store import anchors, machine_runs, messages, notices
from edge_gateway.store.machine_runs import MachineRun
from wire import notice

# After a restart nodes are back within seconds and tell their uptime every minute; then a node that
# could tell of an earlier run has told, or is gone.
PATIENCE_MS = 300_000
STEP_MS = 5000  # a correction from here on is told to the cloud: more than drift or a slow answer
FROM_CLOCK, FROM_NODE, FROM_BOUND = "clock", "node", "next_start"

log = structlog.get_logger(__name__)


class MachineTime:
    """Works out when runs began, as soon as it can be told. Lives in the store's thread."""

    def __init__(self) -> None:
        self.has_unknown = True  # runs to be placed: at a start, who knows
        self._trusted_from_up_ms: int | None = None

    def date(self, db: sqlite3.Connection, at: Moment) -> tuple[int | None, int]:
        """Return (None, Unix ms), or (run, ms by its counter) while that can't be told.

        It can as soon as the run's beginning is known, also of what came before that was.
        """
        if at.is_trusted:
            return None, at.unix_ms
        guess_ms = at.unix_ms - at.up_ms
        run, began_at_ms = machine_runs.note(db, at.machine_boot, guess_ms=guess_ms, up_ms=at.up_ms)
        if began_at_ms is not None:
            return None, began_at_ms + at.up_ms
        self.has_unknown = True
        return run, at.up_ms

    def settle(self, db: sqlite3.Connection, now: Moment) -> bool:
        """Place the runs that can be placed by now; return whether that may date messages."""
        if not now.is_trusted:
            return False
        is_news = self._trusted_from_up_ms is None
        if self._trusted_from_up_ms is None:
            self._trusted_from_up_ms = now.up_ms
        while self.has_unknown and self._settle_one(db, now):
            is_news = True
        return is_news

    def _settle_one(self, db: sqlite3.Connection, now: Moment) -> bool:
        unknown = machine_runs.unknown(db)
        self.has_unknown = bool(unknown)
        for run in unknown:
            beginning = self._beginning(db, run, now)
            if beginning is None:
                continue
            began_at_ms, known_from = beginning
            is_exact = known_from != FROM_BOUND
            machine_runs.set_beginning(db, run.run, began_at_ms)
            anchors.anchor_sighted(
                db,
                run.run,
                began_at_ms,
                anchors.FROM_STATUS if is_exact else anchors.FROM_NEXT_BOOT,
            )
            _tell(db, now, began_at_ms - run.guess_ms, known_from)
            return True
        return False

    def _beginning(
        self, db: sqlite3.Connection, run: MachineRun, now: Moment
    ) -> tuple[int, str] | None:
        if run.name == now.machine_boot:
            return now.unix_ms - now.up_ms, FROM_CLOCK
        by_node = anchors.beginning_of_run(db, run.run)
        if by_node is not None:
            return by_node, FROM_NODE
        if now.up_ms - (self._trusted_from_up_ms or 0) < PATIENCE_MS:
            return None
        return _latest_beginning(db, run, now), FROM_BOUND


def _latest_beginning(db: sqlite3.Connection, run: MachineRun, now: Moment) -> int:
    """Return when the run began at the latest, in Unix ms; every later run must be placed."""
    next_began_at_ms = machine_runs.next_beginning(db, run.run) or now.unix_ms - now.up_ms
    latest_ms = next_began_at_ms - run.last_up_ms
    for node_id, boot, boot_at_up_ms in anchors.sighted(db, run.run):
        following = anchors.next_after(db, node_id, boot)
        if following is not None:
            next_boot, next_boot_at_ms = following
            lasted_s = messages.undated_s(db, node_id, boot, next_boot)
            latest_ms = min(latest_ms, next_boot_at_ms - lasted_s * 1000 - boot_at_up_ms)
    return latest_ms


def _tell(db: sqlite3.Connection, now: Moment, by_ms: int, known_from: str) -> None:
    if abs(by_ms) >= STEP_MS:
        log.warning("clock_stepped", by_s=round(by_ms / 1000), known_from=known_from)
        detail: dict[str, int | str] = {"by_ms": by_ms, "known_from": known_from}
        notices.append(db, notice.CLOCK_STEPPED, detail, now.unix_ms)
