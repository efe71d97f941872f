# SPDX-License-Identifier: EUPL-1.2
"""The real firmware on a real broker, killed, cut off and left unacknowledged: nothing is lost."""

import asyncio
import random
import time

import psutil
import pytest

from firmware.clock import Clock
from firmware.journal import Journal
from firmware.scribe import Scribe
from simulators.virtual_node import VirtualNode
from tests.fakes.device import MemoryFlash
from tests.integration.node_chain import WATER, chain, closures, provision, until
from wire import event, telegram

pytestmark = pytest.mark.needs_broker
START_ML = 5000


@pytest.fixture
async def ground(mosquitto, tmp_path):
    """A broker, a gateway, and a provisioned node that is not running yet."""
    async with chain(mosquitto, tmp_path) as (pki, broker, gateway):
        directory = tmp_path / "n-test"
        provision(directory, pki, broker.port)
        node = VirtualNode(directory)
        try:
            yield node, broker, gateway
        finally:
            await node.stop()


class Tap:
    """A tap that is opened now and then: feeds pulses and knows how many."""

    def __init__(self, node):
        self._input = node.pulse_input(0)
        self.pulses = 0

    def run(self, pulses):
        self._input.feed(closures(self.pulses * 60_000, pulses))
        self.pulses += pulses

    @property
    def register_ml(self):
        return START_ML + 1000 * self.pulses


async def all_arrives(node, gateway, tap):
    """Wait until the dial's register is stored, and everything that was ever journaled."""

    def is_there():
        return any(
            telegram.decode(payload).registers[WATER] == tap.register_ml
            for payload in gateway.stored.values()
            if b'"reg"' in payload
        )

    await until(is_there, "the last register never arrived", 60)

    def missing():
        return {(entry.boot, entry.sequence) for entry in node.journaled()} - set(gateway.stored)

    await until(lambda: not missing(), f"lost: {missing()}", 60)
    assert gateway.conflicts == []
    journaled = {(entry.boot, entry.sequence): entry.payload for entry in node.journaled()}
    assert all(journaled[key] == payload for key, payload in gateway.stored.items())
    registers = [e.message.registers[WATER] for e in node.journaled() if b'"reg"' in e.payload]
    assert registers == sorted(registers)  # never back, over all boots
    assert registers[-1] == tap.register_ml


async def test_20_crashes_at_random_moments_lose_nothing(ground):
    """AC-05 for the node, with pulses while it is down."""
    node, _, gateway = ground
    tap, chance = Tap(node), random.Random(5)
    await node.start()
    for _ in range(20):
        tap.run(chance.randint(0, 4))
        await asyncio.sleep(chance.uniform(0.05, 1.5))
        node.kill()
        tap.run(chance.randint(0, 4))
        await node.restart()
    await all_arrives(node, gateway, tap)
    boots = {boot for boot, _ in gateway.stored}
    assert boots <= set(range(1, 22))
    assert len(boots) > 10  # a kill may come before the boot has its number


async def test_broker_killed_wifi_cut_and_acknowledgements_withheld_lose_nothing(ground):
    node, broker, gateway = ground
    tap = Tap(node)
    await node.start()
    await until(lambda: len(gateway.stored) > 2, "nothing arrives")
    for is_killed in (True, False):
        tap.run(2)
        await broker.stop(is_killed=is_killed)
        await asyncio.sleep(2)
        await broker.start()
    node.set_wifi(False)
    await asyncio.sleep(3)
    tap.run(2)
    node.set_wifi(True)
    gateway.acknowledges = False
    tap.run(2)
    await asyncio.sleep(3)
    node.kill()
    await node.restart()
    gateway.acknowledges = True
    await all_arrives(node, gateway, tap)


async def test_power_cuts_lose_no_pulse(ground):
    node, _, gateway = ground
    tap = Tap(node)
    for _ in range(3):
        await node.start()
        tap.run(3)
        await asyncio.sleep(1.2)
        tap.run(2)
        await node.cut_power()
        tap.run(4)
    await node.start()
    await all_arrives(node, gateway, tap)


