# SPDX-License-Identifier: EUPL-1.2
"""The service that empties the outbox into the cloud."""

import asyncio
import json
import sqlite3
from functools import partial

import structlog

from edge_gateway.clock import Clock, full_jitter_s
from edge_gateway.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    CloudBusyError,
    CloudError,
    CloudNotTrustedError,
    CloudSilentError,
    CloudUnreachableError,
    StoreError,
)
from edge_gateway.forwarder.cloud import Cloud
from edge_gateway.settings import Settings
from edge_gateway.store import facts, lanes, outbox, quarantine
from edge_gateway.store.database import Store
from edge_gateway.store.entries import Entry
from edge_gateway.store.lanes import Batch, Lane
from wire import batch

RETRY_FIRST_S = 0.25
STORE_RETRY_S = 5.0
LOOK_EVERY_S = 60.0  # into the store, also where nobody said that the outbox grew
LINGER_S = 0.02  # lets what nodes send in the same instant travel together
MAX_SET_ASIDE = 20  # in a row; a cloud that refuses everything is at fault, not every entry
# What is urgent waits for the request under way and then for its own: both well under the 5 s in
# which an alert is to be there.
REQUEST_S = 1.0
FEWEST_WHEN_SLOW = 100  # entries, some 2 KB: of a slow link the delay is felt, not the size
MOST_GROWTH = 4  # from one batch to the next

log = structlog.get_logger(__name__)


