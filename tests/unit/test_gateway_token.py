# SPDX-License-Identifier: EUPL-1.2
"""The gateway's token: rotated by itself, never lost, whatever happens on the way."""

import asyncio
import stat

import pytest

from edge_gateway.errors import CloudDeniedError, CloudUnreachableError
from edge_gateway.forwarder import Cloud, Rotation
from edge_gateway.forwarder.token import FILE_NAME, Tokens
from tests.fakes.gateway_clock import FakeClock
from tests.fakes.ingest_cloud import IngestCloud
from tests.gateway_builders import settings

ENROLLED = "token-of-a-test"
DAY_S = 86_400


@pytest.fixture
async def cloud():
    cloud = IngestCloud()
    cloud.lets_in = {ENROLLED}
    await cloud.start()
    yield cloud
    await cloud.stop()


def told(tmp_path, cloud, **others):
    return settings(tmp_path, cloud_url=f"http://127.0.0.1:{cloud.port}", **others)


async def rotating(told, clock, until):
    """Run the rotation until ``until`` of its tokens is true."""
    async with Cloud(told, clock) as client:
        running = asyncio.create_task(Rotation(told, client, clock).run())
        async with asyncio.timeout(10):
            while not until(client.tokens):
                await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return client.tokens.current


async def test_after_a_month_a_new_token_is_on_the_disk_for_its_owner_alone_and_in_use(
    tmp_path, cloud
):
    clock = FakeClock()
    began_ms = clock.now_ms()
    new = await rotating(told(tmp_path, cloud), clock, lambda tokens: tokens.current != ENROLLED)
    kept = Tokens(told(tmp_path, cloud))
    assert kept.current == new
    assert 30 <= (kept.since_ms - began_ms) / 1000 / DAY_S < 31
    assert new in cloud.lets_in
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


async def test_its_age_outlives_the_process(tmp_path, cloud):
    clock = FakeClock()
    await rotating(told(tmp_path, cloud), clock, lambda tokens: tokens.since_ms is not None)
    clock.advance(30 * DAY_S)
    before = len(clock.slept_s)
    await rotating(told(tmp_path, cloud), clock, lambda tokens: tokens.current != ENROLLED)
    assert len(clock.slept_s) - before <= 1


async def test_a_clock_that_is_not_trusted_rotates_nothing(tmp_path, cloud):
    clock = FakeClock(trusted=False)
    clock.advance(40 * DAY_S)
    await rotating(told(tmp_path, cloud), clock, lambda _: len(clock.slept_s) > 1000)
    assert not (tmp_path / FILE_NAME).exists()


async def test_told_never_to_rotate_it_does_not(tmp_path, cloud):
    clock = FakeClock()
    never = told(tmp_path, cloud, token_days=0)
    assert await rotating(never, clock, lambda _: len(clock.slept_s) > 1000) == ENROLLED


async def test_a_lost_answer_is_asked_for_again_and_is_the_same_token(tmp_path, cloud):
    moods = iter(["lose_answer", "lose_answer"])
    cloud.mood = lambda: next(moods, "answer")
    new = await rotating(
        told(tmp_path, cloud), FakeClock(), lambda tokens: tokens.current != ENROLLED
    )
    assert cloud.lets_in == {ENROLLED, new}


async def test_a_disk_that_takes_no_file_leaves_the_token_in_use(tmp_path, cloud, monkeypatch):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    clock = FakeClock()
    with monkeypatch.context() as full:
        full.setattr("edge_gateway.forwarder.token.os.fsync", no_space)
        await rotating(told(tmp_path, cloud), clock, lambda _: len(clock.slept_s) > 1000)
    assert Tokens(told(tmp_path, cloud)).current == ENROLLED
    new = await rotating(told(tmp_path, cloud), clock, lambda tokens: tokens.current != ENROLLED)
    assert new in cloud.lets_in


async def test_a_new_token_that_the_cloud_has_let_lapse_gives_way_to_the_one_before(
    tmp_path, cloud
):
    Tokens(told(tmp_path, cloud)).keep("kept-and-never-used", 1)
    async with Cloud(told(tmp_path, cloud), FakeClock()) as client:
        with pytest.raises(CloudDeniedError):
            await client.configuration()
        await client.configuration()
        assert client.tokens.current == ENROLLED


async def test_enrolled_anew_the_gateway_goes_by_the_new_enrolment(tmp_path, cloud):
    Tokens(told(tmp_path, cloud)).keep("of-the-earlier-enrolment", 1)
    anew = Tokens(told(tmp_path, cloud, cloud_token="enrolled-anew"))
    assert anew.current == "enrolled-anew"


def test_a_torn_token_file_does_not_stop_the_gateway(tmp_path):
    (tmp_path / FILE_NAME).write_text('{"enrolled": "')
    assert Tokens(settings(tmp_path)).current == ENROLLED


@pytest.mark.parametrize("token", [None, 7, "two\nlines", "ключ"])
async def test_what_is_no_token_is_not_taken_for_one(tmp_path, cloud, token, monkeypatch):
    async def ask(*_, **__):
        return {"token": token}

    monkeypatch.setattr(Cloud, "ask", ask)
    async with Cloud(told(tmp_path, cloud), FakeClock()) as client:
        with pytest.raises(CloudUnreachableError):
            await client.new_token("request")
