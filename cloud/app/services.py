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

from cloud.accounts import tasks as account_tasks
from cloud.accounts.factors import Factors
from cloud.accounts.links import Links
from cloud.accounts.organisations import Organisations
from cloud.accounts.own_tokens import OwnTokens
from cloud.accounts.passkeys import Passkeys
from cloud.accounts.people import People
from cloud.accounts.service import Access
from cloud.accounts.sessions import Sessions
from cloud.accounts.shares import Shares
from cloud.accounts.tokens import Tokens
from cloud.accounts.users import Users
from cloud.alerts import tasks as alert_tasks
from cloud.alerts.backtests import Backtests
from cloud.alerts.course import Course
from cloud.alerts.findings import FindingAdmitter
from cloud.alerts.labels import Labels
from cloud.alerts.messages import Messages
from cloud.alerts.notes import Notes
from cloud.alerts.notices import Notices as PeopleNotices
from cloud.alerts.push import Push
from cloud.alerts.service import Alerts
from cloud.alerts.subscriptions import Subscriptions
from cloud.alerts.switches import Switches
from cloud.app.demand_services import DemandServices
from cloud.app.saving_services import SavingServices
from cloud.app.upkeep import Upkeep
from cloud.downlink.service import Downlink
from cloud.exports.service import Exports
from cloud.kit.addresses import Addresses
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.hypertable import Hypertables
from cloud.kit.jobs import Jobs
from cloud.kit.live import LiveFeed
from cloud.kit.mail import Mail
from cloud.kit.outbound import guarded_client
from cloud.kit.rates import Rates
from cloud.kit.sealing import Sealing
from cloud.kit.settings import CloudSettings
from cloud.meters.authority import Authority
from cloud.meters.register_history import RegisterHistory
from cloud.meters.service import MeterRegistry
from cloud.papers.bill_checks import BillChecks
from cloud.papers.client_numbers import ClientNumbers
from cloud.papers.press import Press
from cloud.papers.service import Papers
from cloud.premises.service import PremisesRegistry
from cloud.privacy.accesses import AccessLog
from cloud.privacy.anchors import Anchors
from cloud.privacy.audit import AuditLog
from cloud.privacy.counting import Accesses
from cloud.privacy.erasure import Erasures
from cloud.privacy.retention import Keeping
from cloud.privacy.takeout import Takeout
from cloud.readings.districts import Districts
from cloud.readings.ingest import Ingest
from cloud.readings.long_usage_service import LongUsages
from cloud.readings.notices import Notices
from cloud.readings.registers import Registers
from cloud.readings.service import Readings, highest_boot, mark_stale
from cloud.tariffs.book import PriceBook
from cloud.tariffs.costs import Costs
from cloud.tariffs.gas import GasEnergy
from cloud.tariffs.service import Tariffs
from cloud.validation import tasks as validation_tasks
from cloud.validation.corrections import Corrections
from cloud.validation.review import HistoryReview
from cloud.validation.service import Reviewer
from cloud.validation.trail import AuditTrail
from cloud.weather import tasks as weather_tasks
from cloud.weather.feed import Feed
from cloud.weather.fetching import OpenMeteo
from cloud.weather.service import WeatherRecords
from cloud.webhooks import owners
from cloud.webhooks.delivery import Courier
from cloud.webhooks.dispatch import Dispatcher
from cloud.webhooks.keys import Keys
from cloud.webhooks.registry import Webhooks
from cloud.webhooks.schedule import Schedule
from cloud.webhooks.service import Outbox
from wire import batch

