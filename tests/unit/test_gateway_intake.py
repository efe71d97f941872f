# SPDX-License-Identifier: EUPL-1.2
import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from edge_gateway.errors import StoreError
from edge_gateway.store import deletion, outbox
from edge_gateway.store.database import Store
from edge_gateway.store.watermark import Watermark
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import (
    NODE,
    NOON_S,
    Outgoing,
    a_loss,
    a_status,
    a_telegram,
    an_intake,
    rows,
    tallies,
    topic,
)
from wire import command, notice, quality, telegram

TELEGRAM, EVENT, STATUS = topic("telegram"), topic("event"), topic("status")


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


@pytest.fixture
def clock():
    return FakeClock(NOON_S * 1000)


@pytest.fixture
def intake(store, clock):
    return an_intake(store, clock)


async def stored_sequences(store, boot=1):
    found = await rows(
        store,
        "SELECT sequence FROM entry JOIN boot USING (boot_id) WHERE boot = ? ORDER BY 1",
        boot,
    )
    return [sequence for (sequence,) in found]


async def test_what_is_committed_is_acknowledged_up_to_the_first_gap(intake):
    for sequence in (1, 2, 4):
        intake.offer(TELEGRAM, a_telegram(sequence))
    assert await intake.commit() == {(NODE, 1): 2}


async def test_a_repeat_is_acknowledged_again_and_stored_once(intake, store):
    for _ in range(2):
        intake.offer(TELEGRAM, a_telegram(1))
        assert await intake.commit() == {(NODE, 1): 1}
    assert await stored_sequences(store) == [1]
    assert (await tallies(store))["repeated"] == 1


@hypothesis_settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(1, 40), st.booleans())
async def test_any_order_with_up_to_five_repeats_gives_one_row_each(
    tmp_path_factory, chance, count, restart
):
    store = await Store.open(tmp_path_factory.mktemp("store"))
    intake = an_intake(store, FakeClock())
    arrivals = [n for n in range(1, count + 1) for _ in range(chance.randint(1, 5))]
    chance.shuffle(arrivals)
    acknowledged = 0
    while arrivals:
        for sequence in arrivals[:7]:
            intake.offer(TELEGRAM, a_telegram(sequence, litres=sequence))
        del arrivals[:7]
        acknowledged = (await intake.commit())[NODE, 1]
        if restart:  # a fresh process knows only what is on the disk
            intake = an_intake(store, FakeClock())
    assert await stored_sequences(store) == list(range(1, count + 1))
    assert acknowledged == count
    assert await store.read(outbox.depth) == count
    await store.close()


async def test_the_same_key_with_other_content_is_set_aside_and_acknowledged(intake, store):
    intake.offer(TELEGRAM, a_telegram(1, litres=5))
    intake.offer(TELEGRAM, a_telegram(1, litres=6))
    assert await intake.commit() == {(NODE, 1): 1}
    intake.offer(TELEGRAM, a_telegram(1, litres=6))
    await intake.commit()
    kept, told = await store.read(lambda db: outbox.oldest(db, 10))
    assert told.body == notice.body("key_conflict", {"node": NODE, "boot": 1, "sequence": 1})
    assert kept.body["reg"] == {"8-0:1.0.0": 5000}
    [(aside,)] = await rows(store, "SELECT payload FROM quarantine")
    assert telegram.decode(aside).registers == {"8-0:1.0.0": 6000}
    assert (await tallies(store))["conflicts"] == 2


async def test_the_same_content_in_another_spelling_is_a_mere_repeat(intake, store):
    payload = a_telegram(1)
    intake.offer(TELEGRAM, payload)
    intake.offer(TELEGRAM, json.dumps(json.loads(payload), indent=1).encode())
    await intake.commit()
    assert (await tallies(store)).get("conflicts", 0) == 0


async def test_an_unreadable_message_does_not_dam_the_stream(intake, store):
    intake.offer(TELEGRAM, b'{"ver":9,"id":"n-mladost-01","boot":1,"seq":1,"later":true}')
    intake.offer(TELEGRAM, a_telegram(2))
    assert await intake.commit() == {(NODE, 1): 2}
    assert await stored_sequences(store) == [2]
    assert (await tallies(store))["quarantined"] == 1


@pytest.mark.parametrize("code", ["1-0:\ud800", "8-\ud800:1.0.0"])
async def test_half_a_surrogate_pair_in_a_message_stops_nothing(intake, store, code):
    message = json.loads(a_telegram(1)) | {"reg": {code: 1}}
    intake.offer(TELEGRAM, json.dumps(message).encode())
    intake.offer(TELEGRAM, a_telegram(2))
    assert await intake.commit() == {(NODE, 1): 2}
    [(reason,)] = await rows(store, "SELECT reason FROM quarantine")
    assert r"\ud800" in reason


async def test_nonsense_without_a_place_in_the_stream_acknowledges_nothing(intake, store):
    for payload in (b"", b"\xff\x00", b"[]", b'{"boot":1}', b'{"boot":true,"seq":1}'):
        intake.offer(TELEGRAM, payload)
    assert await intake.commit() == {}
    assert (await tallies(store))["quarantined"] == 5


