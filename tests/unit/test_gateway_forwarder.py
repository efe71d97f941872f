# SPDX-License-Identifier: EUPL-1.2
import asyncio
import contextlib
import ssl
import time

import psutil
import pytest
import structlog

from edge_gateway.clock import SystemClock
from edge_gateway.forwarder import Cloud, Forwarder
from edge_gateway.store import outbox
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import (
    NODE,
    NOON_S,
    a_telegram,
    an_intake,
    rows,
    settings,
    tallies,
    topic,
)
from tests.gateway_pki import Authority


@pytest.fixture
def intake(store):
    return an_intake(store, FakeClock())


async def store_some(intake, first, last):
    for sequence in range(first, last + 1):
        intake.offer(topic("telegram"), a_telegram(sequence))
    await intake.commit()


@contextlib.asynccontextmanager
async def forwarding(store, cloud, clock=None, **others):
    others = {"cloud_url": f"http://127.0.0.1:{cloud.port}", **others}
    told = settings(store.path.parent, **others)
    async with Cloud(told, FakeClock()) as client:
        forwarder = Forwarder(told, store, client, clock or FakeClock())
        running = asyncio.create_task(forwarder.run())
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def until(condition, within_s=10):
    async with asyncio.timeout(within_s):
        while not await condition():
            await asyncio.sleep(0.005)


def emptied(store):
    async def condition():
        return await store.read(outbox.depth) == 0

    return condition


def keys(first, last):
    return {(NODE, 1, sequence) for sequence in range(first, last + 1)}


async def test_everything_arrives_in_batches_over_one_connection(store, cloud, intake):
    await store_some(intake, 1, 250)
    async with forwarding(store, cloud, batch_entries=100):
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 250)
    assert cloud.batch_sizes == [100, 100, 50]
    assert cloud.connections == 1
    assert cloud.tokens == {"Bearer token-of-a-test"}


async def test_what_comes_later_wakes_it_at_once(store, cloud, intake):
    async with forwarding(store, cloud, SystemClock()):
        await asyncio.sleep(0.2)
        began_s = time.monotonic()
        await store_some(intake, 1, 1)
        await until(emptied(store))
    assert time.monotonic() - began_s < 0.2


@pytest.mark.parametrize(
    "mood", ["500", "503", "429", "401", "403", "404", "hang_up", "lose_answer"]
)
async def test_nothing_is_forgotten_until_the_cloud_says_so(store, cloud, intake, mood):
    await store_some(intake, 1, 30)
    cloud.mood = lambda: mood
    async with forwarding(store, cloud):
        await until(lambda: asyncio.sleep(0, len(cloud.batch_sizes) > 5))
        assert await store.read(outbox.depth) == 30
        cloud.mood = lambda: "answer"
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 30)
    assert cloud.conflicts == []


@pytest.mark.parametrize(
    "answer", [{}, {"ver": 1}, {"ver": 2, "committed": 9}, {"ver": 1, "committed": "9"}, []]
)
async def test_an_answer_that_is_not_the_contract_is_no_answer(
    store, cloud, intake, answer, monkeypatch
):
    await store_some(intake, 1, 5)
    served = []

    async def take(writer, entries):
        from tests.fakes import ingest_cloud

        served.append(len(entries))
        return await ingest_cloud._answer(writer, 200, answer)

    monkeypatch.setattr(cloud, "_take", take)
    async with forwarding(store, cloud):
        await until(lambda: asyncio.sleep(0, len(served) > 3))
    assert await store.read(outbox.depth) == 5


async def test_a_link_that_swallows_everything_is_noticed(store, cloud, intake):
    await store_some(intake, 1, 5)
    cloud.mood = lambda: "hang"
    async with forwarding(store, cloud, uplink_timeout_s=0.2):
        await until(lambda: asyncio.sleep(0, len(cloud.batch_sizes) > 2), within_s=3)
        assert await store.read(outbox.depth) == 5
        cloud.mood = lambda: "answer"
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 5)


async def test_one_poisoned_entry_is_set_aside_and_dams_nothing(store, cloud, intake):
    await store_some(intake, 1, 40)
    cloud.refuses = lambda entry: entry["body"]["seq"] == 17
    async with forwarding(store, cloud):
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 40) - {(NODE, 1, 17)}
    [(kept_as, reason)] = await rows(store, "SELECT topic, reason FROM quarantine")
    assert kept_as == "outbox"
    assert "422" in reason
    assert (await tallies(store))["refused_by_cloud"] == 1


