# SPDX-License-Identifier: EUPL-1.2
"""Room in the store: what is deleted, what is given up when there is none, and what never goes."""

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from edge_gateway.errors import StoreError
from edge_gateway.store import outbox, thinning
from edge_gateway.store.database import Store
from edge_gateway.store.opening import used_bytes
from edge_gateway.upkeep import Upkeep
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import (
    NODE,
    a_loss,
    a_telegram,
    an_intake,
    rows,
    settings,
    tallies,
    topic,
)
from tests.unit.test_gateway_disk import note_delivered

TELEGRAM, EVENT = topic("telegram"), topic("event")
MIDNIGHT_S = int(datetime(2026, 10, 24, tzinfo=ZoneInfo("Europe/Sofia")).timestamp())


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def intake(store, clock):
    return an_intake(store, clock)


@pytest.fixture
def upkeep(tmp_path, store, intake, clock):
    return Upkeep(settings(tmp_path), store, intake, clock)


async def store_minutes(intake, minutes, *, first_s=MIDNIGHT_S, node_id=NODE, late_s=0):
    """Store a telegram for each of the minutes, whose register tells which it is."""
    for minute in minutes:
        message = a_telegram(
            minute + 1, time_s=first_s + 60 * minute + late_s, litres=minute, node_id=node_id
        )
        intake.offer(topic("telegram", node_id), message)
        if minute % 400 == 399:
            await intake.commit()
    await intake.commit()


async def thin(store, turns=99, spared=0):
    """Give up what can be given up in so many turns; return how many telegrams that were."""
    count = 0
    for _ in range(turns):
        gone = await store.write(lambda db: thinning.thin(db, 0, spared))
        if gone is None:
            break
        count += gone
    return count


async def kept_minutes(store, first_s=MIDNIGHT_S):
    found = await rows(store, "SELECT read_at_s FROM entry WHERE kind = 0 ORDER BY 1")
    return [(read_at_s - first_s) / 60 for (read_at_s,) in found]


async def test_old_delivered_rows_go_and_the_rest_stays(store, intake, upkeep, clock):  # AC-62
    await store_minutes(intake, range(3))
    await note_delivered(store)
    await store_minutes(intake, range(3, 5))
    clock.advance(8 * 86400)
    await upkeep.tidy()
    assert await kept_minutes(store) == [3, 4]


async def test_a_clock_that_is_not_trusted_deletes_nothing(store, intake, upkeep, clock):
    await store_minutes(intake, range(3))
    await note_delivered(store)
    clock.advance(8 * 86400)
    clock.trusted = False
    await upkeep.tidy()
    assert len(await kept_minutes(store)) == 3


async def test_what_is_deleted_makes_room_for_what_comes(store, intake, upkeep, clock):
    sizes = []
    for day in range(5):
        await store_minutes(intake, range(2000 * day, 2000 * day + 2000))
        await note_delivered(store)
        clock.advance(8 * 86400)
        await upkeep.tidy()
        sizes += (await rows(store, "PRAGMA page_count"))[0]
    assert sizes[-1] == sizes[1]
    assert await kept_minutes(store) == [9999]


async def test_first_the_telegrams_between_quarter_hours_go(store, intake):
    await store_minutes(intake, range(61))
    await intake.settle()
    assert await thin(store, turns=1) == 61 - 5 - 1
    # 60 has the highest number and is never deleted; 59 stays next to it, whatever comes after
    assert await kept_minutes(store) == [0, 15, 30, 45, 59, 60]


async def test_a_quarter_between_two_readings_keeps_both(store, intake):
    await store_minutes(intake, range(62), late_s=7)
    await intake.settle()
    await thin(store, turns=1)
    assert await kept_minutes(store, MIDNIGHT_S + 7) == [0, 14, 15, 29, 30, 44, 45, 59, 60, 61]


async def test_then_hours_and_days_and_every_local_midnight_stays(store, intake):
    days = 3  # of which the second, 25 October, has 25 hours
    await store_minutes(intake, range(days * 1440 + 61))
    await intake.settle()
    await thin(store)
    assert await kept_minutes(store) == [0, 1440, 1440 + 1500, 4380]


async def test_a_register_that_went_back_is_kept_on_both_sides(store, intake):
    for minute in range(1, 12):
        litres = minute if minute < 6 else minute - 6
        intake.offer(TELEGRAM, a_telegram(minute, time_s=MIDNIGHT_S + 60 * minute, litres=litres))
    await intake.commit()
    await intake.settle()
    await thin(store)
    assert await kept_minutes(store) == [1, 5, 6, 11]


