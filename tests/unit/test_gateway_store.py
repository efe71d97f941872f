# SPDX-License-Identifier: EUPL-1.2
import asyncio
import contextlib
import json
import sqlite3
from functools import partial

import pytest
import zstandard

from edge_gateway import app
from edge_gateway.clock import SystemClock
from edge_gateway.errors import NoStoreError, StoreError, StoreInUseError, StoreTooNewError
from edge_gateway.forwarder.body import batch_body
from edge_gateway.health import summary
from edge_gateway.store import deletion, facts, outbox, quarantine
from edge_gateway.store.database import FILE_NAME, Store
from edge_gateway.store.migrations import SCRIPTS
from edge_gateway.store.opening import open_to_read
from edge_gateway.store.watermark import Watermark
from edge_gateway.upkeep import Upkeep
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import (
    NODE,
    NOON_S,
    a_loss,
    a_status,
    a_telegram,
    an_intake,
    rows,
    settings,
    tallies,
    topic,
)
from wire import telegram


async def filled(data_dir, clock, count=3):
    store = await Store.open(data_dir)
    intake = an_intake(store, clock)
    for sequence in range(1, count + 1):
        intake.offer(topic("telegram"), a_telegram(sequence))
        if sequence % 500 == 0:
            await intake.commit()
    await intake.commit()
    await intake.settle()
    return store


async def test_it_syncs_every_commit(tmp_path):
    store = await Store.open(tmp_path)
    assert await rows(store, "PRAGMA journal_mode") == [("wal",)]
    assert await rows(store, "PRAGMA synchronous") == [(2,)]  # FULL
    await store.close()


async def test_it_keeps_its_identity_and_content_over_a_restart(tmp_path):
    store = await filled(tmp_path, FakeClock())
    identity = await store.read(lambda db: facts.read(db, facts.STORE_ID))
    await store.close()
    store = await Store.open(tmp_path)
    assert await store.read(lambda db: facts.read(db, facts.STORE_ID)) == identity
    assert await store.read(outbox.depth) == 3
    await store.close()


async def test_a_second_gateway_on_the_same_directory_is_refused(tmp_path):
    store = await Store.open(tmp_path)
    with pytest.raises(StoreInUseError, match="stop that one first"):
        await Store.open(tmp_path)
    await store.close()
    await (await Store.open(tmp_path)).close()


async def damaged(tmp_path, spoil, count=2000):
    """Store some, spoil the file, and return it opened again, with what it was."""
    store = await filled(tmp_path, FakeClock(), count=count)
    identity = await store.read(lambda db: facts.read(db, facts.STORE_ID))
    await store.close()
    content = bytearray((tmp_path / FILE_NAME).read_bytes())
    spoil(content)
    (tmp_path / FILE_NAME).write_bytes(content)
    store = await Store.open(tmp_path)
    assert await store.read(lambda db: facts.read(db, facts.STORE_ID)) != identity
    [kept] = tmp_path.glob(f"{FILE_NAME}.damaged-*")
    assert kept.read_bytes() == content
    return store


async def test_a_file_that_is_no_store_any_more_is_kept_and_a_new_one_begun(tmp_path):
    def spoil(content):
        content[:] = b"\xaa" * len(content)

    store = await damaged(tmp_path, spoil)
    assert await store.read(outbox.depth) == 0
    assert store.damage.salvaged == 0
    await store.close()


async def test_what_can_be_read_of_a_damaged_store_is_brought_over(tmp_path):
    def spoil(content):
        for page in (40, 60, 61, 62):
            content[page * 1024 : (page + 1) * 1024] = b"\xaa" * 1024

    store = await damaged(tmp_path, spoil)
    salvaged = store.damage.salvaged
    assert 1500 < salvaged < 2000
    assert await store.read(outbox.depth) == salvaged
    assert await rows(store, "PRAGMA integrity_check") == [("ok",)]
    for entry in await store.read(lambda db: outbox.oldest(db, 2000)):
        assert entry.body == json.loads(a_telegram(entry.body["seq"]))
    clock = FakeClock()
    intake = an_intake(store, clock)
    await Upkeep(settings(tmp_path), store, intake, clock).tell_of_damage()
    told = (await store.read(lambda db: outbox.oldest(db, 3000)))[-1].body
    assert (told["notice"], told["detail"]["salvaged"]) == ("store_damaged", salvaged)
    intake.offer(topic("telegram"), a_telegram(2001))
    assert await intake.commit() == {(NODE, 1): 2001}
    await store.close()