class Forwarder:
    """Carries messages, findings and notices to the cloud; forgets them only on its word.

    A power cut at any line repeats a batch and loses none; the cloud drops repeats by key. A batch
    that is refused as invalid is halved until the entry at fault stands alone and is set aside, so
    that it does not dam the rest. Batches grow and shrink so that a request takes about a second.

    What is delivered is known here at once and noted in the store: with every batch while more
    waits, and else now and then, for it would cost an SD card as much as the telegrams themselves.
    """

    def __init__(self, settings: Settings, store: Store, cloud: Cloud, clock: Clock) -> None:
        self._batch_entries = self._most_entries = self._limit = settings.batch_entries
        self._retry_cap_s = settings.uplink_retry_cap_s
        self._forget_every_s = settings.forget_every_s
        self._store = store
        self._cloud = cloud
        self._clock = clock
        self._lane = Lane.BACKLOG
        self._failures = 0
        self._set_aside_in_a_row = 0
        self._unsaved_since_s: float | None = None  # None: the store knows all that is delivered

    async def run(self) -> None:
        """Forward until cancelled."""
        self._store_id = await self._store.read(_store_id)
        self._delivered = await self._store.read(outbox.delivered)
        try:
            while True:
                try:
                    await self._take_turn()
                except StoreError as error:
                    log.error("store_failed", error=str(error))
                    await self._clock.sleep(STORE_RETRY_S)
        finally:
            await self._save()

    async def _take_turn(self) -> None:
        self._store.outbox_grew.clear()
        try:
            chosen = await self._store.read(
                partial(
                    lanes.next_batch,
                    delivered=self._delivered,
                    limit=self._limit,
                    after=self._lane,
                )
            )
            if chosen is None:
                await self._rest()
                return
            self._lane = chosen.lane
            await self._forward(chosen)
            if chosen.lane is not Lane.ALL or self._is_overdue():
                await self._save()
        except CloudError as error:
            await self._back_off(error)

    async def _rest(self) -> None:
        """Wait for something to send; note what was delivered if nothing comes."""
        is_saved = self._unsaved_since_s is None
        try:
            async with asyncio.timeout(LOOK_EVERY_S if is_saved else self._forget_every_s):
                await self._store.outbox_grew.wait()
        except TimeoutError:
            await self._save()
        else:
            await self._clock.sleep(LINGER_S)

    async def _forward(self, chosen: Batch) -> None:
        try:
            answer = await self._send(chosen)
        except (BatchTooLargeError, BatchRefusedError) as error:
            is_alone = len(chosen.entries) == 1
            if isinstance(error, BatchTooLargeError):
                self._most_entries = self._limit = max(1, len(chosen.entries) // 2)
                if is_alone:  # a few hundred bytes: no entry, but what stands before the cloud
                    self._most_entries = self._batch_entries
                    raise CloudUnreachableError(f"Nothing is let through. {error}") from None
            if is_alone:
                await self._set_aside(chosen.entries[0], error)
                return
            for half in chosen.halves():
                await self._forward(half)
            return
        spans = chosen.spans_up_to(batch.committed(answer))
        if not spans:
            raise CloudUnreachableError("The answer commits nothing of the batch.")
        self._note_delivered(spans)
        self._succeed(answer)

    async def _send(self, chosen: Batch) -> dict[str, object]:
        """Send a batch, and learn from how long it took how large the next may be."""
        count = len(chosen.entries)
        began_s = self._clock.monotonic_s()
        try:
            answer = await self._cloud.send(self._store_id, chosen.entries)
        except CloudSilentError:
            self._limit = max(1, count // 2)  # perhaps a slow link; less may pass in time
            raise
        except CloudUnreachableError:
            self._limit = max(min(self._limit, FEWEST_WHEN_SLOW), count // 2)  # trying costs less
            raise
        took_s = max(self._clock.monotonic_s() - began_s, REQUEST_S / MOST_GROWTH)
        if count == self._limit or (took_s > REQUEST_S and count > FEWEST_WHEN_SLOW):
            fitting = max(FEWEST_WHEN_SLOW, int(count * REQUEST_S / took_s))
            self._limit = min(self._most_entries, fitting)
        return answer

    def _note_delivered(self, spans: list[tuple[int, int]]) -> None:
        for first, last in spans:
            self._delivered.settle(first, last)
        if self._unsaved_since_s is None:
            self._unsaved_since_s = self._clock.monotonic_s()

    def _is_overdue(self) -> bool:
        since_s = self._unsaved_since_s
        return since_s is not None and (self._clock.monotonic_s() - since_s >= self._forget_every_s)

    async def _save(self) -> None:
        """Note in the store what was delivered.

        If a power cut undoes this, it is sent again and the cloud drops it.
        """
        if self._unsaved_since_s is None:
            return
        await self._store.write_unsynced(
            partial(
                outbox.forget,
                delivered=self._delivered,
                acknowledged_at_ms=self._clock.now_ms(),
            )
        )
        self._unsaved_since_s = None

    async def _set_aside(self, entry: Entry, error: CloudError) -> None:
        if self._set_aside_in_a_row >= MAX_SET_ASIDE:
            raise CloudUnreachableError(f"Every entry alone is refused. {error}")
        self._set_aside_in_a_row += 1
        log.error("entry_set_aside", number=entry.number, reason=str(error))
        await self._store.write(
            partial(_keep_aside, entry=entry, reason=str(error), now_ms=self._clock.now_ms())
        )
        self._note_delivered([(entry.number, entry.number)])

    def _succeed(self, answer: dict[str, object]) -> None:
        if self._failures:
            log.info("cloud_back", failures=self._failures)
        if answer.get("quarantined"):
            log.warning("cloud_quarantined", entries=answer["quarantined"])
        self._failures = self._set_aside_in_a_row = 0

    async def _back_off(self, error: CloudError) -> None:
        delay_s = full_jitter_s(self._failures, RETRY_FIRST_S, self._retry_cap_s)
        if isinstance(error, CloudBusyError):
            delay_s += error.retry_after_s
        self._failures += 1
        if self._failures & (self._failures - 1) == 0:  # at 1, 2, 4, 8, …: weeks are twenty lines
            log.warning(
                "cloud_not_reached",
                reason=str(error),
                failures=self._failures,
                retry_in_s=round(delay_s, 1),
            )
        if isinstance(error, CloudNotTrustedError):
            await self._store.write_unsynced(
                partial(facts.add_to_tallies, counts={"cloud_not_trusted": 1})
            )
        await self._clock.sleep(delay_s)


def _store_id(db: sqlite3.Connection) -> str:
    return facts.read(db, facts.STORE_ID) or ""


def _keep_aside(db: sqlite3.Connection, entry: Entry, reason: str, now_ms: int) -> None:
    payload = json.dumps(entry.as_wire()).encode()
    quarantine.add(db, topic="outbox", payload=payload, reason=reason, seen_at_ms=now_ms)
    facts.add_to_tallies(db, {"refused_by_cloud": 1})
