# SPDX-License-Identifier: EUPL-1.2
"""Late data into data at rest, and billing boundaries in local time (AC-11, 34)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cloud.kit.hypertable import Retention
from tests.integration.cloud.builders import COLD, NOON, CloudInTest, a_telegram, unix
from tests.integration.cloud.review_builders import Meter, Raw, told
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines

POINT = "/service-points/sp-one"
HOUR = timedelta(hours=1)
RETENTION = Retention(raw_days=90, hourly_days=3 * 366, daily_days=10 * 366)


async def _usage(cloud: CloudInTest, resolution: str, first: str, end: str) -> list[int | None]:
    answer = await cloud.operator.get(
        f"{POINT}/usage", **{"resolution": resolution, "from": first, "to": end}
    )
    return [one["usage"] for one in answer["intervals"]]


async def test_data_35_days_late_into_data_at_rest_is_in_every_roll_up(cloud: CloudInTest) -> None:
    """60 days by the half-hour; a day of them comes 35 days late, through the front door."""
    first = NOON - timedelta(days=60)
    every = [
        a_telegram(n + 1, at=first + n * HOUR / 2, registers={COLD: n * 50 + 7 * (n // 48) ** 2})
        for n in range(48 * 60 + 1)
    ]
    late = slice(48 * 25 - 24, 48 * 26 - 24)
    on_time = every[: late.start] + every[late.stop :]
    for begin in range(0, len(on_time), 1000):
        await cloud.gateway.send(*on_time[begin : begin + 1000])
    await cloud.services.reviewer.drain()
    await cloud.services.hypertables.maintain(NOON, RETENTION)
    if cloud.services.hypertables.is_timescale:
        compressed = "select count(*) from timescaledb_information.chunks where is_compressed"
        assert (await told(cloud, compressed))[0] >= 5
    before = await _usage(cloud, "day", "2026-10-16", "2026-10-19")
    await cloud.gateway.send(*every[late])
    after = await _usage(cloud, "day", "2026-10-16", "2026-10-19")
    assert before != after
    registers = {entry["body"]["t"]: entry["body"]["reg"][COLD] for entry in every}

    def between(start: str, end: str) -> int:
        cuts = [unix(datetime.fromisoformat(one)) for one in (start, end)]
        return registers[cuts[1]] - registers[cuts[0]]

    assert after == [
        between(f"2026-10-{day}T00:00:00+03:00", f"2026-10-{day + 1}T00:00:00+03:00")
        for day in (16, 17, 18)
    ]
    assert (await _usage(cloud, "month", "2026-10-01", "2026-11-01")) == [
        between("2026-10-01T00:00:00+03:00", "2026-11-01T00:00:00+02:00")
    ]
    assert await told(cloud, "select 1 from usage_gaps") == []


async def test_a_billing_boundary_between_two_readings_shows_both_and_months_make_the_year(
    cloud: CloudInTest,
) -> None:
    """Read at 20 to and 20 past the hour, so that no boundary is a reading."""
    begin = datetime(2025, 12, 31, 20, 20, tzinfo=UTC)
    readings = [
        Raw(unix(begin) + n // 2 * 3600 + n % 2 * 1200, n + 1, n * 101) for n in range(48 * 366)
    ]
    await Meter(cloud).receive(readings)
    await cloud.services.reviewer.drain()
    months = await _usage(cloud, "month", "2026-01-01", "2027-01-01")
    boundaries = await told(
        cloud,
        "select at, register, before_at, before_register, after_at, after_register"
        " from boundary_registers order by at",
    )
    assert len(boundaries) == 13
    for at, register, before_at, before, after_at, after in boundaries:
        assert before_at == at - HOUR / 3
        assert after_at == at + HOUR / 3
        assert register == before + (after - before) // 2
    registers = [register for _, register, *_ in boundaries]
    assert months == [later - earlier for earlier, later in pairwise(registers)]
    days = await _usage(cloud, "day", "2026-01-01", "2027-01-01")
    assert sum(months) == sum(days) == registers[-1] - registers[0]
    assert len(days) == 365
    march = await _usage(cloud, "hour", "2026-03-29", "2026-03-30")
    october = await _usage(cloud, "hour", "2026-10-25", "2026-10-26")
    assert (len(march), len(october)) == (23, 25)
    assert (sum(march), sum(october)) == (days[87], days[297])


async def test_a_month_cut_short_is_the_sum_of_its_days(cloud: CloudInTest) -> None:
    begin = datetime(2026, 8, 31, 21, tzinfo=UTC)
    await Meter(cloud).receive(Raw(unix(begin) + n * 3600, n + 1, n * n) for n in range(24 * 40))
    days = await _usage(cloud, "day", "2026-09-10", "2026-10-05")
    assert await _usage(cloud, "month", "2026-09-10", "2026-10-05") == [
        sum(days[:21]),
        sum(days[21:]),
    ]
    assert await _usage(cloud, "month", "2026-09-10", "2026-09-20") == [sum(days[:10])]


async def test_what_comes_for_a_closed_period_changes_nothing_and_is_said(
    cloud: CloudInTest,
) -> None:
    begin = unix(NOON) - 200 * 86400
    meter = Meter(cloud)
    await meter.receive(Raw(begin + n * 1800, n + 1, n * 10) for n in range(48 * 200))
    await cloud.services.reviewer.drain()
    every_hour = "select * from hourly_usage order by interval_start"
    before = await told(cloud, every_hour)
    await cloud.services.hypertables.maintain(NOON, RETENTION)
    assert (await told(cloud, "select count(*) from readings"))[0] < 48 * 120
    await meter.receive(
        Raw(begin + n * 1800 + 60, 10_000 + n, n * 10 + 9) for n in range(48 * 50, 48 * 51)
    )
    await cloud.services.reviewer.drain()
    assert await told(cloud, every_hour) == before
    [(rule, evidence)] = await told(cloud, "select rule, evidence from validation_findings")
    assert (rule, evidence["readings"]) == ("closed_period", 48)


async def test_what_comes_at_the_edge_of_a_closed_period_leaves_the_hours_before_as_they_were(
    cloud: CloudInTest,
) -> None:
    """Read at 10 and 40 past, so that a late reading on the hour moves use between two hours."""
    begin = unix(NOON) - 200 * 86400 + 600
    meter = Meter(cloud)
    await meter.receive(Raw(begin + n * 1800, n + 1, n * 10) for n in range(48 * 200))
    await cloud.services.reviewer.drain()
    every_hour = "select interval_start, usage, covered_s from hourly_usage order by interval_start"
    before = await told(cloud, every_hour)
    await cloud.services.hypertables.maintain(NOON, RETENTION)
    [first] = await told(cloud, "select min(read_at) from readings")
    first_hour = unix(first) - 600 + 3600
    for hour_s in (first_hour, first_hour + 12 * 3600):
        n = (hour_s - begin) // 1800
        await meter.receive([Raw(hour_s, 20_000 + n, n * 10 + 9)])
    await cloud.services.reviewer.drain()
    after = await told(cloud, every_hour)
    changed = [old[0] for old, new in zip(before, after, strict=True) if old != new]
    assert [unix(start) - first_hour for start in changed] == [11 * 3600, 12 * 3600]
