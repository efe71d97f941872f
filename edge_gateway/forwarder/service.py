# SPDX-License-Identifier: EUPL-1.2
"""The service that empties the outbox into the cloud."""

import json
import sqlite3
from functools import partial

import structlog

from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CloudDeniedError,
    CloudUnreachableError,
    StoreError,
)
from edge_gateway.forwarder.cloud import Cloud
from edge_gateway.settings import Settings
from edge_gateway.store import facts, outbox, quarantine
from edge_gateway.store.database import Store
from edge_gateway.store.entries import Entry
from wire import batch

RETRY_FIRST_S = 0.25
LINGER_S = 0.02  # lets what nodes send in the same instant travel together
MAX_SET_ASIDE = 20  # in a row; a cloud that refuses everything is at fault, not every entry

log = structlog.get_logger(__name__)


class Forwarder:
    """Carries messages and findings to the cloud; forgets them only on its word.

    A power cut at any line repeats a batch and loses none; the cloud drops repeats by key. A batch
    that is refused as invalid is halved until the entry at fault stands alone and is set aside, so
    that it does not dam the rest.
    """

    def __init__(self, settings: Settings, store: Store, cloud: Cloud, clock: Clock) -> None:
        self._most_entries = settings.batch_entries
        self._retry_cap_s = settings.uplink_retry_cap_s
        self._store = store
        self._cloud = cloud
        self._clock = clock
        self._limit = settings.batch_entries
        self._failures = 0
        self._set_aside_in_a_row = 0

    async def run(self) -> None:
        """Forward until cancelled."""
        store_id = await self._store.read(_store_id)
        while True:
            self._store.outbox_grew.clear()
            try:
                waiting = await self._store.read(partial(outbox.oldest, limit=self._limit))
                if waiting:
                    await self._forward(store_id, waiting)
                else:
                    await self._store.outbox_grew.wait()
                    await self._clock.sleep(LINGER_S)
            except (CloudUnreachableError, CloudDeniedError, StoreError) as error:
                await self._back_off(error)

    async def _forward(self, store_id: str, waiting: list[Entry]) -> None:
        try:
            answer = await self._cloud.send(store_id, waiting)
        except (BatchTooLargeError, BatchRefusedError) as error:
            await self._narrow_down(waiting, error)
            return
        except CloudUnreachableError:
            self._limit = max(1, len(waiting) // 2)  # perhaps a slow link; less may pass in time
            raise
        up_to = min(batch.committed(answer), waiting[-1].number)
        if up_to < waiting[0].number:
            raise CloudUnreachableError("The answer commits nothing of the batch.")
        await self._forget(up_to)
        self._succeed(answer)

    async def _narrow_down(
        self, waiting: list[Entry], error: BatchTooLargeError | BatchRefusedError
    ) -> None:
        if len(waiting) > 1:
            self._limit = len(waiting) // 2
            return
        if self._set_aside_in_a_row >= MAX_SET_ASIDE:
            raise CloudUnreachableError(f"Every entry alone is refused. {error}")
        self._set_aside_in_a_row += 1
        log.error("entry_set_aside", number=waiting[0].number, reason=str(error))
        await self._store.write(
            partial(_set_aside, entry=waiting[0], reason=str(error), now_ms=self._clock.now_ms())
        )

    async def _forget(self, up_to: int) -> None:
        # If a power cut undoes this, the batch is sent again and the cloud drops it.
        await self._store.write_unsynced(
            partial(outbox.forget, up_to=up_to, acknowledged_at_ms=self._clock.now_ms())
        )

    def _succeed(self, answer: dict[str, object]) -> None:
        if self._failures:
            log.info("cloud_back", failures=self._failures)
        if answer.get("quarantined"):
            log.warning("cloud_quarantined", entries=answer["quarantined"])
        self._failures = self._set_aside_in_a_row = 0
        self._limit = min(self._most_entries, self._limit * 2)

    async def _back_off(self, error: Exception) -> None:
        delay_s = full_jitter_s(self._failures, RETRY_FIRST_S, self._retry_cap_s)
        self._failures += 1
        log.warning(
            "cloud_not_reached",
            reason=str(error),
            failures=self._failures,
            retry_in_s=round(delay_s, 1),
        )
        await self._clock.sleep(delay_s)


def _store_id(db: sqlite3.Connection) -> str:
    return facts.read(db, facts.STORE_ID) or ""


def _set_aside(db: sqlite3.Connection, entry: Entry, reason: str, now_ms: int) -> None:
    payload = json.dumps(entry.as_wire()).encode()
    quarantine.add(db, topic="outbox", payload=payload, reason=reason, seen_at_ms=now_ms)
    facts.add_to_tallies(db, {"refused_by_cloud": 1})
    outbox.skip(db, entry.number)