async def test_a_counter_that_lost_its_own_power_is_declared(ground):
    node, _, gateway = ground
    node.pulse_input(0).feed(closures(0, 7))
    await node.start()
    await until(lambda: len(gateway.stored) > 3, "nothing arrives")
    node.pulse_input(0).lose_counter_power()
    node.pulse_input(0).feed(closures(1_000_000, 2))

    def declared():
        return [e for e in node.journaled() if getattr(e.message, "kind", "") == event.POWER_LOST]

    await until(declared, "no event power_lost")
    assert declared()[0].message.detail["channel"] == WATER
    await until(lambda: any(b":14000}" in p for p in gateway.stored.values()), "5 + 7 + 2 l")


async def test_unacknowledged_messages_do_not_flood_the_broker(ground):
    """AC-03: acknowledgements stop while TCP stays up."""
    node, _, gateway = ground
    gateway.acknowledges = False
    await node.start()
    await asyncio.sleep(12)  # what is new within 5 s, then a probe, the next one 10 s later
    assert 4 <= len(gateway.stored) <= 9
    assert gateway.repeats == 1
    gateway.acknowledges = True
    await until(lambda: len(gateway.stored) > 14, "it never goes on", 30)
    assert gateway.repeats < 12


async def test_a_backlog_drains_within_the_heap_and_live_telegrams_follow(ground):
    """AC-07: 5,000 telegrams of an earlier boot, more than the heap could hold."""
    node, _, gateway = ground
    flash = MemoryFlash()
    scribe = Scribe("n-test", Clock(lambda: 5000), Journal(flash, 1))
    for _ in range(5000):
        scribe.telegram({WATER: START_ML})
    (node.directory / "flash" / "journal").mkdir()
    for name, content in flash.files.items():
        (node.directory / "flash" / name).write_bytes(content)
    await node.start()
    await until(lambda: len(gateway.stored) > 5005, "the backlog does not drain", 60)
    assert {boot for boot, _ in gateway.stored} == {1, 2}  # no restart for want of memory
    assert gateway.repeats == 0
    segments = node.directory / "flash" / "journal"
    await until(lambda: len(list(segments.glob("*.seg"))) == 1, "acknowledged segments stay")


async def test_an_idle_node_costs_little(ground):
    node, _, gateway = ground
    await node.start()
    await until(lambda: len(gateway.stored) > 3, "nothing arrives")
    process = psutil.Process(node.process_id)
    before_s = sum(process.cpu_times()[:2])
    await asyncio.sleep(5)
    assert sum(process.cpu_times()[:2]) - before_s < 0.25  # 5 % of a core at 1 Hz


async def test_an_unset_clock_counts_from_boot_then_is_set(ground):
    node, _, gateway = ground
    gateway.tells_time = False
    node.set_rtc(1_000_000_000)  # 2001: wrong, and not believed
    await node.start()
    await until(lambda: len(gateway.stored) >= 3, "nothing arrives")
    gateway.tells_time = True

    def kinds():
        return [getattr(e.message, "kind", "telegram") for e in node.journaled()]

    await until(lambda: event.CLOCK_SET in kinds(), "the clock is never set")
    await until(lambda: kinds()[-1] == "telegram", "no telegram after it")
    entries = list(node.journaled())
    at = kinds().index(event.CLOCK_SET)
    assert all(e.message.time_quality == telegram.TIME_SINCE_BOOT for e in entries[:at])
    assert all(e.message.time_s < 60 for e in entries[:at])
    assert entries[0].message.detail["rtc_s"] // 10 == 100_000_000
    after = entries[-1].message
    assert after.time_quality == telegram.TIME_KNOWN
    assert abs(after.time_s - time.time()) < 3
    assert abs(entries[at].message.detail["after_s"] - time.time()) < 5


async def test_a_reading_reaches_the_gateway_soon_after_its_second(ground):
    node, _, gateway = ground
    await node.start()
    await until(lambda: len(gateway.stored) > 12, "nothing arrives", 30)
    delays_s = sorted(
        gateway.arrived_at[key] - telegram.decode(payload).time_s
        for key, payload in gateway.stored.items()
        if b'"tq":0,"reg"' in payload
    )
    assert delays_s[0] >= 0  # dated by the moment it was read, on the second
    assert delays_s[len(delays_s) // 2] < 0.5
