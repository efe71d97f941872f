# SPDX-License-Identifier: EUPL-1.2
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from simulators.errors import UnknownSystemError
from simulators.processes import Program
from simulators.scorecard import command, match, mosquitto_bridge, thingsboard
from simulators.scorecard.fleet import NODES, OBIS, Fleet
from simulators.scorecard.ledger import Ledger
from simulators.scorecard.mqtt_backend import MqttBackend, Read
from simulators.scorecard.programs import Measured, Watch, frozen
from simulators.scorecard.schedule import Kind, schedule
from tests.fakes import virtual_time
from wire import telegram


def a_fleet(telegrams: int = 3 * NODES, seed: int = 1) -> Fleet:
    return Fleet(telegrams=telegrams, seed=seed, until_s=1_790_000_000)


# -- the telegrams ---------------------------------------------------------------------------------


def test_every_system_gets_the_same_telegrams_by_seed():
    assert a_fleet(seed=1).payload(3, 2) == a_fleet(seed=1).payload(3, 2)
    registers = {a_fleet(seed=seed).payload(3, 2) for seed in range(20)}
    assert len(registers) > 1


def test_the_nodes_share_all_telegrams_among_them():
    fleet = a_fleet(telegrams=100)
    assert sum(fleet.share(node) for node in range(NODES)) == 100


def test_a_register_never_goes_back_and_the_last_telegram_is_the_latest():
    fleet = a_fleet(telegrams=NODES * 3000)
    sent = [telegram.decode(fleet.payload(0, sequence)) for sequence in range(1, 3001)]
    registers = [one.registers[OBIS] for one in sent]
    assert registers == sorted(registers)
    assert registers[-1] > registers[0]
    assert sent[-1].time_s == fleet.until_s


# -- the faults ------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_faults_again_and_another_seed_others():
    assert schedule(1, 60, 30) == schedule(1, 60, 30)
    assert schedule(1, 60, 30) != schedule(2, 60, 30)


@pytest.mark.parametrize("faults", [1, 7, 30, 200])
def test_as_many_faults_strike_as_were_asked_for_each_kind_about_as_often(faults):
    count = Counter(strike.kind for strike in schedule(1, 100, faults))
    assert count.total() == faults
    if faults >= len(Kind):
        assert set(count) == set(Kind)
        assert max(count.values()) - min(count.values()) <= 2


def test_faults_end_with_the_sending_and_none_ends_another_of_the_link():
    strikes = schedule(1, 100, 200)
    assert all(s.at_s >= 0 and s.at_s + s.lasts_s <= 100.001 for s in strikes)
    link = [s for s in strikes if s.kind in (Kind.UPLINK_CUT, Kind.UPLINK_BLACK_HOLE)]
    assert all(a.at_s + a.lasts_s <= b.at_s + 1e-6 for a, b in pairwise(link))


def test_the_uplink_is_cut_while_the_last_fifth_is_sent():
    last = max(schedule(1, 100, 30), key=lambda strike: strike.lasts_s)
    assert (last.kind, last.at_s, last.lasts_s) == (Kind.UPLINK_CUT, 80, 20)


# -- the ledger ------------------------------------------------------------------------------------


def test_what_never_came_is_lost():
    fleet = a_fleet()
    ledger = Ledger(fleet)
    for node_id in fleet.node_ids:
        ledger.record(node_id, 1, 10.0)
        ledger.record(node_id, 3, 11.0)
    assert ledger.lost == NODES


def test_a_telegram_that_comes_again_is_not_there_for_the_first_time():
    ledger = Ledger(a_fleet())
    first = ledger.record("n-scorecard-01", 1, 10.0)
    again = ledger.record("n-scorecard-01", 1, 11.0)
    assert (first, again, ledger.arrived) == (True, False, 1)


def test_only_what_came_after_a_later_one_is_out_of_order():
    ledger = Ledger(a_fleet())
    for sequence, at_s in ((1, 10.0), (2, 12.0), (3, 11.0)):
        ledger.record("n-scorecard-01", sequence, at_s)
    assert ledger.out_of_order == 1
    in_order = Ledger(a_fleet())
    for sequence in (1, 3):  # 2 is lost, which is another matter
        in_order.record("n-scorecard-01", sequence, 10.0 + sequence)
    assert in_order.out_of_order == 0


def test_lateness_counts_from_production_to_arrival():
    ledger = Ledger(a_fleet())
    ledger.record("n-scorecard-01", 1, 10.0)
    ledger.record("n-scorecard-01", 2, 15.0)
    produced = [[0.0, 9.0, 9.5, 9.5]] + [[0.0] * 4] * (NODES - 1)
    assert ledger.late_s(produced) == [1.0, 5.5]


# -- the backend of the rivals ---------------------------------------------------------------------


async def held(read: Read, messages: Sequence[tuple[str, object]]) -> Ledger:
    backend = MqttBackend(a_fleet(), Program("unused", [], Path(), {}), read)
    for topic, content in messages:
        backend._received(topic, json.dumps(content).encode())
    return await backend.ledger()


