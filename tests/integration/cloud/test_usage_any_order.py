# SPDX-License-Identifier: EUPL-1.2
"""In whatever order readings come, the figures are those of a run from scratch (AC-10)."""

import asyncio
import random
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.kit.hypertable import Hypertables
from tests.integration.cloud.builders import CloudInTest
from tests.integration.cloud.review_builders import DERIVED, Meter, Raw, derived
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines

HOUR = 3600
DAY = 24 * HOUR
START = int(datetime(2026, 10, 20, tzinfo=UTC).timestamp())  # the clocks go back on the 25th
# A step is how long until the next reading, and how much was used in it.
PACES = st.sampled_from([60, 600, 900, 3600, 3700, 2 * HOUR, 9 * HOUR, 3 * DAY])
FALSE = st.sampled_from([0, 5, 99_999_000, 2**40])


@st.composite
def histories(draw: st.DrawFn) -> list[Raw]:
    """Readings of twelve days at most, with gaps, spikes, contradictions, a reset, a rollover."""
    paces = draw(st.lists(PACES, min_size=2, max_size=9))
    rng = draw(st.randoms(use_true_random=False))
    modulus = draw(st.sampled_from([10**12, 10**6]))
    at_s, register, readings = START, draw(st.sampled_from([0, modulus - 40_000])), []
    for pace in paces:
        for _ in range(rng.randrange(1, 30 if pace < 2 * HOUR else 3)):
            at_s += max(pace + rng.randrange(-20, 20), 1)
            register = (register + rng.randrange(0, 3000)) % modulus
            readings.append(Raw(at_s, len(readings) + 1, register))
    for place in draw(st.lists(st.integers(0, len(readings) - 1), max_size=4)):
        one = readings[place]
        readings[place] = Raw(one.at_s, one.sequence, draw(FALSE))
    if draw(st.booleans()):
        cut = rng.randrange(len(readings))
        readings[cut:] = [Raw(one.at_s, one.sequence, one.register // 7) for one in readings[cut:]]
    if draw(st.booleans()):
        one = rng.choice(readings)
        readings.append(Raw(one.at_s, 10_000, one.register + 3))
    return readings


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(histories(), st.randoms(use_true_random=False))
async def test_any_order_any_repeats_and_any_delay_give_the_figures_of_a_run_from_scratch(
    cloud: CloudInTest, readings: list[Raw], rng: random.Random
) -> None:
    meter = Meter(cloud)
    await meter.forget("readings", "stale_usage", "hourly_usage", *_kept_apart(cloud))
    sent = [one for one in readings for _ in range(rng.randrange(1, 4))]
    rng.shuffle(sent)
    while sent:
        batch, sent = sent[: (size := rng.randrange(10, 60))], sent[size:]
        await meter.receive(batch)
        if rng.random() < 0.6:
            await cloud.services.reviewer.drain()
    await cloud.services.reviewer.drain()
    piecemeal = await derived(cloud)
    await meter.forget("hourly_usage", *_kept_apart(cloud))
    await meter.receive(readings)
    await cloud.services.reviewer.drain()
    from_scratch = await derived(cloud)
    for table in DERIVED:
        assert piecemeal[table] == from_scratch[table], table


def _kept_apart(cloud: CloudInTest) -> list[str]:
    """Return the tables that are not rolled up by the database itself."""
    tables = ["exclusions", "usage_gaps", "boundary_registers"]
    return (
        tables
        if cloud.services.hypertables.is_timescale
        else [*tables, "daily_usage", "monthly_usage"]
    )


async def test_days_and_months_are_the_sums_of_their_hours(cloud: CloudInTest) -> None:
    readings = [
        Raw(START + n * 900 + n * 7919 % 300, n + 1, n * 100 + n * 7907 % 100)
        for n in range(4 * 24 * 20)
    ]
    for late in range(5):  # each fifth reading, then those between them
        await Meter(cloud).receive(readings[late::5])
        await cloud.services.reviewer.drain()
    found = await derived(cloud)
    for table in ("daily_usage", "monthly_usage"):
        for column in (2, 3):
            assert sum(one[column] for one in found[table]) == sum(
                one[column] for one in found["hourly_usage"]
            )
    registers = sorted((one.at_s, one.register) for one in readings)
    assert sum(one[2] for one in found["hourly_usage"]) == registers[-1][1] - registers[0][1]


async def test_a_review_that_finds_nothing_new_writes_nothing(cloud: CloudInTest) -> None:
    meter = Meter(cloud)
    readings = [Raw(START + n * 900, n + 1, n * 100) for n in range(100)]
    await meter.receive(readings)
    await cloud.services.reviewer.drain()
    known_at = "select max(known_at) from hourly_usage"
    async with cloud.services.database.transaction() as connection:
        before = await (await connection.execute(known_at.encode())).fetchall()
    await meter.receive(readings)
    await cloud.services.reviewer.drain()
    async with cloud.services.database.transaction() as connection:
        assert await (await connection.execute(known_at.encode())).fetchall() == before


@pytest.mark.parametrize("resolution", ["hour", "day", "month"])
async def test_the_answer_says_whether_it_is_final(cloud: CloudInTest, resolution: str) -> None:
    asked = {"resolution": resolution, "from": "2026-10-20", "to": "2026-10-21"}
    await Meter(cloud).receive([Raw(START, 1, 0), Raw(START + HOUR, 2, 60)])
    path = "/service-points/sp-one/usage"
    waiting = (await cloud.operator.ask("GET", path, params=asked)).json()
    assert (waiting["is_final"], waiting["intervals"][0]["usage"]) == (False, None)
    reviewed = await cloud.operator.get(path, **asked)
    assert reviewed["is_final"] is True
    assert sum(one["usage"] or 0 for one in reviewed["intervals"]) == 60


async def test_days_that_wait_for_their_hours_are_not_final(cloud: CloudInTest) -> None:
    """As when the process is killed between the commit of a review and the refresh after it."""
    meter = Meter(cloud)
    await meter.receive(Raw(START + n * 12 * HOUR, n + 1, n * 480) for n in range(9))
    await cloud.services.reviewer.drain()
    await meter.receive([Raw(START + 2 * DAY - 60, 100, 1900)])
    killed = asyncio.create_task(cloud.services.reviewer.drain())
    with patch.object(Hypertables, "refresh", side_effect=killed.cancel):
        await asyncio.gather(killed, return_exceptions=True)
    asked = {"resolution": "day", "from": "2026-10-20", "to": "2026-10-23"}
    path = "/service-points/sp-one/usage"
    answers = {}
    for resolution in ("hour", "day"):
        answer = await cloud.operator.ask("GET", path, params={**asked, "resolution": resolution})
        answers[resolution] = answer.json()
    by_hour, by_day = ([one["usage"] for one in answers[one]["intervals"]] for one in answers)
    assert answers["hour"]["is_final"]
    are_summed = by_day[1] == sum(by_hour[24:48])
    assert answers["day"]["is_final"] == are_summed
    assert are_summed != cloud.services.hypertables.is_timescale
    await cloud.services.hypertables.refresh()
    again = (await cloud.operator.ask("GET", path, params=asked)).json()
    assert again["is_final"]
    assert again["intervals"][1]["usage"] == sum(by_hour[24:48])
