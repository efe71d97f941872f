# SPDX-License-Identifier: EUPL-1.2
"""Upkeep: old readings and usage are compressed and dropped, late roll-ups are caught up on."""

import asyncio

import psycopg
import structlog

from cloud.kit.clock import Clock
from cloud.kit.hypertable import Hypertables, Retention

log = structlog.get_logger(__name__)

PAUSE_S = 300  # late data must be in the roll-ups within 15 min, also when a process was killed


class Upkeep:
    """Keeps the tables in shape; any number of processes may do so at a time."""

    def __init__(self, hypertables: Hypertables, clock: Clock, retention: Retention) -> None:
        self._hypertables = hypertables
        self._clock = clock
        self._retention = retention

    async def run(self) -> None:
        """Do what is due every few minutes, until cancelled."""
        while True:
            try:
                await self.once()
            except (psycopg.Error, TimeoutError) as error:
                log.warning("upkeep_put_off", error=str(error).strip()[:200])
            await asyncio.sleep(PAUSE_S)

    async def once(self) -> None:
        """Refresh, compress and drop what is due."""
        await self._hypertables.refresh()
        await self._hypertables.maintain(self._clock.now(), self._retention)