async def test_what_a_start_that_was_cut_short_did_not_bring_over_the_next_one_does(tmp_path):
    store = await filled(tmp_path, FakeClock(), count=1000)
    await store.close()
    with (tmp_path / FILE_NAME).open("r+b") as file:
        file.seek(40 * 1024)
        file.write(b"\xaa" * 1024)
    with pytest.raises(StoreError, match="full"):
        await Store.open(tmp_path, limit_bytes=30 * 1024)
    store = await Store.open(tmp_path)
    assert store.damage is not None
    assert 900 < await store.read(outbox.depth) == store.damage.salvaged
    await store.close()
    store = await Store.open(tmp_path)
    assert store.damage is None
    await store.close()


async def test_a_store_damaged_while_in_use_is_set_aside_and_collection_goes_on(
    tmp_path, monkeypatch
):
    await (await filled(tmp_path, FakeClock(), count=300)).close()
    opened = []

    async def remember(*given, open_store=Store.open):
        opened.append(await open_store(*given))
        return opened[-1]

    monkeypatch.setattr(Store, "open", remember)
    told = settings(tmp_path, broker_tls=False, broker_port=1, uplink_retry_cap_s=0.01)
    running = asyncio.create_task(app.run(told, SystemClock()))
    async with asyncio.timeout(10):
        while not opened:
            await asyncio.sleep(0.01)
        content = bytearray((tmp_path / FILE_NAME).read_bytes())
        content[4096:] = b"\xaa" * (len(content) - 4096)
        (tmp_path / FILE_NAME).write_bytes(content)
        await opened[0].read(lambda db: db.execute("PRAGMA shrink_memory"))
        while len(opened) < 2:
            await asyncio.sleep(0.01)
        intake = an_intake(opened[1], FakeClock())
        intake.offer(topic("telegram"), a_telegram(1))
        assert await intake.commit() == {(NODE, 1): 1}
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert list(tmp_path.glob(f"{FILE_NAME}.damaged-*"))


async def test_a_row_that_rotted_unseen_goes_to_the_cloud_as_it_is_and_stops_nobody(tmp_path):
    store = await filled(tmp_path, FakeClock())
    await store.write(lambda db: db.execute("UPDATE entry SET body = '1x' WHERE sequence = 2"))
    await store.write(partial(facts.write, name=facts.SETTLED_UP_TO, content="0"))
    intake = an_intake(store, FakeClock())
    intake.offer(topic("telegram"), a_telegram(4))
    await intake.commit()
    found = await store.read(lambda db: outbox.oldest(db, 10))
    assert [one.body.get("seq") for one in found] == [1, None, 3, 4]
    body, _ = batch_body("gw", "store", found)
    sent = json.loads(zstandard.decompress(body) if body[:1] != b"{" else body)
    assert [one["body"] for one in sent["entries"]] == [{"unreadable": "1x"}]
    await store.close()


async def test_a_store_of_a_later_release_is_left_alone(tmp_path):
    await (await Store.open(tmp_path)).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTooNewError, match="update the gateway"):
        await Store.open(tmp_path)


async def test_a_transaction_that_fails_leaves_nothing(tmp_path):
    store = await Store.open(tmp_path)

    def write_and_fail(db):
        facts.write(db, "a", "b")
        raise KeyError("a")

    with pytest.raises(KeyError):
        await store.write(write_and_fail)
    assert await store.read(lambda db: facts.read(db, "a")) is None
    await store.close()


async def test_numbers_never_come_twice_even_when_all_was_sent_and_deleted(tmp_path):
    clock = FakeClock()
    store = await filled(tmp_path, clock)
    await store.write(lambda db: outbox.forget(db, Watermark(3), clock.now_ms()))
    await store.write(lambda db: deletion.delete_delivered(db, clock.now_ms() + 1))
    intake = an_intake(store, clock)
    intake.offer(topic("telegram"), a_telegram(4))
    await intake.commit()
    assert await rows(store, "SELECT number FROM entry") == [(3,), (4,)]
    await store.close()


async def test_a_quarantine_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(quarantine, "MAX_ROWS", 10)
    store = await Store.open(tmp_path)

    def fill(db):
        for number in range(30):
            quarantine.add(db, topic="t", payload=b"%d" % number, reason="r", seen_at_ms=0)

    await store.write(fill)
    kept = await rows(store, "SELECT payload FROM quarantine ORDER BY rowid")
    assert kept == [(b"%d" % number,) for number in range(20, 30)]
    await store.close()


