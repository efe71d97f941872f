# SPDX-License-Identifier: EUPL-1.2
"""What goes to the cloud first, and what the store knows of it when things end in the middle."""

import random
from functools import partial

import pytest

from edge_gateway.store import lanes, outbox
from edge_gateway.store.database import Store
from edge_gateway.store.lanes import Lane, next_batch
from edge_gateway.store.watermark import Watermark


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


async def append(store, *kinds):
    """Append entries of these kinds; return their numbers."""

    def work(db):
        return [
            outbox.append(db, kind=kind, received_at_ms=1, read_at_s=1, body={}) for kind in kinds
        ]

    return await store.write(work)


class Sending:
    """A forwarder's view: what it has delivered, and what it is given next."""

    def __init__(self, store, limit):
        self.store, self.limit = store, limit
        self.delivered = Watermark()
        self.lane = Lane.BACKLOG

    async def choose(self):
        return await self.store.read(
            partial(next_batch, delivered=self.delivered, limit=self.limit, after=self.lane)
        )

    async def send(self, up_to=2**62):
        """Deliver the next batch; return its lane and numbers."""
        chosen = await self.choose()
        if chosen is None:
            return None
        self.lane = chosen.lane
        for span in chosen.spans_up_to(up_to):
            self.delivered.settle(*span)
        return chosen.lane, [entry.number for entry in chosen.entries]

    async def save(self):
        await self.store.write(
            partial(outbox.forget, delivered=self.delivered, acknowledged_at_ms=1)
        )


async def test_what_fits_into_one_batch_goes_in_order(store):
    await append(store, "telegram", "finding", "telegram", "notice")
    sending = Sending(store, limit=4)
    assert await sending.send() == (Lane.ALL, [1, 2, 3, 4])
    assert await sending.send() is None


async def test_findings_and_notices_overtake_then_the_newest_and_the_oldest_take_turns(store):
    await append(store, *["event"] * 6, "finding", *["event"] * 6, "notice", *["event"] * 4)
    sending = Sending(store, limit=3)
    assert await sending.send() == (Lane.URGENT, [7, 14])
    assert await sending.send() == (Lane.LIVE, [16, 17, 18])
    assert await sending.send() == (Lane.BACKLOG, [1, 2, 3])
    await append(store, "event", "event")
    assert await sending.send() == (Lane.LIVE, [19, 20])
    await append(store, "finding", "event")
    assert await sending.send() == (Lane.URGENT, [21])
    assert await sending.send() == (Lane.LIVE, [22])
    assert await sending.send() == (Lane.BACKLOG, [4, 5, 6])
    assert sending.delivered.ahead == [(14, 14), (16, 22)]
    assert await sending.send() == (Lane.BACKLOG, [8, 9, 10])
    assert await sending.send() == (Lane.BACKLOG, [11, 12, 13])
    assert await sending.send() == (Lane.BACKLOG, [15])
    assert await sending.send() is None
    assert (sending.delivered.contiguous, sending.delivered.ahead) == (22, [])


async def test_a_flood_of_new_arrivals_does_not_starve_the_backlog(store):
    await append(store, *["event"] * 20)
    sending = Sending(store, limit=2)
    sent = []
    for _ in range(10):
        await append(store, *["event"] * 3)
        sent.append((await sending.send())[0])
    assert sent == [Lane.LIVE, Lane.BACKLOG] * 5


async def test_a_batch_committed_in_part_is_sent_again_from_there(store):
    await append(store, *["event"] * 5)
    sending = Sending(store, limit=10)
    await sending.send(up_to=2)
    assert await sending.send() == (Lane.ALL, [3, 4, 5])


async def test_what_was_delivered_ahead_outlives_a_crash(store):
    await append(store, *["event"] * 9)
    sending = Sending(store, limit=2)
    for _ in range(3):
        await sending.send()
    await sending.save()
    assert await store.read(outbox.depth) == 3
    assert [one.number for one in await store.read(partial(outbox.oldest, limit=3))] == [5, 6, 7]
    found = await store.read(outbox.delivered)
    assert (found.contiguous, found.ahead) == (4, [(8, 9)])


def test_halves_of_a_batch_leave_out_nothing_between_them():
    entries = [an_entry(number) for number in (3, 4, 9, 10)]
    whole = lanes.Batch(lane=Lane.BACKLOG, entries=entries, spans=[(1, 4), (8, 12)])
    first, second = whole.halves()
    assert ([one.number for one in first.entries], list(first.spans)) == ([3, 4], [(1, 4)])
    assert ([one.number for one in second.entries], list(second.spans)) == ([9, 10], [(8, 12)])
    three, four = first.halves()
    assert (list(three.spans), list(four.spans)) == ([(1, 3)], [(4, 4)])


def an_entry(number):
    return lanes.Entry(
        number=number, kind="event", received_at_ms=1, read_at_s=1, quality=0, body={}
    )


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_comes_meanwhile_each_entry_is_delivered_and_only_once_without_a_crash(
    store, seed
):
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    sending = Sending(store, limit=5)
    made, sent, crashed = set(), [], False
    for _ in range(120):
        sending.limit = chance.choice((1, 2, 5, 20))
        if chance.random() < 0.5:
            kinds = chance.choices(("event", "finding", "notice"), (9, 1, 1), k=chance.randrange(9))
            made |= set(await append(store, *kinds))
        if chance.random() < 0.1:
            await thin(store, sending.delivered, chance, made)
        chosen = await sending.choose()
        if chosen is not None:
            sent += [entry.number for entry in chosen.entries]
            await sending.send()
        if chance.random() < 0.2:
            await sending.save()
        if chance.random() < 0.02:
            sending.delivered, crashed = await store.read(outbox.delivered), True
    sending.limit = 20
    made |= set(await append(store, "event"))  # the next to come closes what thinning left open
    while chosen := await sending.choose():
        sent += [entry.number for entry in chosen.entries]
        await sending.send()
    await sending.save()
    assert await store.read(outbox.depth) == 0
    assert (await store.read(outbox.delivered)).ahead == []
    assert made == {number for number in made if number in sending.delivered}
    assert crashed or len(sent) == len(set(sent))


async def thin(store, delivered, chance, made):
    """Delete some of what waits, as a full disk makes the store do."""
    waiting = [number for number in made if number not in delivered]
    doomed = chance.sample(waiting, len(waiting) // 2)
    await store.write(
        lambda db: db.executemany("DELETE FROM entry WHERE number = ?", [(n,) for n in doomed])
    )
    made -= set(doomed)