def a_pack(*entries: tuple[int, int]) -> tuple[str, object]:
    telegrams = [{"ts": at_ms, "values": {"seq": sequence}} for at_ms, sequence in entries]
    return "v1/gateway/telemetry", {"n-scorecard-01": telegrams}


async def test_a_pack_that_thingsboard_gets_again_is_overwritten_and_no_duplicate():
    ledger = await held(thingsboard.read, [a_pack((5, 1), (6, 2)), a_pack((5, 1), (6, 2))])
    assert (ledger.arrived, ledger.duplicated) == (2, 0)


async def test_a_telegram_that_thingsboard_gets_under_another_time_is_a_second_row():
    ledger = await held(thingsboard.read, [a_pack((5, 1)), a_pack((7, 1)), a_pack((7, 1))])
    assert (ledger.arrived, ledger.duplicated) == (1, 1)


async def test_what_a_gateway_says_of_itself_is_no_telegram():
    about_itself = ("v1/devices/me/telemetry", [{"values": {"seq": 1}}])
    assert (await held(thingsboard.read, [about_itself])).arrived == 0


async def test_a_message_that_a_bridge_brings_twice_is_a_duplicate():
    fleet = a_fleet()
    message = (fleet.topic(0), json.loads(fleet.payload(0, 1)))
    ledger = await held(mosquitto_bridge.read, [message, message])
    assert (ledger.arrived, ledger.duplicated) == (1, 1)


# -- the programs ----------------------------------------------------------------------------------

WRITER = """
import os, sys, time
path = sys.argv[1]
print("begun", flush=True)
while True:
    try:
        with open(path, "ab") as file:
            file.write(os.urandom(100_000))
            file.flush()
            os.fsync(file.fileno())
        print("written", flush=True)
    except OSError as error:
        print("refused", error.errno, flush=True)
    time.sleep(0.02)
"""


async def until(holds, within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.02)


async def test_a_full_disk_refuses_writes_ends_nothing_and_is_over_when_told(tmp_path: Path):
    log = tmp_path / "log"
    script = [sys.executable, "-c", WRITER, str(tmp_path / "file")]
    writer = Measured("writer", script, log, {})
    await writer.start()
    watching = asyncio.create_task(Watch([writer]).run())
    try:
        await writer.has_said("written")
        writer.is_disk_full = True
        await writer.has_said("refused")
        writer.is_disk_full = False
        said = log.read_text().count("written")
        await until(lambda: log.read_text().count("written") > said + 2)
    finally:
        watching.cancel()
        await writer.stop()
    assert writer.starts == 1


async def test_what_a_killed_process_wrote_is_not_forgotten(tmp_path: Path):
    log = tmp_path / "log"
    writer = Measured("writer", [sys.executable, "-c", WRITER, str(tmp_path / "file")], log, {})
    watch = Watch([writer])
    await writer.start()
    watching = asyncio.create_task(watch.run())
    try:
        await writer.has_said("written")
        await writer.kill()
        before = watch.written_bytes
        await until(lambda: log.read_text().count("begun") == 2)
        await until(lambda: watch.written_bytes >= before + 100_000)
    finally:
        watching.cancel()
        await writer.stop()
    assert before >= 100_000
    assert watch.peak_bytes > 1_000_000


async def test_a_frozen_process_stands_still_and_then_goes_on(tmp_path: Path):
    log = tmp_path / "log"
    writer = Measured("writer", [sys.executable, "-c", WRITER, os.devnull], log, {})
    await writer.start()
    try:
        await writer.has_said("begun")
        assert writer.pid is not None
        with frozen(writer.pid, "python"):
            await until(
                lambda: psutil.Process(writer.pid).status() == psutil.STATUS_STOPPED,
            )
        await until(lambda: psutil.Process(writer.pid).status() != psutil.STATUS_STOPPED)
    finally:
        await writer.stop()


# -- the command -----------------------------------------------------------------------------------


def test_the_gateway_of_thingsboard_runs_as_shipped_and_with_either_durable_storage():
    names = [system.name for system in command.systems("iskar,thingsboard-gateway")]
    storages = [f"thingsboard-gateway-{storage}" for storage in ("default", "sqlite", "file")]
    assert names == ["iskar", *storages]


def test_an_unknown_system_is_refused_by_name():
    with pytest.raises(UnknownSystemError, match="no system 'kafka'; there are iskar"):
        command.systems("iskar,kafka")


@pytest.mark.parametrize(("back_after_s", "is_waited_for"), [(150, True), (1000, False)])
def test_what_a_system_still_holds_counts_as_lost_only_once_it_had_time_to_connect_again(
    back_after_s, is_waited_for
):
    class Site:
        backend: "Site"

        async def progress(self) -> tuple[bool, int]:
            has_all = asyncio.get_running_loop().time() - began_s >= back_after_s
            return has_all, int(has_all)

    async def settled() -> bool:
        nonlocal began_s
        began_s = asyncio.get_running_loop().time()
        site = Site()
        site.backend = site
        await match.settle(site, [])
        return (await site.progress())[0]

    began_s = 0.0
    assert virtual_time.run(settled()) is is_waited_for