async def test_the_status_is_read_beside_a_running_gateway(tmp_path):
    with pytest.raises(NoStoreError), open_to_read(tmp_path):
        pass
    store = await filled(tmp_path, FakeClock())
    with open_to_read(tmp_path) as db:
        found = summary(db)
    assert (found["received"], found["stored"], found["outbox"]) == (3, 3, 3)
    await store.close()


def test_a_store_that_can_not_be_read_is_told_in_a_sentence(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with (
        pytest.raises(StoreError, match="can't be read: file is not"),
        open_to_read(tmp_path) as db,
    ):
        summary(db)


async def test_a_store_of_the_first_layout_is_moved_with_all_that_waits(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.executescript(SCRIPTS[0] + "PRAGMA journal_mode = WAL; PRAGMA user_version = 1;")
        bodies = [json.loads(a_telegram(sequence, litres=sequence)) for sequence in (1, 2, 3)]
        bodies[1]["reg"] = {"9-0:1.0.0": 2**53 - 1, "8-0:1.0.0": 0}
        undated = json.loads(a_telegram(4, time_s=9, time_quality=telegram.TIME_SINCE_BOOT))
        loss = json.loads(a_loss(5, of_boot=1, first=6, last=6))
        reconstructed = {**json.loads(a_telegram(1, boot=2, time_s=7)), "tq": 1}
        finding = {"finding_id": "f-1", "raised_at_s": NOON_S, "cleared_at_s": None}

        def put(body, kind, number, read_at_s=NOON_S):
            db.execute(
                "INSERT INTO message VALUES (?, ?, ?, ?, 1, ?, 0, ?, ?)",
                (NODE, body["boot"], body["seq"], kind, read_at_s, json.dumps(body), number),
            )

        for number, body in enumerate(bodies, start=1):
            put(body, "telegram", number)
        put(undated, "telegram", None, None)
        put(loss, "event", 5)
        put(reconstructed, "telegram", 6, NOON_S + 7)
        put({"boot": 3, "seq": 1, "later": True}, "telegram", 7)  # of a release with other rules
        told = ("f-1", 1, NOON_S, json.dumps(finding))
        db.execute("INSERT INTO finding_change VALUES (4, ?, ?, ?, ?)", told)
        db.execute("INSERT INTO watermark VALUES (?, 1, 6, 0)", (NODE,))
        db.execute("INSERT INTO fact VALUES ('store_id', 'the-same'), ('forgotten_up_to', '1')")
        db.execute("INSERT INTO quarantine VALUES (x'00', 't', 'r', x'01', 0, 1)")
        db.commit()
    store = await Store.open(tmp_path)
    found = await store.read(lambda db: outbox.oldest(db, 100))
    assert [(entry.number, entry.kind, entry.body) for entry in found] == [
        (2, "telegram", bodies[1]),
        (3, "telegram", bodies[2]),
        (4, "finding", finding),
        (5, "event", loss),
        (6, "telegram", reconstructed),
        (7, "telegram", {"boot": 3, "seq": 1, "later": True}),
    ]
    assert found[4].read_at_s == NOON_S + 7
    assert await store.read(lambda db: facts.read(db, facts.STORE_ID)) == "the-same"
    assert await rows(store, "SELECT payload FROM quarantine") == [(b"\x01",)]
    assert await rows(store, "PRAGMA page_size") == [(1024,)]
    intake = an_intake(store, FakeClock())
    for payload in (a_telegram(1, litres=1), a_telegram(3, litres=4), a_telegram(7)):
        intake.offer(topic("telegram"), payload)
    intake.offer(topic("status"), a_status())
    assert await intake.commit() == {(NODE, 1): 7}
    counts = await tallies(store)
    assert (counts["repeated"], counts["conflicts"], counts["resolved"]) == (1, 1, 1)
    await store.close()


async def test_numbers_that_a_power_cut_undid_do_not_come_again(tmp_path):
    store = await filled(tmp_path, FakeClock())
    sent = await store.write_unsynced(a_finding)
    await store.read(lambda db: db.execute("ROLLBACK"))
    await store.close()
    store = await Store.open(tmp_path)
    assert await store.write(a_finding) > sent
    await store.close()


def a_finding(db):
    return outbox.append(db, kind="finding", received_at_ms=0, read_at_s=0, body={})
