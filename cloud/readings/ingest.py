# SPDX-License-Identifier: EUPL-1.2
"""Ingest: a gateway's batch becomes rows, repeats and quarantine in one transaction.

The answer is given after the commit. One entry that can't be understood never holds up the others:
it goes to quarantine and is acknowledged with them.

A block of which everything is right and new is stored whole; of any other, each telegram goes the
way of an entry, which says what is wrong with which.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import structlog

from cloud.kit import metrics
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.hypertable import READINGS, Hypertables
from cloud.meters.service import lock_gateway
from cloud.readings import batches, notices, quarantine_repository
from cloud.readings.admission import TelegramAdmitter
from cloud.readings.columns import Integers, runs
from cloud.readings.models import Admission, Admitter, Entry, Reason
from wire import batch

log = structlog.get_logger(__name__)

REPLAY_AT_ONCE = 5000
MONTH_S = 31 * 86400  # readings further apart don't make the room between them needed


class Ingest:
    """Commits batches; ``others`` says who takes in entries besides telegrams and events."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hypertables: Hypertables,
        others: Mapping[str, Admitter],
    ) -> None:
        self._database = database
        self._clock = clock
        self._hypertables = hypertables
        self._telegrams = TelegramAdmitter()
        self._admitters: dict[str, Admitter] = {
            batch.TELEGRAM: self._telegrams,
            batch.EVENT: self._telegrams,
            **others,
        }

    async def commit(self, gateway_id: str, body: bytes) -> tuple[int, Admission]:
        """Store the batch in ``body`` and return up to which number it is committed."""
        latest_s = int(self._clock.now().timestamp()) + batches.MAX_AHEAD_S
        posted = batches.decoded(gateway_id, body, latest_s)
        await self._make_room(posted.read_at_s())
        admission = Admission(refused=posted.refused)
        async with self._database.transaction() as connection:
            async with connection.pipeline():  # sent together: every wait for an answer costs
                await lock_gateway(connection, gateway_id)
                await quarantine_repository.advance_watermark(
                    connection, gateway_id, posted.store, posted.committed
                )
            stored = await self._telegrams.admit_blocks(
                connection, gateway_id, [one.columns for one in posted.blocks]
            )
            admission.stored += sum(map(len, stored))
            alone = [
                entry
                for one in posted.blocks
                if one.columns not in stored
                for entry in one.as_entries()
            ]
            admission.add(await self._admit(connection, gateway_id, posted.entries + alone))
            admission.add(await notices.admit(connection, gateway_id, posted.store, posted.notices))
            if admission.refused:
                await quarantine_repository.quarantine(
                    connection, gateway_id, posted.store, admission.refused
                )
        metrics.BATCHES.inc()
        metrics.ENTRIES.labels("stored").inc(admission.stored)
        metrics.ENTRIES.labels("repeated").inc(admission.repeated)
        metrics.ENTRIES.labels("quarantined").inc(len(admission.refused))
        if admission.refused:
            log.warning(
                "entries_quarantined",
                gateway=gateway_id,
                count=len(admission.refused),
                reasons=sorted({refusal.reason for refusal in admission.refused}),
            )
        return posted.committed, admission

    async def node_changed(self, connection: Connection, node_id: str) -> None:
        """Take up what a node sent before it, or a meter of its, was registered."""
        after = 0
        while waiting := await quarantine_repository.replayable(
            connection, node_id, Reason.REPLAYABLE, after, REPLAY_AT_ONCE
        ):
            taken = await self._replay(connection, waiting)
            await quarantine_repository.mark_replayed(connection, taken)
            after = waiting[-1]["quarantine_id"]

    async def _replay(
        self, connection: Connection, waiting: Sequence[Mapping[str, Any]]
    ) -> list[int]:
        """Admit quarantined entries again and return the ids of those that are in now."""
        taken = []
        for gateway_id in {held["gateway_id"] for held in waiting}:
            entries: list[Entry] = []
            ids: dict[int, list[int]] = {}
            for held in waiting:
                if held["gateway_id"] == gateway_id:
                    entry = batches.with_number(json.loads(held["entry"]))
                    entries.append(entry)
                    ids.setdefault(entry.number, []).append(held["quarantine_id"])
            await self._make_room(np.array([entry.read_at_s for entry in entries]))
            admission = await self._admit(connection, gateway_id, entries)
            still_out = {refusal.number for refusal in admission.refused}
            for number, quarantine_ids in ids.items():
                if number not in still_out:
                    taken += quarantine_ids
        return taken

    async def _admit(
        self, connection: Connection, gateway_id: str, entries: Sequence[Entry]
    ) -> Admission:
        admission = Admission()
        by_kind: dict[str, list[Entry]] = {}
        for entry in entries:
            by_kind.setdefault(entry.kind, []).append(entry)
        for kind, admitter in self._admitters.items():
            if kind in by_kind:
                admission.add(await admitter.admit(connection, gateway_id, by_kind[kind]))
        return admission

    async def _make_room(self, read_at_s: Integers) -> None:
        """See to it that readings of these times have a place."""
        if not len(read_at_s):
            return
        for first_s, last_s in runs(read_at_s, MONTH_S):
            since, until = (datetime.fromtimestamp(one, UTC) for one in (first_s, last_s))
            await self._hypertables.make_room(READINGS, since, until)