PUSH_TIMEOUT_S = 15


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the routes and the background work stand on."""

    settings: CloudSettings
    clock: Clock
    database: Database
    hypertables: Hypertables
    upkeep: Upkeep
    access: Access
    sessions: Sessions
    factors: Factors
    passkeys: Passkeys
    links: Links
    people: People
    shares: Shares
    tokens: Tokens
    own_tokens: OwnTokens
    organisations: Organisations
    users: Users
    rates: Rates
    premises: PremisesRegistry
    meters: MeterRegistry
    register_history: RegisterHistory
    ingest: Ingest
    readings: Readings
    long_usages: LongUsages
    registers: Registers
    districts: Districts
    notices: Notices
    downlink: Downlink
    tariffs: Tariffs
    costs: Costs
    gas_energy: GasEnergy
    demand: DemandServices
    saving: SavingServices
    corrections: Corrections
    audit_trail: AuditTrail
    reviewer: Reviewer
    history_review: HistoryReview
    alerts: Alerts
    labels: Labels
    backtests: Backtests
    switches: Switches
    webhooks: Webhooks
    audit_log: AuditLog
    accesses: Accesses
    access_log: AccessLog
    dispatcher: Dispatcher
    takeout: Takeout
    erasures: Erasures
    keeping: Keeping
    live: LiveFeed
    jobs: Jobs
    mail: Mail
    push: Push
    notices_to_people: PeopleNotices
    subscriptions: Subscriptions
    weather: WeatherRecords
    weather_feed: Feed
    papers: Papers
    client_numbers: ClientNumbers
    bill_checks: BillChecks

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: CloudSettings, dsn: str, clock: Clock | None = None
    ) -> AsyncIterator[Self]:
        """Yield all services on the database ``dsn``, which has the newest schema."""
        database = Database(dsn, settings.database_pool_size)
        await database.open()
        try:
            addresses = Addresses(settings.webhook_allowed_networks)
            async with guarded_client(addresses, settings.webhook_timeout_s) as client:
                services = await cls._on(database, settings, clock or Clock(), client)
                try:
                    yield services
                finally:
                    await services.demand.studies.stop()
                    await services.saving.comparing.stop()
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
        accesses = Accesses(database, clock)
        book = PriceBook(settings.assumed_tariffs)
        costs = Costs(database, clock, book)
        access_log = AccessLog(database, accesses)
        audit_log = AuditLog(database, clock, Anchors(settings.data_dir / "audit"))
        readings = Readings(database)
        registers = Registers(database)
        outbox = Outbox(clock)
        course = Course(Messages(outbox, jobs, settings.base_url), costs)
        alerts = Alerts(database, clock, course, jobs)
        mail = Mail(settings.mail_server, clock)
        pushable = Addresses(settings.push_allowed_networks)
        push = Push(
            settings.data_dir / "push",
            lambda: guarded_client(pushable, PUSH_TIMEOUT_S),
            clock,
            settings.contact,
        )
        notices = PeopleNotices(database, clock, jobs, course, mail, push, settings.base_url)
        alert_tasks.register(jobs, alerts, notices)
        sealing = Sealing(settings.data_dir / "keys" / "sealing.key")
        keys = Keys(sealing)
        async with database.transaction(as_system=True) as connection:
            await keys.seal_old_secrets(connection, clock.now())
        owners.register(jobs, owners.Owners(database, mail))
        history_review = HistoryReview(database, clock)
        validation_tasks.register(jobs, history_review)
        ingest = Ingest(
            database,
            clock,
            hypertables,
            {batch.FINDING: FindingAdmitter(course)},
        )
        weather = WeatherRecords(database, clock)
        demand = DemandServices.built(
            settings, database, clock, jobs, mail, sealing, outbox, weather, costs
        )
        notes = Notes(database, clock, mail, push, settings.base_url)
        saving = SavingServices.built(
            database, clock, jobs, notes, alerts, costs, demand.bills, weather
        )
        sessions = Sessions(database, clock, settings)
        links = Links(database, clock, jobs, mail, sessions, settings)
        account_tasks.register(jobs, links)
        factors = Factors(database, clock, sealing, links)
        weather_feed = Feed(weather, OpenMeteo(client), clock)
        weather_tasks.register(jobs, weather_feed)
        return cls(
            settings=settings,
            clock=clock,
            database=database,
            hypertables=hypertables,
            upkeep=Upkeep(hypertables, clock, settings.retention),
            access=Access(database, clock, sessions, factors, links),
            sessions=sessions,
            factors=factors,
            passkeys=Passkeys(database, clock, sessions, factors, links, settings),
            links=links,
            people=People(database, clock, sessions, links),
            shares=Shares(database, clock, links),
            tokens=Tokens(database, clock),
            own_tokens=OwnTokens(database, clock),
            organisations=Organisations(
                database, clock, settings.oidc, settings.public_url, sessions
            ),
            users=Users(database, clock, sessions),
            rates=Rates(
                callers=settings.caller_rate,
                gateways=settings.gateway_rate,
                strangers=settings.stranger_rate,
            ),
            premises=PremisesRegistry(database),
            meters=MeterRegistry(
                database, clock, authority, ingest.node_changed, mark_stale, highest_boot
            ),
            register_history=RegisterHistory(database, clock, ingest.node_changed, mark_stale),
            ingest=ingest,
            readings=readings,
            registers=registers,
            long_usages=LongUsages(database),
            districts=Districts(database, settings.aggregate_min_premises),
            notices=Notices(database),
            downlink=Downlink(database, clock),
            tariffs=Tariffs(database, clock, book),
            costs=costs,
            gas_energy=GasEnergy(database, book),
            demand=demand,
            saving=saving,
            corrections=Corrections(database, clock),
            audit_trail=AuditTrail(database),
            reviewer=Reviewer(database, hypertables),
            history_review=history_review,
            alerts=alerts,
            webhooks=Webhooks(
                database,
                clock,
                Addresses(settings.webhook_allowed_networks),
                keys,
                outbox,
                settings.webhook_timeout_s,
            ),
            dispatcher=Dispatcher(
                database,
                clock,
                jobs,
                keys,
                Courier(clock, client, settings.webhook_timeout_s),
                Schedule(
                    pauses_s=settings.webhook_pauses_s,
                    disable_after=timedelta(days=settings.webhook_disable_after_days),
                ),
            ),
            labels=Labels(database, clock, course),
            backtests=Backtests(database, clock, costs),
            switches=Switches(database, clock),
            audit_log=audit_log,
            accesses=accesses,
            access_log=access_log,
            takeout=Takeout(database, clock, Exports(database, readings), access_log),
            erasures=Erasures(database),
            keeping=Keeping(database, clock, audit_log),
            live=live,
            jobs=jobs,
            mail=mail,
            push=push,
            notices_to_people=notices,
            subscriptions=Subscriptions(database, clock, mail, pushable),
            weather=weather,
            weather_feed=weather_feed,
            papers=Papers(database, clock, readings, registers, costs, alerts, Press()),
            client_numbers=ClientNumbers(database, clock),
            bill_checks=BillChecks(database, registers, readings, costs, book, clock),
        )

    async def run(self, *, works: bool = True) -> None:
        """Run what goes on between requests until cancelled; without ``works`` no jobs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.live.run(), name="live_feed")
            group.create_task(self.accesses.run(), name="accesses")
            if works:
                group.create_task(self.work(), name="work")

    async def work(self) -> None:
        """Work on jobs, reviews and upkeep until cancelled: all that no caller waits for."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.jobs.run(), name="jobs")
            group.create_task(self.dispatcher.run(), name="webhooks")
            group.create_task(self.upkeep.run(), name="upkeep")
            group.create_task(self.reviewer.run(), name="reviewer")
            group.create_task(self.keeping.run(), name="keeping")
