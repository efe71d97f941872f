# SPDX-License-Identifier: EUPL-1.2
"""The reviewer beside others of its kind, beside ingest, and when the database goes away."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from cloud.kit.database import Connection, row, run
from cloud.readings import review
from cloud.readings.reviewed import RawReadings
from cloud.validation import service
from cloud.validation.service import Reviewer
from tests.integration.cloud.builders import COLD, NOON, CloudInTest, a_telegram, unix
from tests.integration.cloud.review_builders import Meter, Raw, derived, told, utc

DAY_S = 86400
START = unix(NOON) - 20 * DAY_S
OTHERS = [f"8-{channel}:1.0.0" for channel in range(1, 9)]


def steady(step: int) -> list[Raw]:
    return [Raw(START + n * 1800, n + 1, n * step) for n in range(48 * 19)]


async def _install_others(cloud: CloudInTest) -> None:
    for place, obis in enumerate(OTHERS):
        name = f"sub-{place}"
        await cloud.operator.put(
            f"/service-points/sp-{name}",
            {
                "premises_id": "p-one",
                "name": {"bg": "Вода", "en": "Water"},
                "reading_type": "cold_water",
                "parent_service_point_id": "sp-one",
            },
        )
        await cloud.operator.put(f"/meters/m-{name}", {"serial": name, "make": "Z", "model": "E"})
        await cloud.operator.put(
            f"/installations/sp-{name}",
            {
                "meter_id": f"m-{name}",
                "node_id": "n-one",
                "obis": obis,
                "installed_at": "2025-01-01T00:00:00Z",
            },
        )


async def test_reviewers_side_by_side_leave_the_figures_that_one_leaves(cloud: CloudInTest) -> None:
    await _install_others(cloud)
    meters = [Meter(cloud, obis) for obis in (COLD, *OTHERS)]
    for step, meter in enumerate(meters):
        await meter.receive(one for one in steady(step + 3) if one.sequence % 7)
    reviewers = [Reviewer(cloud.services.database, cloud.services.hypertables) for _ in range(3)]
    together = [asyncio.create_task(one.drain()) for one in reviewers]
    for step, meter in enumerate(meters):
        await meter.receive(one for one in steady(step + 3) if one.sequence % 7 == 0)
    await asyncio.gather(*together)
    await asyncio.gather(*(one.drain() for one in reviewers))
    assert await told(cloud, "select 1 from stale_usage") == []
    side_by_side = await derived(cloud)
    await meters[0].forget("hourly_usage", "daily_usage", "monthly_usage", "boundary_registers")
    for step, meter in enumerate(meters):
        await meter.receive(steady(step + 3))
    await reviewers[0].drain()
    assert await derived(cloud) == side_by_side
    by_meter = "select sum(usage) from hourly_usage group by installation_id order by 1"
    assert await told(cloud, by_meter) == [
        (step + 3) * (48 * 19 - 1) for step in range(len(meters))
    ]


async def test_a_review_that_was_cut_off_has_changed_nothing_and_is_done_again(
    cloud: CloudInTest, monkeypatch
) -> None:
    await Meter(cloud).receive(steady(5))
    marks = await told(cloud, "select mark_id from stale_usage order by 1")
    write = review.write

    async def cut_off(connection: Connection, *arguments: object) -> None:
        await write(connection, *arguments)
        found = await row(connection, "select pg_backend_pid() as pid")
        assert found is not None
        async with cloud.services.database.transaction() as other:
            await run(other, "select pg_terminate_backend(%(pid)s, 5000)", pid=found["pid"])

    monkeypatch.setattr(review, "write", cut_off)
    with pytest.raises(psycopg.OperationalError):
        await cloud.services.reviewer.drain()
    monkeypatch.undo()
    assert await told(cloud, "select 1 from hourly_usage") == []
    assert await told(cloud, "select mark_id from stale_usage order by 1") == marks != []
    await cloud.services.reviewer.drain()
    assert sum(await told(cloud, "select usage from hourly_usage")) == 5 * (48 * 19 - 1)


REFUSE = """
create function refuse() returns trigger language plpgsql as
    $$ begin if new.usage = 18 then raise exception 'no room for %', new.usage; end if;
    return new; end $$;
