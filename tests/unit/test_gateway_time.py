# SPDX-License-Identifier: EUPL-1.2
"""No reading keeps a wrong time: nodes without one, machines without one, clocks that step."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from edge_gateway.clock import SystemClock
from edge_gateway.health import Health
from edge_gateway.intake import admission, machine_time
from edge_gateway.store import outbox
from edge_gateway.store.database import Store
from edge_gateway.store.entries import Entry
from tests.fakes.gateway_clock import NOVEMBER_2026_MS, FakeMachine
from tests.gateway_builders import (
    NODE,
    NOON_S,
    a_status,
    a_telegram,
    an_intake,
    settings,
    tallies,
    topic,
)
from wire import batch, quality, telegram

DAY_MS = 86_400_000
STALE_MS = NOVEMBER_2026_MS - 90 * DAY_MS
CRYSTAL = 40e-6  # an ESP32's, fast by as much as its makers allow


class Gateway:
    """A gateway on a machine whose counter and clock a test sets."""

    def __init__(self, data_dir: Path, machine: FakeMachine) -> None:
        self._data_dir = data_dir
        self.machine = machine

    async def start(self) -> None:
        self.store = await Store.open(self._data_dir)
        self.clock = SystemClock(self._data_dir / "clock.json", machine=self.machine)
        self.intake = an_intake(self.store, self.clock)

    async def stop(self) -> None:
        await self.store.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def reboot(self, *, wall_ms: int = STALE_MS) -> None:
        await self.stop()
        self.machine.reboot(wall_ms=wall_ms)
        await self.start()

    async def take(self, *messages: bytes) -> None:
        for message in messages:
            said = json.loads(message)
            channel = "status" if "state" in said else "telegram"
            self.intake.offer(topic(channel, said["id"]), message)
        await self.intake.commit()

    async def is_told_the_time(self, now_ms: int) -> None:
        self.clock.learn(now_ms, self.clock.monotonic_s())
        await self.intake.commit()

    async def entries(self, kind: str = batch.TELEGRAM) -> list[Entry]:
        found = await self.store.read(lambda db: outbox.oldest(db, 100_000))
        return [one for one in found if one.kind == kind]

    async def times(self) -> dict[tuple[str, int, int], int]:
        """Return when each telegram was read, in Unix s."""
        return {one.key: one.read_at_s for one in await self.entries() if one.key}

    async def steps(self) -> list[dict[str, Any]]:
        """Return the details of the notices that the clock stepped."""
        notices = await self.entries(batch.NOTICE)
        return [one.body["detail"] for one in notices if one.body["notice"] == "clock_stepped"]


@pytest_asyncio.fixture
async def pi(tmp_path: Path) -> AsyncIterator[Gateway]:
    """Yield a gateway on a machine that woke up at a time long past."""
    gateway = Gateway(tmp_path, FakeMachine(STALE_MS))
    await gateway.start()
    yield gateway
    await gateway.stop()


def since_boot(sequence: int, elapsed_s: int, **others: Any) -> bytes:
    return a_telegram(
        sequence,
        time_s=elapsed_s,
        time_quality=telegram.TIME_SINCE_BOOT,
        litres=sequence,
        **others,
    )


async def test_two_hours_without_the_time_are_dated_to_the_drift_of_the_crystal(tmp_path: Path):
    """AC-30."""
    machine = FakeMachine()
    machine.synchronised = True
    gateway = Gateway(tmp_path, machine)
    await gateway.start()
    machine.advance(7200)
    minutes = range(1, 121)
    await gateway.take(*[since_boot(n, int(n * 60 * (1 + CRYSTAL))) for n in minutes])
    assert await gateway.entries() == []
    await gateway.take(a_status(up_ms=int(7_200_000 * (1 + CRYSTAL))))
    found = await gateway.entries()
    assert {one.quality for one in found} == {quality.RECONSTRUCTED}
    for one in found:
        assert one.key is not None
        read_at_s = NOON_S + 60 * one.key[2]
        assert abs(one.read_at_s - read_at_s) <= 1 + 7200 * CRYSTAL
    assert len(found) == 120
    assert await gateway.steps() == []
    await gateway.stop()


async def test_a_pi_without_a_clock_dates_nothing_until_it_is_told_and_then_all_of_it(pi: Gateway):
    """AC-31: one node that has kept the time, and one that never had it."""
    await pi.take(a_status(up_ms=60_000, node_id="n-lost"))
    for minute in range(1, 4):
        pi.machine.advance(60)
        at_s = NOON_S + 60 * minute
        await pi.take(
            a_telegram(minute, time_s=at_s, litres=minute),
            since_boot(minute, 60 + 60 * minute, node_id="n-lost"),
        )
    assert await pi.entries() == []
    assert (await tallies(pi.store))["stored"] == 6  # and acknowledged
    await pi.is_told_the_time(NOON_S * 1000 + 180_000)
    assert await pi.times() == {
        (node, 1, minute): NOON_S + 60 * minute for node in (NODE, "n-lost") for minute in (1, 2, 3)
    }
    for one in await pi.entries():
        assert one.key is not None
        assert one.received_at_ms == (NOON_S + 60 * one.key[2]) * 1000
    assert await pi.steps() == [{"by_ms": 90 * DAY_MS, "known_from": "clock"}]


async def test_a_machine_that_was_right_all_along_did_not_step(tmp_path: Path):
    gateway = Gateway(tmp_path, FakeMachine())
    await gateway.start()
    await gateway.take(a_telegram(1))
    await gateway.is_told_the_time(NOVEMBER_2026_MS + 900)
    assert len(await gateway.entries()) == 1
    assert await gateway.steps() == []
    await gateway.stop()


async def test_what_was_recorded_before_a_restart_of_the_process_is_put_right_after_it(pi: Gateway):
    await pi.take(a_status(up_ms=1000), since_boot(1, 1))
    await pi.restart()
    pi.machine.advance(60)
    await pi.take(since_boot(2, 61))
    await pi.is_told_the_time(NOON_S * 1000)
    assert await pi.times() == {(NODE, 1, 1): NOON_S - 60, (NODE, 1, 2): NOON_S}
    assert len(await pi.steps()) == 1


async def test_the_process_after_one_that_was_told_goes_on_dating_without_being_told(pi: Gateway):
    await pi.is_told_the_time(NOON_S * 1000)
    await pi.restart()
    pi.machine.advance(60)
    await pi.take(a_telegram(1, time_s=NOON_S + 60))
    assert [one.received_at_ms for one in await pi.entries()] == [NOON_S * 1000 + 60_000]


async def test_a_node_that_was_up_before_and_after_dates_what_a_lost_run_of_the_machine_recorded(
    pi: Gateway,
):
    """The machine ran at 10:00 without the time, lay dead, and is told at 12:00."""
    ten_s = NOON_S - 7200
    await pi.take(
        a_status(up_ms=1000_000),
        a_status(up_ms=5_000, node_id="n-gone"),
        since_boot(1, 1000),
        since_boot(1, 5, node_id="n-gone"),
        a_telegram(1, time_s=ten_s, node_id="n-knows"),
    )
    await pi.reboot()
    await pi.is_told_the_time(NOON_S * 1000)
    await pi.take(a_status(boot=2, up_ms=60_000, held=(2, 1), node_id="n-gone"))
    assert await pi.entries() == []  # not placed by a bound yet: somebody may know better
    await pi.take(a_status(up_ms=8200_000))
    assert await pi.times() == {
        (NODE, 1, 1): ten_s,
        ("n-gone", 1, 1): ten_s,
        ("n-knows", 1, 1): ten_s,
    }
    assert {one.received_at_ms for one in await pi.entries()} == {ten_s * 1000}
    assert [step["known_from"] for step in await pi.steps()] == ["node"]


async def test_a_lost_run_that_nobody_can_tell_of_is_placed_as_late_as_it_can_have_been(
    pi: Gateway,
):
    await pi.take(a_status(up_ms=5_000), since_boot(1, 5))
    pi.machine.advance(100)
    await pi.take(since_boot(2, 105))
    await pi.reboot()
    await pi.is_told_the_time(NOON_S * 1000)
    began_s = NOON_S - int(pi.machine.up_s())
    pi.machine.advance(machine_time.PATIENCE_MS / 1000 - 1)
    await pi.take()
    assert await pi.entries() == []  # a node that could tell may still come
    pi.machine.advance(1)
    await pi.take()
    assert await pi.times() == {(NODE, 1, 1): began_s - 100, (NODE, 1, 2): began_s}
    assert [step["known_from"] for step in await pi.steps()] == ["next_start"]


async def test_boots_of_a_node_keep_their_order_where_a_lost_run_is_placed_by_a_bound(pi: Gateway):
    """Boot 2 went unseen and boot 3 began before the machine was back: neither may overlap."""
    await pi.take(a_status(up_ms=5_000), since_boot(1, 5), since_boot(2, 600))
    await pi.reboot()
    await pi.is_told_the_time(NOON_S * 1000)
    await pi.take(
        since_boot(1, 1, boot=2),
        since_boot(2, 300, boot=2),
        a_status(boot=3, up_ms=900_000, held=(3, 1)),
        since_boot(1, 890, boot=3),
    )
    pi.machine.advance(machine_time.PATIENCE_MS / 1000)
    await pi.take(a_status(boot=3, up_ms=1_200_000, held=(3, 1)))
    times = await pi.times()
    in_order = [times[key] for key in sorted(times)]
    assert len(in_order) == 5
    assert in_order == sorted(in_order)
    third_s = NOON_S - 900
    assert times[NODE, 2, 2] == third_s
    assert times[NODE, 1, 2] == third_s - 300


async def test_a_leak_that_ran_while_nobody_knew_the_time_is_found_and_dated_afterwards(
    pi: Gateway,
):
    """The rules see the readings once they have a time, in order: 100 l/h for 25 hours."""
    quarters = range(101)
    await pi.take(*[a_telegram(n + 1, time_s=NOON_S + 900 * n, litres=25 * n) for n in quarters])
    assert await pi.entries(batch.FINDING) == []
    await pi.is_told_the_time((NOON_S + 900 * 100) * 1000)
    found = await pi.entries(batch.FINDING)
    assert found[0].body["kind"] in {"floor_flow", "steady_flow", "continuous_flow"}
    assert NOON_S < found[0].body["raised_at_s"] <= NOON_S + 86_400


async def test_a_long_wait_is_worked_off_in_turns_and_newer_readings_queue_behind_their_elders(
    pi: Gateway, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(admission, "DATED_AT_ONCE", 10)
    await pi.take(*[a_telegram(n, time_s=NOON_S + n, litres=n) for n in range(1, 36)])
    await pi.is_told_the_time(NOON_S * 1000 + 40_000)
    assert len(await pi.entries()) == 10
    await pi.take(
        a_telegram(36, time_s=NOON_S + 40, litres=36),
        a_telegram(1, time_s=NOON_S + 40, node_id="n-other"),
    )
    while pi.intake.is_behind:
        await pi.take()
    order = [(one.body["id"], one.body["seq"]) for one in await pi.entries()]
    assert [sequence for node_id, sequence in order if node_id == NODE] == list(range(1, 37))
    assert order.index(("n-other", 1)) == 20  # nothing of its own to wait for


async def test_a_clock_that_steps_back_an_hour_reorders_and_overwrites_nothing(tmp_path: Path):
    """AC-32: an operator's clock that was an hour fast, and is set right."""
    machine = FakeMachine(NOVEMBER_2026_MS + 3_600_000)
    gateway = Gateway(tmp_path, machine)
    await gateway.start()
    gateway.clock = SystemClock(trust="assumed", machine=machine)
    gateway.intake = an_intake(gateway.store, gateway.clock)
    health = Health(settings(tmp_path), gateway.store, gateway.clock)
    await gateway.take(a_status(up_ms=0), since_boot(1, 0))
    await health.watch_clock()
    machine.advance(60)
    machine.shows_ms -= 3_600_000
    await gateway.take(a_status(up_ms=60_000), since_boot(2, 60), since_boot(1, 0))
    await health.watch_clock()
    entries = await gateway.entries()
    assert [one.key for one in entries] == [(NODE, 1, 1), (NODE, 1, 2)]
    assert entries[1].read_at_s - entries[0].read_at_s == 60
    assert (await tallies(gateway.store))["repeated"] == 1
    assert [one["by_ms"] for one in await gateway.steps()] == [-3_600_000]
    await gateway.stop()


