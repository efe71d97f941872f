# SPDX-License-Identifier: EUPL-1.2
"""The audit log, for who may read it; checked, and anchored outside the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from psycopg.rows import DictRow

from cloud.accounts.shares import owned_premises
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.privacy import audit_repository
from cloud.privacy.anchors import Anchor, Anchors
from cloud.privacy.chain import Chain, Fault

log = structlog.get_logger(__name__)

VERIFY_TIMEOUT_S = 3600  # a year of a busy city is some million entries


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a walk over the log found."""

    entries: int
    last_hash: str
    anchors: int
    unfinished_anchor: bool  # the writing of the last one was interrupted; it doesn't count
    fault: Fault | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which entries of the log; None leaves a field open."""

    actor: str | None = None
    action: str | None = None
    about: str | None = None
    premises_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditLog:
    """Reads, checks and anchors the log; to write is ``cloud.kit.audit``'s alone."""

    def __init__(self, database: Database, clock: Clock, anchors: Anchors) -> None:
        self._database = database
        self._clock = clock
        self._anchors = anchors

    async def verify(self, told: Mapping[int, bytes] | None = None) -> Verdict:
        """Walk over the whole log; ``told`` are hashes by entry that the caller kept elsewhere."""
        anchors = {one.entry_id: bytes.fromhex(one.hash) for one in self._anchors.all()}
        async with self._database.transaction(VERIFY_TIMEOUT_S, as_system=True) as connection:
            await connection.execute("set transaction isolation level repeatable read")
            chain = Chain(
                gone=await audit_repository.gone(connection), told={**anchors, **(told or {})}
            )
            async for one in audit_repository.entries(connection):
                if not chain.follow(one):
                    break
        chain.end()
        return Verdict(
            entries=chain.entries,
            last_hash=chain.hash.hex(),
            anchors=len(anchors),
            unfinished_anchor=self._anchors.unfinished_bytes() > 0,
            fault=chain.fault,
        )

    async def anchor(self) -> Anchor | None:
        """Sign the last entry's hash, keep it and say it in the process's log; None if empty."""
        async with self._database.transaction(as_system=True) as connection:
            last = await audit_repository.last(connection)
        if last is None:
            return None
        anchor = self._anchors.add(*last, self._clock.now())
        log.info("audit_anchored", entry_id=anchor.entry_id, hash=anchor.hash)
        return anchor

    async def page(self, wanted: Wanted, before: int | None, limit: int) -> list[DictRow]:
        """Return entries, the newest first."""
        async with self._database.transaction(as_system=True) as connection:
            return await audit_repository.page(
                connection, before=before, limit=limit, **vars(wanted)
            )

    async def of_premises(
        self, caller: Principal, premises_id: str, before: int | None, limit: int
    ) -> list[DictRow]:
        """Return what was changed in a building, whichever part, to who owns or operates it."""
        await owned_premises(self._database, caller, premises_id)
        return await self.page(Wanted(premises_id=premises_id), before, limit)
