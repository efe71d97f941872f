# SPDX-License-Identifier: EUPL-1.2
"""What has been kept long enough goes, once a day; the audit log is anchored then, too.

Any number of processes may do so at a time: what is gone can't go twice.
"""

import asyncio
from datetime import timedelta

import psycopg
import structlog

from cloud.kit import audit
from cloud.kit.clock import Clock
from cloud.kit.database import Database, lock
from cloud.privacy import audit_repository, people_repository
from cloud.privacy.audit import AuditLog
from cloud.privacy.catalogue import AUDIT_DETAILS_DAYS, ENDINGS, PEOPLE
from cloud.privacy.chain import THINNED

log = structlog.get_logger(__name__)

EVERY_S = 24 * 3600
AGAIN_S = 300
TIMEOUT_S = 300


class Keeping:
    """Ends what has been kept long enough."""

    def __init__(self, database: Database, clock: Clock, audit_log: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit_log = audit_log

    async def run(self) -> None:
        """Do so now and every day, until cancelled."""
        while True:
            try:
                await self.once()
            except (psycopg.Error, TimeoutError) as error:
                log.warning("retention_put_off", error=str(error).strip()[:200])
                await asyncio.sleep(AGAIN_S)
            else:
                await asyncio.sleep(EVERY_S)

    async def once(self) -> dict[str, int]:
        """Drop what is due and return how many rows of each table went; anchor the audit log."""
        now = self._clock.now()
        endings = {one.table: one.ending for one in PEOPLE if one.ending} | ENDINGS
        dropped = {}
        for table, ending in endings.items():
            async with self._database.transaction(TIMEOUT_S, as_system=True) as connection:
                dropped[table] = await people_repository.drop_ended(connection, table, ending, now)
        async with self._database.transaction(TIMEOUT_S, as_system=True) as connection:
            dropped["procrastinate_jobs"] = await people_repository.drop_ended_jobs(connection, now)
        async with self._database.transaction(TIMEOUT_S, as_system=True) as connection:
            await lock(connection, "audit_details")
            before = await audit_repository.thin(
                connection, now - timedelta(days=AUDIT_DETAILS_DAYS)
            )
            if before is not None:
                await audit.record(connection, None, THINNED, "audit_log", before=before)
        await self._audit_log.anchor()
        told = {table: count for table, count in dropped.items() if count}
        log.info("retention_done", **told)
        return told