async def test_events_findings_and_what_is_delivered_are_not_thinned(store, intake):
    await store_minutes(intake, range(20))
    await note_delivered(store)
    await store_minutes(intake, range(20, 40))
    intake.offer(EVENT, a_loss(41, of_boot=1, first=99, last=99))
    await store_minutes(intake, range(41, 50))
    await intake.settle()
    assert await thin(store) > 0
    kept = await kept_minutes(store)
    assert set(range(20)) <= set(kept)
    assert await rows(store, "SELECT sequence FROM entry WHERE kind = 1") == [(41,)]


async def test_the_ledger_of_losses_is_the_true_loss(store, intake):  # AC-60
    nodes = [NODE, "n-mladost-02"]
    for node_id in nodes:
        await store_minutes(intake, range(1500), node_id=node_id)
    await intake.settle()
    count = await thin(store)
    waiting = await store.read(lambda db: outbox.oldest(db, 9999))
    left = {entry.key for entry in waiting if entry.kind == "telegram"}
    told = [entry.body["detail"] for entry in waiting if entry.kind == "notice"]
    lost = {(node_id, 1, sequence) for node_id in nodes for sequence in range(1, 1501)} - left
    assert len(lost) == count == sum(detail["count"] for detail in told)
    ranges = defaultdict(set)
    for detail in told:
        ranges[detail["node"]] |= set(range(detail["first"], detail["last"] + 1))
    assert all(sequence in ranges[node_id] for node_id, _, sequence in lost)
    assert (await tallies(store))["thinned"] == count
    intake.offer(TELEGRAM, a_telegram(2, litres=1))  # given up is not unknown
    await intake.commit()
    assert (await tallies(store))["repeated"] == 1


async def test_what_is_beyond_a_gap_is_not_thinned(store, intake):
    await store_minutes(intake, range(1, 40))  # the first is still to come
    await intake.settle()
    assert await thin(store) == 0


async def test_what_may_be_on_its_way_is_spared(store, intake):
    await store_minutes(intake, range(60))
    await intake.settle()
    await thin(store, turns=1, spared=20)
    kept = await kept_minutes(store)
    assert kept[:21] + kept[-20:] == [*range(21), *range(40, 60)]
    assert len(kept) < 60


async def test_short_of_room_it_warns_then_drops_what_the_cloud_has_then_thins(
    tmp_path, monkeypatch, clock
):  # AC-60
    monkeypatch.setattr(thinning.thin, "__defaults__", (100,))
    limit_bytes = 2**20
    store = await Store.open(tmp_path, limit_bytes)
    intake = an_intake(store, clock)
    upkeep = Upkeep(
        settings(tmp_path).model_copy(update={"store_limit_mb": 1}), store, intake, clock
    )
    told_at, counts = None, []
    for block in range(28):
        await store_minutes(intake, range(1000 * block, 1000 * block + 1000))
        if block == 2:
            await note_delivered(store)
        await intake.settle()
        used = await store.read(used_bytes)
        await upkeep.keep_within_limit()
        if told_at is None and "store_filling" in await notices_of(store):
            told_at = used
        counts.append((await tallies(store)).get("thinned", 0))
    assert 0.75 * limit_bytes <= told_at < 0.8 * limit_bytes
    assert await rows(store, "SELECT count(*) FROM entry WHERE sequence <= 3000") == [(0,)]
    assert counts[9] == 0 < counts[-1]
    assert (tmp_path / "store.sqlite3").stat().st_size <= limit_bytes
    assert (await tallies(store))["stored"] == 28_000  # it went on taking all that came
    await store.close()


async def fill(intake):
    for block in range(40):
        await store_minutes(intake, range(400 * block, 400 * block + 400))
        await intake.settle()


async def notices_of(store):
    found = await rows(store, "SELECT body ->> 'notice' FROM entry WHERE kind = 3")
    return [kind for (kind,) in found]


async def test_at_the_limit_nothing_is_taken_and_nothing_is_lost(tmp_path, clock):
    store = await Store.open(tmp_path, 256 * 1024)
    intake = an_intake(store, clock)
    with pytest.raises(StoreError, match="full"):
        await fill(intake)
    stored = len(await kept_minutes(store))
    assert stored > 400
    await note_delivered(store)
    upkeep = Upkeep(settings(tmp_path), store, intake, clock)
    clock.advance(8 * 86400)
    await upkeep.tidy()
    await store_minutes(intake, range(stored, stored + 100))
    assert len(await kept_minutes(store)) == 101
    await store.close()
