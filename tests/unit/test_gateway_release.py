# SPDX-License-Identifier: EUPL-1.2
"""Release from quarantine: taken or still there, never neither, and true to when it was sent."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from edge_gateway.errors import StoreError
from edge_gateway.store import deletion, outbox, quarantine
from edge_gateway.store.database import Store
from edge_gateway.store.watermark import Watermark
from tests.fakes.gateway_clock import FakeClock
from tests.fakes.watched_disk import watched_disk
from tests.gateway_builders import NOON_S, a_status, a_telegram, an_intake, rows, tallies, topic
from wire import telegram

SQLITE_FULL = 13


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path)
    yield opened
    await opened.close()


async def keep_aside(store: Store, channel: str, payload: bytes) -> quarantine.Kept:
    """Put into quarantine what this release understands, as an earlier one would have."""
    await store.write(
        lambda db: quarantine.add(
            db, topic=topic(channel), payload=payload, reason="An earlier release.", seen_at_ms=0
        )
    )
    return (await store.read(quarantine.kept))[-1]


async def delete_everything_delivered(store: Store, clock: FakeClock) -> None:
    def delete(db):  # type: ignore[no-untyped-def]
        outbox.forget(db, Watermark(1_000_000), clock.now_ms())
        deletion.delete_delivered(db, clock.now_ms() + 1)

    await store.write(delete)


async def test_what_was_never_stored_is_taken_although_later_ones_were_deleted_by_age(
    store: Store,
) -> None:
    clock = FakeClock()
    intake = an_intake(store, clock)
    of_another_day = json.loads(a_telegram(1)) | {"colour": "blue"}
    intake.offer(topic("telegram"), json.dumps(of_another_day).encode())
    for sequence in (2, 3, 4):
        intake.offer(topic("telegram"), a_telegram(sequence))
    await intake.commit()
    await intake.settle()
    await delete_everything_delivered(store, clock)
    assert await intake.release(await keep_aside(store, "telegram", a_telegram(1)))
    assert (1,) in await rows(store, "SELECT sequence FROM entry")


async def test_a_status_that_is_released_does_not_tell_when_a_boot_began(store: Store) -> None:
    clock = FakeClock()
    intake = an_intake(store, clock)
    kept = await keep_aside(store, "status", a_status(boot=1, up_ms=5000))
    clock.advance(86_400)
    assert await intake.release(kept)
    assert await rows(store, "SELECT boot_at_ms FROM anchor") == []
    message = a_telegram(1, time_s=65, time_quality=telegram.TIME_SINCE_BOOT)
    intake.offer(topic("telegram"), message)
    intake.offer(topic("status"), a_status(boot=1, up_ms=86_405_000))
    await intake.commit()
    assert await rows(store, "SELECT read_at_s FROM entry") == [(NOON_S - 5 + 65,)]


async def test_what_is_refused_again_stays_as_it_was(store: Store) -> None:
    kept = await keep_aside(store, "telegram", b"nonsense")
    assert not await an_intake(store, FakeClock()).release(kept)
    [still] = await store.read(quarantine.kept)
    assert (still.digest, still.first_seen_ms) == (kept.digest, 0)
    assert (await tallies(store)).get("stored", 0) == 0


async def test_a_disk_that_fails_meanwhile_leaves_it_in_quarantine(tmp_path: Path) -> None:
    with watched_disk() as disk:
        store = await Store.open(tmp_path)
        kept = await keep_aside(store, "telegram", a_telegram(1))
        intake = an_intake(store, FakeClock())
        disk.fault = SQLITE_FULL
        with pytest.raises(StoreError):
            await intake.release(kept)
        disk.fault = None
        assert await store.read(quarantine.kept) == [kept]
        assert await intake.release(kept)
        assert await store.read(quarantine.kept) == []
        assert await rows(store, "SELECT sequence FROM entry") == [(1,)]
        await store.close()
