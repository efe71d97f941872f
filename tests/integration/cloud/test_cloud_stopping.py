# SPDX-License-Identifier: EUPL-1.2
"""SIGTERM: what is under way is finished, who asks next is led elsewhere, no job is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest_asyncio

from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.jobs import Jobs
from tests.fakes.balancer import Balancer
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.process import CloudProcess, two_clouds

CALLERS = 6
CHECKED_EVERY_S = 0.1
DRAIN_S = "0.6"


@pytest_asyncio.fixture
async def clouds(tmp_path: Path) -> AsyncIterator[list[CloudProcess]]:
    postgres = EmbeddedPostgres(tmp_path / "pg", {"fsync": "off"})
    await postgres.start(must_own=True)
    try:
        async with two_clouds(tmp_path, postgres.dsn, CLOUD_DRAIN_S=DRAIN_S) as running:
            yield running
    finally:
        await postgres.stop()


async def test_one_of_two_is_stopped_under_load_and_no_request_fails(
    clouds: list[CloudProcess],
) -> None:
    answers: list[int] = []
    told = await clouds[0].run("token", "add", "--role", "operator", "--label", "t")
    headers = {"Authorization": f"Bearer {told['token']}"}

    async def ask(client: httpx.AsyncClient) -> None:
        while True:
            answer = await client.get("/api/v1/premises", headers=headers)
            answers.append(answer.status_code)

    async with (
        Balancer([one.port for one in clouds], checked_every_s=CHECKED_EVERY_S) as balancer,
        httpx.AsyncClient(base_url=balancer.url, timeout=10) as client,
    ):
        asking = [asyncio.create_task(ask(client)) for _ in range(CALLERS)]
        await asyncio.sleep(0.5)
        assert all(balancer.served)
        stopped_after_s = await clouds[1].stop()
        before = len(answers)
        await asyncio.sleep(0.3)
        for task in asking:
            assert not task.done(), task.exception()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    assert set(answers) == {200}
    assert before >= 20
    assert len(answers) > before
    assert stopped_after_s < 5
    assert "Traceback" not in (clouds[1].directory / "serve.log").read_text()


async def test_a_job_that_stopping_broke_off_is_begun_anew(cloud: CloudInTest) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    release = asyncio.Event()

    def with_the_task(jobs: Jobs) -> Jobs:
        @jobs.app.task(name="test.slow", queue="test")
        async def slow() -> None:
            begun.set()
            await release.wait()
            ended.set()

        return jobs

    first = with_the_task(Jobs(cloud.services.database.dsn))
    async with cloud.services.database.transaction() as connection:
        await first.queue(connection, "test.slow")
    working = asyncio.create_task(first.run())
    await asyncio.wait_for(begun.wait(), 10)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert not ended.is_set()

    release.set()
    second = asyncio.create_task(with_the_task(Jobs(cloud.services.database.dsn)).run())
    try:
        await asyncio.wait_for(ended.wait(), 10)
    finally:
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
