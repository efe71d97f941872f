# SPDX-License-Identifier: EUPL-1.2
"""The worker of jobs: it goes on after the database was away, and ends when it is told to."""

import asyncio

import pytest
from procrastinate.exceptions import ConnectorException

from cloud.kit import jobs
from cloud.kit.jobs import Jobs


async def _fails_when_told_to_end() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ConnectorException from None


async def test_it_ends_though_the_database_fails_at_the_same_time():
    working = asyncio.create_task(Jobs("")._forever(_fails_when_told_to_end))
    await asyncio.sleep(0)
    working.cancel()
    done, _ = await asyncio.wait([working], timeout=5)
    assert done == {working}
    assert working.cancelled()


async def test_it_goes_on_after_the_database_was_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "RESTART_S", 0)
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 2:
            await asyncio.sleep(60)
        raise ConnectorException

    working = asyncio.create_task(Jobs("")._forever(work))
    while begun < 2:
        await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait([working], timeout=5)
    assert working.cancelled()