async def test_a_cloud_that_refuses_everything_does_not_empty_the_outbox(store, cloud, intake):
    await store_some(intake, 1, 60)
    cloud.refuses = lambda _entry: True
    async with forwarding(store, cloud):
        await until(lambda: asyncio.sleep(0, len(cloud.batch_sizes) > 60))
    assert await store.read(outbox.depth) == 40


async def test_a_batch_too_large_is_halved(store, cloud, intake):
    await store_some(intake, 1, 100)
    cloud.most_entries = 30
    async with forwarding(store, cloud):
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 100)
    assert (await tallies(store)).get("refused_by_cloud", 0) == 0


async def test_a_proxy_that_lets_no_body_through_costs_nothing_but_time(store, cloud, intake):
    await store_some(intake, 1, 100)
    cloud.most_entries = 0
    async with forwarding(store, cloud, FakeClock()):
        await until(lambda: asyncio.sleep(0, len(cloud.batch_sizes) > 100))
        cloud.most_entries = 5000
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 100)
    assert await rows(store, "SELECT * FROM quarantine") == []
    assert max(cloud.batch_sizes[-2:]) > 90  # and batches are large again


async def test_retries_are_quick_at_first_and_spread_up_to_a_cap(store, cloud, intake):
    clock = FakeClock()
    await store_some(intake, 1, 1)
    cloud.mood = lambda: "500"
    async with forwarding(store, cloud, clock):
        await until(lambda: asyncio.sleep(0, len(clock.slept_s) > 60))
    assert clock.slept_s[0] <= 0.25
    assert max(clock.slept_s) <= 15
    assert max(clock.slept_s[10:]) > 5
    assert len(set(clock.slept_s)) == len(clock.slept_s)


async def test_a_cloud_that_asks_for_time_gets_it(store, cloud, intake):
    clock = FakeClock()
    await store_some(intake, 1, 1)
    cloud.mood = lambda: "503"
    cloud.retry_after = "40"
    async with forwarding(store, cloud, clock):
        await until(lambda: asyncio.sleep(0, len(clock.slept_s) > 20))
    assert min(clock.slept_s[:20]) >= 40
    assert max(clock.slept_s[:20]) <= 40 + 15


async def test_weeks_without_the_cloud_are_a_few_lines_in_the_log(store, cloud, intake):
    clock = FakeClock()
    await store_some(intake, 1, 1)
    await cloud.stop()
    with structlog.testing.capture_logs() as logged:
        async with forwarding(store, cloud, clock):
            await until(lambda: asyncio.sleep(0, len(clock.slept_s) > 130))
    warnings = [one["failures"] for one in logged if one["event"] == "cloud_not_reached"]
    assert warnings[:8] == [1, 2, 4, 8, 16, 32, 64, 128]


async def test_somebody_else_at_the_clouds_address_is_told_nothing_and_counted(
    store, cloud, intake, tmp_path
):
    await cloud.stop()
    Authority("Another").issue("localhost", tmp_path / "other", "cloud")
    Authority("Ours").write_ca(tmp_path / "ours")
    cloud.ssl = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    cloud.ssl.load_cert_chain(tmp_path / "other" / "cloud.crt", tmp_path / "other" / "cloud.key")
    await cloud.start()
    await store_some(intake, 1, 5)
    clock = FakeClock()
    told = {
        "cloud_url": f"https://127.0.0.1:{cloud.port}",
        "cloud_ca_file": tmp_path / "ours" / "ca.crt",
    }
    async with forwarding(store, cloud, clock, **told):
        await until(lambda: asyncio.sleep(0, len(clock.slept_s) > 3))
    assert (await tallies(store))["cloud_not_trusted"] >= 3
    assert await store.read(outbox.depth) == 5
    assert cloud.tokens == set()


async def test_forgetting_waits_while_nothing_is_left_behind(store, cloud, intake):
    """It would cost an SD card a page for each telegram."""
    clock = FakeClock()
    async with forwarding(store, cloud, clock, forget_every_s=60):
        for sequence in range(1, 11):
            await store_some(intake, sequence, sequence)
            await until(lambda sent=sequence: asyncio.sleep(0, len(cloud.rows) == sent))
            clock.advance(5)
        assert await store.read(outbox.depth) == 10
        clock.advance(60)
        await store_some(intake, 11, 11)
        await until(emptied(store))
        await store_some(intake, 12, 12)
        await until(lambda: asyncio.sleep(0, len(cloud.rows) == 12))
        assert await store.read(outbox.depth) == 1
    assert await store.read(outbox.depth) == 0  # told to stop, it writes down what it knows
    assert sum(cloud.batch_sizes) == 12


