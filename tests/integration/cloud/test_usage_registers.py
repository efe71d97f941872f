# SPDX-License-Identifier: EUPL-1.2
"""What registers do wrong, or seem to: rollovers, false readings, silence (AC-21, 23, 24)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.cloud.builders import NOON, CloudInTest, unix
from tests.integration.cloud.review_builders import Meter, Raw, derived, told
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines

POINT = "/service-points/sp-one"
HOUR = timedelta(hours=1)
QUARTER_S = 900
FIRST = NOON - 48 * HOUR
COUNT = 4 * 48 + 1
STEP_ML = 250  # in a quarter of an hour


def steady(start: int = 0, modulus: int = 2**53) -> list[Raw]:
    """Return two days of readings by the quarter-hour up to noon, of a meter in steady use."""
    return [
        Raw(unix(FIRST) + n * QUARTER_S, n + 1, (start + n * STEP_ML) % modulus)
        for n in range(COUNT)
    ]


async def usage(cloud: CloudInTest, resolution: str, first: str, end: str) -> list[Any]:
    answer = await cloud.operator.get(
        f"{POINT}/usage", **{"resolution": resolution, "from": first, "to": end}
    )
    return [(one["usage"], one["quality"]) for one in answer["intervals"]]


async def known_hours(cloud: CloudInTest) -> list[int]:
    return await told(cloud, "select usage from hourly_usage order by interval_start")


@pytest.mark.parametrize("modulus", [99_999_999_000 + 1000, 2**16, 2**32])
@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "guessed"])
async def test_use_goes_on_over_a_rollover_and_the_rollover_is_on_record(
    cloud: CloudInTest, modulus: int, is_declared: bool
) -> None:
    meter = {"serial": "1one", "make": "Zenner", "model": "ETK"}
    declared = {"register_modulus": modulus} if is_declared else {}
    await cloud.operator.put("/meters/m-one", {**meter, **declared})
    rolls_over = modulus - COUNT // 2 * STEP_ML - 100
    await Meter(cloud).receive(steady(rolls_over, modulus))
    await cloud.services.reviewer.drain()
    assert await known_hours(cloud) == [4 * STEP_ML] * 48
    [event] = await told(
        cloud,
        "select kind, register_before, register_after, recorded_by from register_events"
        " where kind = 'rollover'",
    )
    assert event == ("rollover", modulus - 100, STEP_ML - 100, "validation")
    assert await told(cloud, "select rule from validation_findings") == ["rollover"]


async def test_a_rollover_that_a_late_reading_refutes_is_taken_back(cloud: CloudInTest) -> None:
    at_s = unix(FIRST)
    full = [Raw(at_s + n * 60, n + 1, 99_900 + n) for n in range(10)]
    empty = [Raw(at_s + 3600 + n * 60, n + 20, n) for n in range(10)]
    await Meter(cloud).receive([*full, *empty])
    await cloud.services.reviewer.drain()
    standing = "select at from register_events where kind = 'rollover' and undone_at is null"
    assert len(await told(cloud, standing)) == 1
    await Meter(cloud).receive(Raw(at_s + 1200 + n * 60, n + 11, 99_990 + n) for n in range(9))
    await cloud.services.reviewer.drain()
    assert len(await told(cloud, standing)) == 1
    await Meter(cloud).receive(Raw(at_s + 2400 + n * 60, n + 40, 150_000 + n) for n in range(9))
    await cloud.services.reviewer.drain()
    assert await told(cloud, standing) == []


async def test_a_rollover_that_a_person_undid_is_none(cloud: CloudInTest) -> None:
    at_s = unix(FIRST)
    readings = [Raw(at_s + n * 60, n + 1, (99_900 + 10 * n) % 100_000) for n in range(40)]
    await Meter(cloud).receive(readings)
    await cloud.services.reviewer.drain()
    [event] = await told(cloud, "select event_id from register_events where kind = 'rollover'")
    assert await known_hours(cloud) == [390]
    await cloud.operator.post(f"/register-events/{event}/undo", {"because": "It was reset."})
    await cloud.services.reviewer.drain()
    assert await known_hours(cloud) == [380]
    await Meter(cloud).receive(readings)
    await cloud.services.reviewer.drain()
    assert await known_hours(cloud) == [380]


@pytest.mark.parametrize("register", [10**12, 24_000, 3, 0], ids=["giant", "up", "down", "zero"])
@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
async def test_one_false_reading_is_quarantined_and_moves_no_figure(
    cloud: CloudInTest, register: int, is_late: bool
) -> None:
    """Whatever looks at usage, a forecast too, reads hours: these are as if it had never come."""
    meter, right = Meter(cloud), steady()
    await meter.receive(right)
    await cloud.services.reviewer.drain()
    expected = await derived(cloud)
    await meter.forget("readings", "hourly_usage", "boundary_registers")
    if not cloud.services.hypertables.is_timescale:
        await meter.forget("daily_usage", "monthly_usage")
    false = Raw(right[90].at_s + 7, 1000, register)
    await meter.receive([*right[:91], *([] if is_late else [false])])
    await cloud.services.reviewer.drain()
    await meter.receive([*([false] if is_late else []), *right[91:]])
    await cloud.services.reviewer.drain()
    found = await derived(cloud)
    [(_, _, _, sequence, _)] = found["exclusions"]
    assert sequence == 1000
    for table in set(expected) - {"exclusions"}:
        assert found[table] == expected[table], table
    assert len(await told(cloud, "select 1 from readings where sequence = 1000")) == 1
    assert len(await told(cloud, "select 1 from validation_findings")) == 1


async def test_a_false_reading_is_left_out_while_nobody_can_tell_yet(cloud: CloudInTest) -> None:
    right = steady()
    await Meter(cloud).receive([*right[:-1], Raw(right[-1].at_s, 1000, 10**12)])
    await cloud.services.reviewer.drain()
    assert max(await known_hours(cloud)) == 4 * STEP_ML
    assert await told(cloud, "select rule from exclusions") == ["unconfirmed"]


async def test_a_meter_that_returns_after_a_month_has_its_total_spread_by_its_habit(
    cloud: CloudInTest,
) -> None:
    """It is used from seven to nine in the morning only; it was silent for 30 days."""
    begin = datetime.fromisoformat("2026-06-01T00:00:00+03:00")

    def dial(at: datetime) -> int:
        days, rest = divmod(at - begin, timedelta(days=1))
        return days * 2000 + 1000 * min(max(rest // HOUR - 7, 0), 2)

    hours = [begin + n * HOUR for n in range(24 * 60 + 1)]
    silent = (begin + timedelta(days=29, hours=12), begin + timedelta(days=59, hours=12))
    heard = [
        Raw(unix(at), n + 1, dial(at))
        for n, at in enumerate(hours)
        if not silent[0] < at < silent[1]
    ]
    before = [one for one in heard if one.at_s <= unix(silent[0])]
    meter = Meter(cloud)
    await meter.receive(before[-10:])
    await meter.receive(heard[len(before) :])
    await cloud.services.reviewer.drain()
    flat = await usage(cloud, "day", "2026-07-02", "2026-07-03")
    assert flat == [(2000, ["estimated"])]
    assert max(await known_hours(cloud)) == 1000
    await meter.receive(before[:-10])  # now its habit is known: what was filled is filled anew
    await cloud.services.reviewer.drain()
    by_hour = await usage(cloud, "hour", "2026-07-02", "2026-07-03")
    assert [one[0] for one in by_hour] == [1000 if hour in (7, 8) else 0 for hour in range(24)]
    assert {tuple(one[1]) for one in by_hour} == {("estimated",)}
    total = await usage(cloud, "day", "2026-06-01", "2026-07-31")
    assert [one[0] for one in total] == [2000] * 60
    assert [one[1] for one in total] == [[]] * 29 + [["estimated"]] * 31
    assert await told(cloud, "select 1 from exclusions") == []


async def test_a_register_that_went_back_for_good_is_unknown_over_the_break_alone(
    cloud: CloudInTest,
) -> None:
    right = steady()
    cut = right[100].at_s
    await Meter(cloud).receive(
        Raw(one.at_s, one.sequence, one.register - 20_000 if one.at_s >= cut else one.register)
        for one in right
    )
    await cloud.services.reviewer.drain()
    usages = await known_hours(cloud)
    assert sorted(set(usages)) == [3 * STEP_ML, 4 * STEP_ML]
    assert sum(usages) == (COUNT - 2) * STEP_ML
    assert await told(cloud, "select rule from validation_findings") == ["negative_step"]
    by_day = await usage(cloud, "day", "2026-11-20", "2026-11-21")
    assert by_day == [(96 * STEP_ML - STEP_ML, ["missing", "suspect"])]


async def test_an_editor_excludes_and_accepts_and_it_can_be_undone(cloud: CloudInTest) -> None:
    right = steady()
    at = NOON - 24 * HOUR
    jumped = [
        Raw(one.at_s, one.sequence, one.register + (10**12 if one.at_s >= unix(at) else 0))
        for one in right
    ]
    await Meter(cloud).receive(jumped)
    await cloud.services.reviewer.drain()
    as_screened = await known_hours(cloud)
    assert sum(as_screened) == (COUNT - 2) * STEP_ML
    span = {"since": at.isoformat(), "until": (at + HOUR / 60).isoformat(), "reason": "Flooded."}
    made = await cloud.operator.post(f"{POINT}/corrections", {"kind": "accept", **span})
    await cloud.services.reviewer.drain()
    assert sum(await known_hours(cloud)) == (COUNT - 1) * STEP_ML + 10**12
    path = f"/corrections/{made['correction_id']}/undo"
    await cloud.operator.post(path, {"because": "It wasn't."})
    await cloud.services.reviewer.drain()
    assert await known_hours(cloud) == as_screened
    span["since"] = (at - HOUR).isoformat()
    await cloud.operator.post(f"{POINT}/corrections", {"kind": "exclude", **span})
    await cloud.services.reviewer.drain()
    assert set(await told(cloud, "select rule from exclusions")) == {"excluded"}
