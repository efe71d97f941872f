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

from cloud.accounts.service import Access
from cloud.accounts.tokens import Tokens
from cloud.alerts import tasks
from cloud.alerts.backtests import Backtests
from cloud.alerts.delivery import Delivery
from cloud.alerts.findings import FindingAdmitter
from cloud.alerts.labels import Labels
from cloud.alerts.messages import Messages
from cloud.alerts.service import Alerts
from cloud.app.upkeep import Upkeep
from cloud.downlink.service import Downlink
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.hypertable import Hypertables
from cloud.kit.jobs import Jobs
from cloud.kit.live import LiveFeed
from cloud.kit.settings import CloudSettings
from cloud.meters.authority import Authority
from cloud.meters.register_history import RegisterHistory
from cloud.meters.service import MeterRegistry
from cloud.premises.service import PremisesRegistry
from cloud.readings.districts import Districts
from cloud.readings.ingest import Ingest
from cloud.readings.notices import Notices
from cloud.readings.registers import Registers
from cloud.readings.service import Readings, highest_boot, mark_stale
from cloud.validation import tasks as validation_tasks
from cloud.validation.corrections import Corrections
from cloud.validation.review import HistoryReview
from cloud.validation.service import Reviewer
from cloud.validation.trail import AuditTrail
from wire import batch


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the routes and the background work stand on."""

    settings: CloudSettings
    clock: Clock
    database: Database
    hypertables: Hypertables
    upkeep: Upkeep
    access: Access
    tokens: Tokens
    premises: PremisesRegistry
    meters: MeterRegistry
    register_history: RegisterHistory
    ingest: Ingest
    readings: Readings
    registers: Registers
    districts: Districts
    notices: Notices
    downlink: Downlink
    corrections: Corrections
    audit_trail: AuditTrail
    reviewer: Reviewer
    history_review: HistoryReview
    alerts: Alerts
    labels: Labels
    backtests: Backtests
    live: LiveFeed
    jobs: Jobs

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: CloudSettings, dsn: str, clock: Clock | None = None
    ) -> AsyncIterator[Self]:
        """Yield all services on the database ``dsn``, which has the newest schema."""
        database = Database(dsn, settings.database_pool_size)
        await database.open()
        try:
            async with httpx.AsyncClient(timeout=settings.webhook_timeout_s) as client:
                yield await cls._on(database, settings, clock or Clock(), client)
        finally:
            await database.close()

    @classmethod
    async def _on(
        cls, database: Database, settings: CloudSettings, clock: Clock, client: httpx.AsyncClient
    ) -> Self:
        """Build all services on an open database."""
        authority = Authority(settings.data_dir / "ca")
        authority.ensure()
        hypertables = await Hypertables.detect(database)
        jobs = Jobs(database.dsn)
        live = LiveFeed(database.dsn)
        alerts = Alerts(database, clock, settings.prices)
        live.on_return(alerts.changed_since)
        delivery = Delivery(database, clock, client, settings.webhook_timeout_s)
        tasks.register(jobs, delivery, settings.webhook_pauses_s)
        history_review = HistoryReview(database, clock)
        validation_tasks.register(jobs, history_review)
        ingest = Ingest(
            database,
            clock,
            hypertables,
            {batch.FINDING: FindingAdmitter(Messages(jobs, clock), settings.prices)},
        )
        return cls(
            settings=settings,
            clock=clock,
            database=database,
            hypertables=hypertables,
            upkeep=Upkeep(hypertables, clock, settings.retention),
            access=Access(database, clock, timedelta(days=settings.session_days)),
            tokens=Tokens(database, clock),
            premises=PremisesRegistry(database),
            meters=MeterRegistry(
                database, clock, authority, ingest.node_changed, mark_stale, highest_boot
            ),
            register_history=RegisterHistory(database, clock, ingest.node_changed, mark_stale),
            ingest=ingest,
            readings=Readings(database),
            registers=Registers(database),
            districts=Districts(database, settings.aggregate_min_premises),
            notices=Notices(database),
            downlink=Downlink(database, clock),
            corrections=Corrections(database, clock),
            audit_trail=AuditTrail(database),
            reviewer=Reviewer(database, hypertables),
            history_review=history_review,
            alerts=alerts,
            labels=Labels(database, clock, settings.prices),
            backtests=Backtests(database, clock, settings.prices),
            live=live,
            jobs=jobs,
        )

    async def run(self) -> None:
        """Run what goes on between requests, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.live.run(), name="live_feed")
            group.create_task(self.jobs.run(), name="jobs")
            group.create_task(self.upkeep.run(), name="upkeep")
            group.create_task(self.reviewer.run(), name="reviewer")
