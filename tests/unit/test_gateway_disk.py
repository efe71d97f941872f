# SPDX-License-Identifier: EUPL-1.2
"""The store on its disk: what it writes, what a power cut leaves of it, what a fault costs."""

import random
import sqlite3

import pytest

from edge_gateway.errors import StoreError
from edge_gateway.store import outbox
from edge_gateway.store.database import FILE_NAME, Store
from tests.fakes.gateway_clock import FakeClock
from tests.fakes.watched_disk import as_after_a_power_cut, watched_disk, written_bytes
from tests.gateway_builders import (
    NODE,
    NOON_S,
    a_status,
    a_telegram,
    an_intake,
    rows,
    tallies,
    topic,
)

SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY = 13, 10 | 3 << 8, 8
SQLITE_IOERR_READ = 10 | 1 << 8
NODES = [f"n-mladost-{number:02}" for number in range(1, 31)]


def offer(intake, node_id, sequence):
    message = a_telegram(
        sequence, time_s=NOON_S + 60 * sequence, litres=3 * sequence, node_id=node_id
    )
    intake.offer(topic("telegram", node_id), message)


async def note_delivered(store):
    def forget(db):
        delivered = outbox.delivered(db)
        last = db.execute("SELECT coalesce(max(number), 0) FROM entry").fetchone()[0]
        delivered.settle(delivered.contiguous + 1, last)
        outbox.forget(db, delivered, NOON_S * 1000)

    await store.write_unsynced(forget)


async def test_thirty_nodes_a_minute_cost_an_sd_card_less_than_a_kilobyte_each(tmp_path):
    with watched_disk() as disk:
        store = await Store.open(tmp_path)
        intake = an_intake(store, FakeClock())
        begun = len(disk.steps)
        for minute in range(1, 61):  # all read their meters on the same second
            for node_id in NODES:
                offer(intake, node_id, minute)
                if node_id in (NODES[14], NODES[29]):  # as the first sixteen do not wait for more
                    await intake.commit()
            await note_delivered(store)
        await intake.settle()
        written = written_bytes(disk.steps[begun:])
        await store.close()
    assert written / (60 * len(NODES)) < 1024


async def test_statuses_write_nothing(tmp_path):
    with watched_disk() as disk:
        store = await Store.open(tmp_path)
        intake = an_intake(store, FakeClock())
        intake.offer(topic("status"), a_status())
        await intake.commit()
        begun = len(disk.steps)
        for _ in range(10):
            intake.offer(topic("status"), a_status())
            assert await intake.admit() == {(NODE, 1): 0}
        assert disk.steps[begun:] == []
        await store.close()


@pytest.mark.parametrize("seed", range(4))
async def test_a_power_cut_at_any_instant_takes_nothing_that_was_acknowledged(
    tmp_path, seed
):  # AC-06
    chance = random.Random(seed)  # noqa: S311
    acknowledged = [(0, {})]  # by how many steps of the disk had been done when it was said
    with watched_disk() as disk:
        store = await Store.open(tmp_path / "before")
        intake = an_intake(store, FakeClock())
        reached = dict.fromkeys(NODES[:5], 0)
        for _ in range(60):
            for _ in range(chance.randint(1, 12)):
                node_id = chance.choice(NODES[:5])
                reached[node_id] += 1
                offer(intake, node_id, reached[node_id])
            told = await (intake.admit if chance.random() < 0.3 else intake.commit)()
            acknowledged.append((len(disk.steps), {**acknowledged[-1][1], **told}))
            if chance.random() < 0.2:
                await note_delivered(store)
            if chance.random() < 0.1:
                await intake.settle()
        steps = list(disk.steps)
        await store.close()
    for cut in range(20):
        instant = chance.randint(0, len(steps))
        data_dir = tmp_path / f"after-{cut}"
        data_dir.mkdir()
        for name, content in as_after_a_power_cut(steps[:instant], chance).items():
            (data_dir / name).write_bytes(content)
        promised = [told for done, told in acknowledged if done <= instant][-1]
        await check_whole(data_dir, promised)


async def check_whole(data_dir, promised):
    store = await Store.open(data_dir)
    assert await rows(store, "PRAGMA integrity_check") == [("ok",)]
    assert not list(data_dir.glob("*damaged*"))
    found = await rows(store, "SELECT node_id, sequence FROM entry JOIN boot USING (boot_id)")
    for (node_id, _), sequence in promised.items():
        assert {(node_id, one) for one in range(1, sequence + 1)} <= set(found)
    assert len(found) == len(set(found))
    intake = an_intake(store, FakeClock())
    for (node_id, _), sequence in promised.items():  # it knows where to go on
        offer(intake, node_id, sequence + 1)
    told = await intake.commit()
    assert all(told[key] > sequence for key, sequence in promised.items())
    await store.close()


@pytest.mark.parametrize("fault", [SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY])
async def test_a_disk_that_fails_acknowledges_nothing_and_is_used_again_when_it_can(
    tmp_path, fault
):
    with watched_disk() as disk:
        store = await Store.open(tmp_path)
        intake = an_intake(store, FakeClock())
        offer(intake, NODE, 1)
        assert await intake.commit() == {(NODE, 1): 1}
        disk.fault = fault
        for sequence in (2, 3):
            offer(intake, NODE, sequence)
            with pytest.raises(StoreError):
                await intake.commit()
        disk.fault = None
        offer(intake, NODE, 3)
        assert await intake.commit() == {(NODE, 1): 1}  # what failed is not remembered as stored
        offer(intake, NODE, 2)
        assert await intake.commit() == {(NODE, 1): 3}
        assert (await tallies(store)).get("conflicts", 0) == 0
        await store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_what_a_failed_read_undoes_is_not_acknowledged(tmp_path):
    """As an SD card fails first: a page can't be read, and SQLite undoes the transaction."""
    with watched_disk() as disk:
        store = await Store.open(tmp_path)
        intake = an_intake(store, FakeClock())
        offer(intake, NODE, 1)
        assert await intake.commit() == {(NODE, 1): 1}
        offer(intake, NODE, 2)
        assert await intake.admit() == {}
        disk.read_fault = SQLITE_IOERR_READ
        with pytest.raises(StoreError):
            await store.read(_everything_from_the_disk)
        disk.read_fault = None
        assert (NODE, 1) not in await intake.commit()
        assert len(await rows(store, "SELECT number FROM entry")) == 1
        offer(intake, NODE, 2)
        assert await intake.commit() == {(NODE, 1): 2}
        assert len(await rows(store, "SELECT number FROM entry")) == 2
        await store.close()


def _everything_from_the_disk(db):
    db.execute("PRAGMA shrink_memory")
    return db.execute("SELECT * FROM entry, quarantine, fact, boot").fetchall()
