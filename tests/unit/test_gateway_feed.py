# SPDX-License-Identifier: EUPL-1.2
"""The feed: neighbours hear what is stored, and nothing waits for them."""

import asyncio

import pytest

from edge_gateway.errors import StoreError
from edge_gateway.feed import Feed, Noticed, Stored
from edge_gateway.store.database import Store
from tests.fakes.gateway_clock import FakeClock
from tests.gateway_builders import NODE, NOON_S, a_status, a_telegram, an_intake, topic
from wire import quality, status, telegram


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()


def an_online_node():
    return status.decode(a_status())


async def heard(listener):
    """Return all that a listener has been told so far; none told, none waited for."""
    try:
        async with asyncio.timeout(0.05):
            return await listener.next()
    except TimeoutError:
        return []


async def test_a_listener_that_keeps_up_loses_nothing():
    feed = Feed()
    listener = feed.listen(at_most=2)
    for _ in range(5):
        feed.tell([an_online_node(), an_online_node()])
        assert len(await listener.next()) == 2
    assert listener.lost == 0


async def test_a_listener_that_does_not_loses_the_oldest_and_it_is_counted():
    feed = Feed()
    slow, quick = feed.listen(at_most=3), feed.listen()
    news = [an_online_node() for _ in range(5)]
    feed.tell(news)
    assert (await slow.next(), slow.lost) == (news[2:], 2)
    assert (await quick.next(), quick.lost) == (news, 0)


async def test_a_listener_may_take_news_in_pieces():
    feed = Feed()
    listener = feed.listen()
    news = [an_online_node() for _ in range(3)]
    feed.tell(news)
    assert [await listener.next(2), await listener.next(2)] == [news[:2], news[2:]]
    assert await heard(listener) == []


async def test_a_telegram_is_told_once_it_is_stored_and_a_repeat_is_not(store):
    feed = Feed()
    listener, intake = feed.listen(), an_intake(store, FakeClock(), feed=feed)
    for _ in range(2):
        intake.offer(topic("telegram"), a_telegram(1, litres=7))
        await intake.commit()
    (told,) = await heard(listener)
    assert (told.message.registers, told.read_at_s) == ({"8-0:1.0.0": 7000}, NOON_S)


async def test_what_the_disk_did_not_take_is_not_told(store):
    feed = Feed()
    listener, intake = feed.listen(), an_intake(store, FakeClock(), feed=feed)
    await store.write(lambda db: db.execute("PRAGMA query_only = 1"))
    intake.offer(topic("telegram"), a_telegram(1))
    with pytest.raises(StoreError):
        await intake.commit()
    await store.read(lambda db: db.execute("PRAGMA query_only = 0"))
    intake.offer(topic("telegram"), a_telegram(2))
    await intake.commit()
    assert [told.message.sequence for told in await heard(listener)] == [2]


async def test_a_telegram_without_a_time_is_told_once_the_time_is_known(store):
    feed = Feed()
    listener, intake = feed.listen(), an_intake(store, FakeClock(NOON_S * 1000), feed=feed)
    intake.offer(topic("telegram"), a_telegram(1, time_s=30, time_quality=telegram.TIME_SINCE_BOOT))
    await intake.commit()
    assert await heard(listener) == []
    intake.offer(topic("status"), a_status(up_ms=60_000))
    await intake.commit()
    said, told = await heard(listener)
    assert (said.node_id, said.state) == (NODE, status.ONLINE)
    assert (told.read_at_s, told.quality) == (NOON_S - 30, quality.RECONSTRUCTED)


async def test_findings_still_open_are_told_again_after_a_restart(store):
    clock = FakeClock((NOON_S + 600) * 1000)
    for feed in (Feed(), Feed()):
        listener, intake = feed.listen(), an_intake(store, clock, feed=feed)
        for minute in range(1, 8):
            litres = 1 if minute == 1 else 1 + 40 * (minute - 1)
            intake.offer(
                topic("telegram"), a_telegram(minute, time_s=NOON_S + 60 * minute, litres=litres)
            )
            await intake.commit()
        told = await heard(listener)
        bursts = [one.finding for one in told if isinstance(one, Noticed)]
        assert {one["kind"] for one in bursts} == {"burst"}
        assert all(one["cleared_at_s"] is None for one in bursts)
    assert not any(isinstance(one, Stored) for one in told)  # after the restart all are repeats