create trigger refuse before insert on hourly_usage for each row execute function refuse();
"""


async def test_a_channel_whose_review_fails_holds_up_no_other_and_says_so(
    cloud: CloudInTest, monkeypatch
) -> None:
    """The database refuses the hours of one meter of nine; then another's can't be worked out."""
    await _install_others(cloud)
    meters = [Meter(cloud, obis) for obis in (COLD, *OTHERS)]
    for step, meter in enumerate(meters):
        await meter.receive(steady(step + 3))
    async with cloud.services.database.transaction() as connection:
        await connection.execute(REFUSE.encode())
        channel_ids = [await meter.channel(connection) for meter in meters]
    outcomes = service.outcomes

    async def fail_at_the_third(raw: RawReadings, *rest: Any, **options: Any) -> Any:
        if raw.mark.channel_id == channel_ids[2]:
            raise IndexError("index 7 is out of bounds")
        return await outcomes(raw, *rest, **options)

    monkeypatch.setattr(service, "outcomes", fail_at_the_third)
    monkeypatch.setattr(service, "ASIDE_S", (0.3, 1.0))
    reviewer = cloud.services.reviewer
    await reviewer.drain()
    waiting = "select distinct channel_id from stale_usage order by 1"
    assert await told(cloud, waiting) == sorted([channel_ids[2], channel_ids[6]])
    by_meter = "select sum(usage)::bigint from hourly_usage group by installation_id order by 1"
    assert await told(cloud, by_meter) == [
        (step + 3) * (48 * 19 - 1) for step in range(len(meters)) if step not in (2, 6)
    ]
    findings = "select rule, severity, evidence ->> 'error' from validation_findings order by 3"
    assert await told(cloud, findings) == [
        ("not_reviewed", "error", "IndexError"),
        ("not_reviewed", "error", "RaiseException"),
    ]
    asked = {"resolution": "day", "from": "2026-11-10", "to": "2026-11-11"}
    for place, is_final in ((0, True), (1, False), (5, False)):
        path = f"/service-points/sp-sub-{place}/usage"
        answer = await cloud.operator.ask("GET", path, params=asked)
        assert answer.json()["is_final"] is is_final
    monkeypatch.undo()
    async with cloud.services.database.transaction() as connection:
        await connection.execute(b"drop trigger refuse on hourly_usage")
    running = asyncio.create_task(reviewer.run())
    try:
        async with asyncio.timeout(5):
            while await told(cloud, waiting):
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert await told(cloud, by_meter) == [
        (step + 3) * (48 * 19 - 1) for step in range(len(meters))
    ]
    assert await told(cloud, findings) == []


async def test_a_long_history_is_reviewed_in_parts_and_comes_out_whole(
    cloud: CloudInTest, monkeypatch
) -> None:
    meter = Meter(cloud)
    false = [Raw(START + n * 90_000 + 7, 5000 + n, 10**12 + n) for n in range(15)]
    gap = [one for one in steady(5) if not 300 < one.sequence < 400]
    await meter.receive([*gap, *false])
    await cloud.services.reviewer.drain()
    whole = await derived(cloud)
    await meter.forget(*whole)
    monkeypatch.setattr(service, "READINGS_AT_ONCE", 50)
    await meter.receive([*gap, *false])
    await cloud.services.reviewer.drain()
    assert await derived(cloud) == whole
    assert len(whole["exclusions"]) == 15
    assert sum(one[2] for one in whole["hourly_usage"]) == 5 * (48 * 19 - 1)


async def test_hours_after_a_removal_go_also_where_they_are_reviewed_in_parts(
    cloud: CloudInTest, monkeypatch
) -> None:
    await Meter(cloud).receive(steady(5))
    await cloud.services.reviewer.drain()
    removed_at = utc(START + 2 * DAY_S)
    await cloud.operator.post(
        "/service-points/sp-one/register-events",
        {"kind": "removal", "at": removed_at.isoformat(), "explanation": "Taken to be tested."},
    )
    monkeypatch.setattr(service, "READINGS_AT_ONCE", 50)
    await cloud.services.reviewer.drain()
    assert max(await told(cloud, "select interval_start from hourly_usage")) < removed_at
    assert sum(await told(cloud, "select usage from daily_usage")) == 5 * (2 * 48 - 1)


async def test_a_reading_is_in_the_figure_of_today_within_a_second(cloud: CloudInTest) -> None:
    running = asyncio.create_task(cloud.services.reviewer.run())
    try:
        await cloud.gateway.send(
            a_telegram(1, at=NOON - timedelta(hours=1), registers={COLD: 0}),
            a_telegram(2, registers={COLD: 4321}),
        )
        began = asyncio.get_running_loop().time()
        while await told(cloud, "select sum(usage)::bigint from hourly_usage") != [4321]:
            assert asyncio.get_running_loop().time() - began < 1.5
            await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