async def test_a_node_can_not_speak_for_another(intake, store):
    intake.offer(TELEGRAM, a_telegram(1, node_id="n-other"))
    assert await intake.commit() == {}
    assert await stored_sequences(store) == []
    [(reason,)] = await rows(store, "SELECT reason FROM quarantine")
    assert "n-other" in reason
    assert NODE in reason


async def test_imported_history_does_not_come_over_the_air(intake, store):
    intake.offer(TELEGRAM, a_telegram(1, boot=0))
    await intake.commit()
    assert await stored_sequences(store, boot=0) == []


async def test_a_flood_of_the_same_nonsense_takes_one_row(intake, store):
    for _ in range(100):
        intake.offer(TELEGRAM, b"nonsense")
    await intake.commit()
    assert await rows(store, "SELECT payload, times_seen FROM quarantine") == [(b"nonsense", 100)]


async def test_an_empty_store_counts_from_what_the_node_still_holds(intake):
    intake.offer(TELEGRAM, a_telegram(500))
    assert await intake.commit() == {(NODE, 1): 0}
    intake.offer(STATUS, a_status(held=(1, 500)))
    assert await intake.commit() == {(NODE, 1): 500}


async def test_what_a_full_journal_lost_is_stepped_over(store, clock):
    intake = an_intake(store, clock)
    intake.offer(TELEGRAM, a_telegram(1))
    intake.offer(EVENT, a_loss(1, boot=2, of_boot=1, first=2, last=90))
    assert await intake.commit() == {(NODE, 1): 90, (NODE, 2): 1}
    intake = an_intake(store, clock)
    intake.offer(TELEGRAM, a_telegram(91))
    assert await intake.commit() == {(NODE, 1): 91}


@pytest.mark.parametrize(("of_boot", "last"), [(2, 2), (2, 1000), (3, 1)])
async def test_what_a_node_has_not_made_yet_it_can_not_have_lost(intake, store, of_boot, last):
    intake.offer(TELEGRAM, a_telegram(1, boot=2))
    intake.offer(EVENT, a_loss(2, boot=2, of_boot=of_boot, first=1, last=last))
    assert await intake.commit() == {(NODE, 2): 2}
    assert (await tallies(store))["unclear_losses"] == 1


async def test_what_was_believed_lost_and_comes_after_all_is_stored(intake, store):
    intake.offer(EVENT, a_loss(3, of_boot=1, first=1, last=2))
    intake.offer(TELEGRAM, a_telegram(2))
    assert await intake.commit() == {(NODE, 1): 3}
    assert await stored_sequences(store) == [2, 3]


async def test_a_repeat_of_what_age_has_deleted_is_still_a_repeat(intake, store, clock):
    for sequence in (1, 2, 4):
        intake.offer(TELEGRAM, a_telegram(sequence))
    await intake.commit()
    await intake.settle()
    await store.write(lambda db: outbox.forget(db, Watermark(3), clock.now_ms()))
    assert await store.write(lambda db: deletion.delete_delivered(db, clock.now_ms() + 1)) == 2
    assert await stored_sequences(store) == [4]  # beyond the gap: its row is its only memory
    for sequence in (1, 2, 3):
        intake.offer(TELEGRAM, a_telegram(sequence))
    assert await intake.commit() == {(NODE, 1): 4}
    assert await stored_sequences(store) == [3, 4]
    assert await store.read(outbox.depth) == 1


async def test_what_the_cloud_does_not_have_is_never_deleted(intake, store, clock):
    intake.offer(TELEGRAM, a_telegram(1))
    intake.offer(TELEGRAM, a_telegram(2))
    await intake.commit()
    await intake.settle()
    await store.write(lambda db: outbox.forget(db, Watermark(1), clock.now_ms()))
    await store.write(lambda db: deletion.delete_delivered(db, clock.now_ms() + 10**12))
    assert await stored_sequences(store) == [2]


async def test_time_since_boot_is_reconstructed_from_the_first_live_status(intake, store, clock):
    intake.offer(TELEGRAM, a_telegram(1, time_s=7, time_quality=telegram.TIME_SINCE_BOOT))
    assert await intake.commit() == {(NODE, 1): 1}
    assert await store.read(outbox.depth) == 0  # safe, but not yet dated
    clock.advance(3600)
    intake.offer(STATUS, a_status(up_ms=7200_000))
    await intake.commit()
    assert await rows(store, "SELECT read_at_s, quality, number FROM entry") == [
        (NOON_S + 3600 - 7200 + 7, quality.RECONSTRUCTED, 1)
    ]
    clock.advance(3600)
    intake.offer(STATUS, a_status(up_ms=10_000))  # later ones do not move what is dated
    intake.offer(TELEGRAM, a_telegram(2, time_s=8, time_quality=telegram.TIME_SINCE_BOOT))
    await intake.commit()
    assert (await rows(store, "SELECT max(read_at_s) FROM entry"))[0][0] == NOON_S - 3600 + 8