async def test_a_kill_before_forgetting_costs_a_repeat_and_nothing_else(store, cloud, intake):
    await store_some(intake, 1, 10)
    async with forwarding(store, cloud, forget_every_s=60):
        await until(lambda: asyncio.sleep(0, len(cloud.rows) == 10))
        before = await store.read(outbox.delivered)
    await store.write(lambda db: outbox.forget(db, before, 1))  # as the kill would have left it
    async with forwarding(store, cloud, forget_every_s=0):
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 10)
    assert (cloud.batch_sizes, cloud.conflicts) == ([10, 10], [])


async def test_batches_shrink_until_a_request_takes_a_second_and_grow_again(store, cloud, intake):
    clock = FakeClock()
    per_entry_s = 0.004

    def mood():
        clock.advance(cloud.batch_sizes[-1] * per_entry_s)
        return "answer"

    cloud.mood = mood
    for first in range(1, 3001, 500):
        await store_some(intake, first, first + 499)
    async with forwarding(store, cloud, clock, batch_entries=1000):
        await until(emptied(store))
        assert cloud.batch_sizes[0] == 1000
        assert max(cloud.batch_sizes[3:]) * per_entry_s <= 2
        per_entry_s, cloud.mood = 0, lambda: "500"
        for first in range(3001, 8001, 500):
            await store_some(intake, first, first + 499)
        cloud.mood = mood
        await until(emptied(store))
    assert max(cloud.batch_sizes[-5:]) == 1000


async def test_an_outage_costs_disk_and_not_memory(store, cloud, intake):
    """AC-02 in small; ``make bench NAME=outage`` is the week."""
    resident = []
    await cloud.stop()
    async with forwarding(store, cloud):
        for first in range(1, 16_001, 500):
            await store_some(intake, first, first + 499)
            if first % 4000 == 1:
                await intake.settle()
                resident.append(psutil.Process().memory_info().rss)
        assert await store.read(outbox.depth) == 16_000
        await cloud.start(cloud.port)
        await until(emptied(store), within_s=60)
    assert set(cloud.rows) == keys(1, 16_000)
    assert resident[-1] - resident[-3] < 4 * 2**20  # of 8000 telegrams, half a kilobyte each


@pytest.mark.parametrize(
    ("mood", "timeout_s", "size"), [("hang", 0.1, 1), ("lose_answer", 30, 100)]
)
async def test_answers_that_stop_cost_neither_memory_nor_a_second_effect(
    store, cloud, intake, mood, timeout_s, size
):
    """AC-03: for ten minutes the connection stays up and no word of ours comes back."""
    cloud.mood = lambda: mood
    await store_some(intake, 1, 500)
    async with forwarding(store, cloud, uplink_timeout_s=timeout_s):
        await until(lambda: asyncio.sleep(0, len(cloud.batch_sizes) > 20))
        assert set(cloud.batch_sizes[12:]) == {
            size
        }  # asks with less and less, and holds on to that
        await store_some(intake, 501, 600)
        cloud.mood = lambda: "answer"
        await until(emptied(store))
    assert set(cloud.rows) == keys(1, 600)
    assert cloud.conflicts == []


async def test_an_alert_and_the_present_arrive_while_a_backlog_is_on_its_way(store, cloud, intake):
    """AC-61, with the order in place of the clock: at most one batch of the backlog between."""
    arrived = []

    def note(entry):
        arrived.append((entry["kind"], entry["n"]))
        return False

    cloud.refuses = note
    for first in range(1, 5001, 500):
        await store_some(intake, first, first + 499)
    told = 0
    async with forwarding(store, cloud, batch_entries=100):
        while await store.read(outbox.depth) > 1000:
            sent_before = len(arrived)
            told = await store.write(append_finding)
            store.outbox_grew.set()
            await until(lambda one=told: asyncio.sleep(0, ("finding", one) in arrived))
            backlog_between = arrived[sent_before : arrived.index(("finding", told))]
            assert len(backlog_between) <= 2 * 100  # the batch under way, and one just chosen
        await until(emptied(store))
    assert len(cloud.findings) > 3
    assert set(cloud.rows) == keys(1, 5000)


def append_finding(db):
    return outbox.append(
        db, kind="finding", received_at_ms=NOON_S * 1000, read_at_s=NOON_S, body={"finding_id": "f"}
    )
