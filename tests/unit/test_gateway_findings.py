# SPDX-License-Identifier: EUPL-1.2
"""Findings on their way: with the readings that caused them, through outages, exactly once."""

import asyncio
import contextlib

import pytest

from edge_gateway.errors import StoreError
from edge_gateway.forwarder import Cloud, Forwarder
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.store import outbox
from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import FakeClock
from tests.fakes.ingest_cloud import IngestCloud
from tests.gateway_builders import NOON_S, a_status, a_telegram, an_intake, rows, settings, topic
from wire import quality, telegram

TELEGRAM, STATUS = topic("telegram"), topic("status")
FINDINGS = "SELECT count(DISTINCT body ->> 'finding_id') FROM entry WHERE kind = 2"


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


async def burst(intake, minutes=range(1, 8), **others):
    """Offer a minute's readings each of 40 l/min, after a litre's worth of ordinary use."""
    for minute in minutes:
        litres = 1 if minute == 1 else 1 + 40 * (minute - 1)
        intake.offer(
            TELEGRAM, a_telegram(minute, time_s=NOON_S + 60 * minute, litres=litres, **others)
        )
        await intake.commit()


async def test_a_finding_follows_the_reading_that_caused_it(store):
    intake = an_intake(store, FakeClock((NOON_S + 600) * 1000))
    await burst(intake)
    waiting = await store.read(lambda db: outbox.oldest(db, 100))
    place = [entry.kind for entry in waiting].index("finding")
    raised_by, finding = waiting[place - 1], waiting[place].body
    assert finding["raised_at_s"] == raised_by.read_at_s
    assert (finding["kind"], finding["state"]) == ("burst", "raised")
    assert waiting[place].number == raised_by.number + 1


async def test_an_outage_delays_a_finding_and_keeps_its_own_time(store, tmp_path):
    clock = FakeClock((NOON_S + 600) * 1000)
    intake = an_intake(store, clock)
    await burst(intake)
    clock.advance(7 * 3600)
    cloud = IngestCloud()
    await cloud.start()
    told = settings(tmp_path, cloud_url=f"http://127.0.0.1:{cloud.port}")
    async with Cloud(told, FakeClock()) as client:
        running = asyncio.create_task(Forwarder(told, store, client, clock).run())
        async with asyncio.timeout(5):
            while not cloud.findings:
                await asyncio.sleep(0.01)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    await cloud.stop()
    finding = cloud.findings[0]
    assert {later["finding_id"] for later in cloud.findings} == {finding["finding_id"]}
    assert NOON_S + 60 < finding["raised_at_s"] <= NOON_S + 420


async def test_a_restart_or_a_failed_disk_raises_nothing_twice(store):
    clock = FakeClock((NOON_S + 600) * 1000)
    await burst(an_intake(store, clock), range(1, 4))
    intake = an_intake(store, clock)
    (pages,) = (await rows(store, "PRAGMA page_count"))[0]
    await rows(store, f"PRAGMA max_page_count = {pages}")
    for minute in range(4, 400):
        intake.offer(
            TELEGRAM,
            a_telegram(minute, time_s=NOON_S + 60 * minute, litres=40 * minute),
        )
    with pytest.raises(StoreError):
        await intake.commit()
    await rows(store, "PRAGMA max_page_count = 1000000")
    await burst(intake, range(4, 8))
    await burst(an_intake(store, clock), range(1, 8))
    assert await rows(store, FINDINGS) == [(1,)]


async def test_readings_that_waited_for_their_time_are_watched_too(store):
    clock = FakeClock((NOON_S + 600) * 1000)
    intake = an_intake(store, clock)
    for minute in range(1, 8):
        litres = 1 if minute == 1 else 1 + 40 * (minute - 1)
        intake.offer(
            TELEGRAM,
            a_telegram(
                minute,
                time_s=60 * minute,
                time_quality=telegram.TIME_SINCE_BOOT,
                litres=litres,
            ),
        )
    await intake.commit()
    assert await rows(store, FINDINGS) == [(0,)]
    intake.offer(STATUS, a_status(up_ms=480_000))
    await intake.commit()
    assert await rows(store, FINDINGS) == [(1,)]


class Onlooker(Monitor):
    """The leak rules, who say what they were shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def look(self, **reading):
        self.shown.append((reading["obis"], reading["register"], reading["quality"]))
        return super().look(**reading)


async def test_gas_and_electricity_are_shown_in_thousandths_and_heat_is_not_shown(store):
    watch = Onlooker()
    intake = an_intake(store, FakeClock((NOON_S + 600) * 1000), watch=watch)
    registers = ("8-0:1.0.0", "9-0:1.0.0", "7-0:3.0.0", "1-0:1.8.0", "1-0:2.8.0", "6-0:1.0.0")
    for sequence, obis in enumerate(registers, 1):
        intake.offer(TELEGRAM, a_telegram(sequence, litres=5, obis=obis))
    await intake.commit()
    of_water = [("8-0:1.0.0", 5000, 0), ("9-0:1.0.0", 5000, 0)]
    assert watch.shown == [*of_water, ("7-0:3.0.0", 5_000_000, 0), ("1-0:1.8.0", 5_000_000, 0)]


async def test_the_rules_are_told_when_a_time_was_worked_out(store):
    watch = Onlooker()
    intake = an_intake(store, FakeClock((NOON_S + 600) * 1000), watch=watch)
    intake.offer(STATUS, a_status(up_ms=480_000))
    intake.offer(TELEGRAM, a_telegram(1, time_s=60, time_quality=telegram.TIME_SINCE_BOOT))
    await intake.commit()
    assert watch.shown == [("8-0:1.0.0", 0, quality.RECONSTRUCTED)]


async def test_three_hours_without_readings_neither_clear_a_burst_nor_raise_another(store):
    intake = an_intake(store, FakeClock((NOON_S + 86400) * 1000))
    await burst(intake)
    for minute in range(188, 191):
        litres = 281 + 40 * (minute - 8)
        intake.offer(TELEGRAM, a_telegram(minute, time_s=NOON_S + 60 * minute, litres=litres))
        await intake.commit()
    states = "SELECT DISTINCT body ->> 'state' FROM entry WHERE kind = 2"
    assert (await rows(store, FINDINGS), await rows(store, states)) == ([(1,)], [("raised",)])