@pytest.mark.parametrize(
    ("said", "retained", "trusted"),
    [
        (a_status(), True, True),
        (a_status(state="offline"), False, True),
        (a_status(), False, False),
    ],
    ids=["retained", "last will", "gateway without a clock"],
)
async def test_only_a_live_status_under_a_good_clock_dates_a_boot(store, said, retained, trusted):
    intake = an_intake(store, FakeClock(trusted=trusted))
    intake.offer(TELEGRAM, a_telegram(1, time_s=7, time_quality=telegram.TIME_SINCE_BOOT))
    intake.offer(STATUS, said, retained=retained)
    await intake.commit()
    assert await rows(store, "SELECT sequence FROM waiting") == [(1,)]
    assert await store.read(outbox.depth) == 0


async def test_a_boot_that_nobody_saw_is_placed_right_before_the_next(intake, store):
    for boot, sequence, elapsed_s in ((1, 1, 10), (1, 2, 600), (2, 1, 30)):
        intake.offer(
            TELEGRAM,
            a_telegram(
                sequence, boot=boot, time_s=elapsed_s, time_quality=telegram.TIME_SINCE_BOOT
            ),
        )
    intake.offer(STATUS, a_status(boot=3, up_ms=60_000, held=(2, 1)))  # boot 2 may go on
    await intake.commit()
    began_s = NOON_S - 60
    times = "SELECT boot, sequence, read_at_s FROM entry JOIN boot USING (boot_id) ORDER BY 1, 2"
    assert await rows(store, times) == []
    intake.offer(STATUS, a_status(boot=3, up_ms=60_000, held=(3, 1)))
    await intake.commit()
    second_s = began_s - 30
    assert await rows(store, times) == [
        (1, 1, second_s - 590),
        (1, 2, second_s),
        (2, 1, began_s),
    ]


async def test_absurd_times_since_boot_are_refused(intake, store):
    intake.offer(TELEGRAM, a_telegram(1, time_s=400_000_000, time_quality=telegram.TIME_SINCE_BOOT))
    intake.offer(STATUS, a_status(up_ms=2**53 - 1))
    assert await intake.commit() == {(NODE, 1): 1}
    assert (await tallies(store))["quarantined"] == 2


async def test_a_held_clock_shows_in_the_quality(intake, store):
    intake.offer(TELEGRAM, a_telegram(1, time_quality=telegram.TIME_HELD))
    await intake.commit()
    assert await rows(store, "SELECT read_at_s, quality FROM entry") == [
        (NOON_S, quality.CLOCK_HELD)
    ]


async def test_a_live_status_is_told_the_time_at_once(store, clock):
    outgoing = Outgoing()
    intake = an_intake(store, clock, outgoing)
    await intake.receive(STATUS, a_status(up_ms=1234), False)
    [(to, payload)] = outgoing.published
    assert to == topic("command")
    assert command.decode(payload)["echo_up_ms"] == 1234
    assert command.decode(payload)["now_ms"] == NOON_S * 1000


@pytest.mark.parametrize(
    ("said", "retained", "trusted"),
    [
        (a_status(), True, True),
        (a_status(state="offline"), False, True),
        (a_status(), False, False),
        (a_status(node_id="n-other"), False, True),
        (b"nonsense", False, True),
    ],
    ids=["retained", "last will", "gateway without a clock", "another's name", "nonsense"],
)
async def test_the_time_is_told_to_nobody_else(store, said, retained, trusted):
    outgoing = Outgoing()
    intake = an_intake(store, FakeClock(trusted=trusted), outgoing)
    await intake.receive(STATUS, said, retained)
    assert outgoing.published == []


async def test_a_live_status_is_answered_with_the_watermarks(intake):
    intake.offer(TELEGRAM, a_telegram(1))
    await intake.commit()
    intake.offer(STATUS, a_status(boot=2, held=(1, 1)))
    assert await intake.commit() == {(NODE, 1): 1, (NODE, 2): 0}


async def test_a_full_disk_acknowledges_nothing_and_passes(intake, store):
    intake.offer(TELEGRAM, a_telegram(1))
    await intake.commit()
    (pages,) = (await rows(store, "PRAGMA page_count"))[0]
    await rows(store, f"PRAGMA max_page_count = {pages}")
    for sequence in range(2, 400):
        intake.offer(TELEGRAM, a_telegram(sequence))
    with pytest.raises(StoreError, match="full"):
        await intake.commit()
    await rows(store, "PRAGMA max_page_count = 1000000")
    for sequence in range(2, 400):  # the node has had no word, and sends again
        intake.offer(TELEGRAM, a_telegram(sequence))
    assert await intake.commit() == {(NODE, 1): 399}
    assert await store.read(outbox.depth) == 399


async def test_a_flood_is_dropped_beyond_a_bound_and_made_good_by_the_repeat(intake, store):
    count = 6000
    for sequence in range(1, count + 1):
        intake.offer(TELEGRAM, a_telegram(sequence))
    acknowledged = {}
    for _ in range(count // 500):
        acknowledged |= await intake.commit()
    assert acknowledged == {(NODE, 1): 5000}
    assert (await tallies(store))["dropped"] == 1000
