# SPDX-License-Identifier: EUPL-1.2
"""The gateway put together: its services by name, in one group that lives and ends as one."""

import asyncio
from collections.abc import Mapping

import structlog

from edge_gateway.broker.session import Session
from edge_gateway.clock import Clock
from edge_gateway.downlink import Downlink
from edge_gateway.errors import StoreDamagedError
from edge_gateway.feed import Feed
from edge_gateway.forwarder import Cloud, Configuration, Forwarder, Rotation
from edge_gateway.forwarder.configuration import Channel
from edge_gateway.health import Health
from edge_gateway.intake import Intake
from edge_gateway.leaks.labels import Label
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import COMMONEST_Q3_L_PER_H, Meter, utility
from edge_gateway.neighbours import Company
from edge_gateway.settings import Settings
from edge_gateway.store.database import Store
from edge_gateway.upkeep import Upkeep
from edge_gateway.watchdog import Watchdog
from edge_gateway.wired import Wired

REOPEN_AFTER_S = 1.0

log = structlog.get_logger(__name__)


async def run(settings: Settings, clock: Clock) -> None:
    """Run the gateway until cancelled; a store that proves damaged is opened anew, set aside."""
    while True:
        try:
            await _run_on_store(settings, clock)
        except* StoreDamagedError as damaged:
            log.error("store_damaged", errors=[str(error) for error in damaged.exceptions])
        await clock.sleep(REOPEN_AFTER_S)


async def _run_on_store(settings: Settings, clock: Clock) -> None:
    store = await Store.open(settings.data_dir, settings.store_limit_mb * 2**20)
    try:
        async with Cloud(settings, clock) as cloud:
            await _run_services(settings, clock, store, cloud)
    finally:
        await store.close()
        log.info("gateway_stopped")


async def _run_services(settings: Settings, clock: Clock, store: Store, cloud: Cloud) -> None:
    monitor = Monitor()
    session = Session(settings, clock)
    feed = Feed()
    company = Company(settings, feed, clock, session.is_connected)
    wired = Wired(settings, store, clock, session)
    intake = Intake(
        site=settings.site,
        gateway_id=settings.id,
        store=store,
        publisher=wired,
        clock=clock,
        watch=monitor,
        feed=feed,
        commit_interval_s=settings.commit_interval_s,
    )
    forwarder = Forwarder(settings, store, cloud, clock)
    health = Health(settings, store, clock)
    downlink = Downlink(settings, store, cloud, wired, clock)

    async def receive(topic: str, payload: bytes, retained: bool) -> None:
        if not await downlink.receive(topic, payload, retained):
            await intake.receive(topic, payload, retained)

    def learn(channels: Mapping[tuple[str, str], Channel]) -> None:
        monitor.know({key: as_meter(channel) for key, channel in channels.items()})

    configuration = Configuration(settings, store, cloud, clock, learn)
    await configuration.recall()
    log.info("gateway_started", gateway=settings.id, site=settings.site)
    async with asyncio.TaskGroup() as services:
        services.create_task(intake.run(), name="intake")
        services.create_task(session.run(receive), name="broker")
        services.create_task(wired.run(intake.offer), name="wired")
        services.create_task(forwarder.run(), name="forwarder")
        services.create_task(configuration.run(), name="configuration")
        services.create_task(Rotation(settings, cloud, clock).run(), name="rotation")
        services.create_task(downlink.run(), name="downlink")
        services.create_task(health.run(), name="health")
        services.create_task(company.run(), name="neighbours")
        services.create_task(Upkeep(settings, store, intake, clock).run(), name="upkeep")
        services.create_task(Watchdog(store, intake).run(), name="watchdog")


def as_meter(channel: Channel) -> Meter:
    """Return what the leak rules are told of a channel."""
    parent = channel.parent
    return Meter(
        meter_id=channel.meter_id,
        utility=utility(channel.obis),
        q3_l_per_h=channel.q3_l_per_h or COMMONEST_Q3_L_PER_H,
        households=channel.households,
        parent=None if parent is None else (parent.node_id, parent.obis),
        labels=tuple(Label(**label.model_dump()) for label in channel.labels),
        rules_off=frozenset(channel.rules_off),
    )
