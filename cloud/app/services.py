# SPDX-License-Identifier: EUPL-1.2
"""Services: every part of the cloud, built once and wired together.

The only place that knows which module hands what to which: admitters by kind of entry, what
happens when a node is registered, what streams catch up on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import httpx

from cloud.alerts import tasks
from cloud.alerts.delivery import Delivery
from cloud.alerts.findings import FindingAdmitter
from cloud.alerts.messages import Messages
from cloud.alerts.service import Alerts
from cloud.kit.auth.service import Access
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.jobs import Jobs
from cloud.kit.live import LiveFeed
from cloud.kit.settings import CloudSettings
from cloud.meters.authority import Authority
from cloud.meters.register_history import RegisterHistory
from cloud.meters.service import MeterRegistry
from cloud.premises.service import PremisesRegistry
from cloud.readings.admission import TelegramAdmitter
from cloud.readings.ingest import Ingest
from cloud.readings.service import Readings, highest_boot, mark_stale
from wire import batch


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the routes and the background work stand on."""

    settings: CloudSettings
    clock: Clock
    database: Database
    access: Access
    premises: PremisesRegistry
    meters: MeterRegistry
    register_history: RegisterHistory
    ingest: Ingest
    readings: Readings
    alerts: Alerts
    live: LiveFeed
    jobs: Jobs

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: CloudSettings, dsn: str, clock: Clock | None = None
    ) -> AsyncIterator[Self]:
        """Yield all services on the database ``dsn``, which has the newest schema."""
        clock = clock or Clock()
        database = Database(dsn, settings.database_pool_size)
        authority = Authority(settings.data_dir / "ca")
        authority.ensure()
        jobs = Jobs(database.dsn)
        live = LiveFeed(database.dsn)
        alerts = Alerts(database, clock)
        live.on_return(alerts.changed_since)
        telegrams = TelegramAdmitter()
        ingest = Ingest(
            database,
            clock,
            {
                batch.TELEGRAM: telegrams,
                batch.EVENT: telegrams,
                batch.FINDING: FindingAdmitter(Messages(jobs, clock)),
            },
        )
        async with httpx.AsyncClient(timeout=settings.webhook_timeout_s) as client:
            delivery = Delivery(database, clock, client, settings.webhook_timeout_s)
            tasks.register(jobs, delivery, settings.webhook_pauses_s)
            await database.open()
            try:
                yield cls(
                    settings=settings,
                    clock=clock,
                    database=database,
                    access=Access(database, clock, timedelta(days=settings.session_days)),
                    premises=PremisesRegistry(database),
                    meters=MeterRegistry(
                        database, clock, authority, ingest.node_changed, mark_stale, highest_boot
                    ),
                    register_history=RegisterHistory(
                        database, clock, ingest.node_changed, mark_stale
                    ),
                    ingest=ingest,
                    readings=Readings(database),
                    alerts=alerts,
                    live=live,
                    jobs=jobs,
                )
            finally:
                await database.close()

    async def run(self) -> None:
        """Run what goes on between requests, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.live.run(), name="live_feed")
            group.create_task(self.jobs.run(), name="jobs")