async def test_the_kernel_s_clock_set_back_an_hour_by_hand_is_not_followed(tmp_path: Path):
    """AC-32: what is known is held against the machine's counter, which nobody can set."""
    machine = FakeMachine()
    machine.synchronised = True
    gateway = Gateway(tmp_path, machine)
    await gateway.start()
    await gateway.take(a_status(up_ms=0), since_boot(1, 0))
    machine.shows_ms -= 3_600_000
    machine.synchronised = False
    machine.advance(60)
    await gateway.take(a_status(boot=2, up_ms=1000, held=(2, 1)), since_boot(1, 1, boot=2))
    assert await gateway.times() == {(NODE, 1, 1): NOON_S, (NODE, 2, 1): NOON_S + 60}
    assert await gateway.steps() == []
    await gateway.stop()


async def test_what_came_just_before_the_time_was_known_is_dated_with_the_rest(pi: Gateway):
    """It came while the time was not known, and is stored after what came earlier was dated."""
    await pi.take(a_telegram(1))
    pi.intake.offer(topic("telegram"), a_telegram(2))
    pi.intake.offer(topic("status"), a_status(boot=2, up_ms=5000, held=(1, 1)))
    await pi.is_told_the_time(NOVEMBER_2026_MS)
    assert set(await pi.times()) == {(NODE, 1, 1), (NODE, 1, 2)}
    await pi.take(since_boot(1, 5, boot=2))
    assert (await pi.times())[NODE, 2, 1] == NOON_S


async def test_what_is_dated_after_a_restart_can_be_settled(pi: Gateway):
    await pi.take(a_telegram(1))
    await pi.restart()
    await pi.is_told_the_time(NOVEMBER_2026_MS)
    await pi.intake.settle()
    assert set(await pi.times()) == {(NODE, 1, 1)}
