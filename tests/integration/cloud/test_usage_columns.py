# SPDX-License-Identifier: EUPL-1.2
"""Years of usage in columns: what is told by interval, whoever asks and whatever is kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.kit.auth.rights import Role
from cloud.kit.database import rows, run
from cloud.kit.hypertable import HOURLY, ZONE, Retention
from tests.integration.cloud.builders import NOON, Caller, CloudInTest
from tests.integration.cloud.signed_in import a_person
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines

FIRST, END = "2025-10-01", "2026-11-20"
BEGIN = datetime(2025, 10, 1, tzinfo=ZONE).astimezone(UTC)
STOP = datetime(2026, 11, 20, tzinfo=ZONE).astimezone(UTC)
COLUMNS = "/premises/p-one/usage/columns"
ASKED = {"utility": "water", "from": FIRST, "to": END}

# An hour a day is missing, one is estimated; each uses as many ml as hours have passed.
HOURS = """
insert into hourly_usage
select installation_id, hour, n, 3600, case when n %% 24 = 7 then 4 else 0 end, hour
from installations cross join generate_series(%(begin)s, %(stop)s - interval '1 hour',
    interval '1 hour') with ordinality as passed (hour, n)
where service_point_id = 'sp-one' and n %% 24 <> 5
"""


async def _fill(cloud: CloudInTest) -> None:
    await cloud.services.reviewer.drain()  # or it finds these hours without a reading
    tables = cloud.services.hypertables
    await tables.make_room(HOURLY, BEGIN, STOP)
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, HOURS, begin=BEGIN, stop=STOP)
        [one] = await rows(connection, "select installation_id as id from installations")
        await tables.roll_up(connection, [one["id"]], BEGIN, STOP)
    await tables.refresh()


async def _intervals(
    caller: Caller, resolution: str, first: str = FIRST, end: str = END
) -> list[tuple[str, int | None, list[str]]]:
    told = await caller.get(
        "/premises/p-one/usage",
        **{"utility": "water", "resolution": resolution, "from": first, "to": end},
    )
    return [(one["interval_start"], one["usage"], one["quality"]) for one in told["intervals"]]


def _unpacked(stretch: dict[str, Any]) -> list[tuple[str, int | None, list[str]]]:
    """Return a stretch's intervals one by one."""
    at = datetime.fromisoformat(stretch["interval_start"]).astimezone(UTC)
    lengths = [run["length_s"] for run in stretch["lengths"] for _ in range(run["count"])]
    qualities = [run["quality"] for run in stretch["quality"] for _ in range(run["count"])]
    found = []
    for length_s, usage, quality in zip(lengths, stretch["usage"], qualities, strict=True):
        found.append((at.astimezone(ZONE).isoformat(), usage, quality))
        at += timedelta(seconds=length_s)
    assert at == datetime.fromisoformat(stretch["interval_end"])
    return found


async def test_columns_tell_the_same_as_intervals_over_both_clock_changes(
    cloud: CloudInTest,
) -> None:
    await _fill(cloud)
    told = await cloud.operator.get(COLUMNS, **ASKED)
    [stretch] = told["stretches"]
    assert (stretch["resolution"], stretch["unit"]) == ("hour", "ml")
    assert (told["timezone"], told["is_final"]) == ("Europe/Sofia", True)
    expected = await _intervals(cloud.operator, "hour")
    assert _unpacked(stretch) == expected
    assert expected[4][1:] == (None, ["missing"])
    assert expected[6][1:] == (7, ["estimated"])
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        assert sum(start.startswith(day) for start, *_ in _unpacked(stretch)) == hours


async def test_beyond_the_hours_kept_it_is_told_by_day(cloud: CloudInTest) -> None:
    await _fill(cloud)
    kept = Retention(raw_days=40, hourly_days=100, daily_days=3660)
    by_day = await _intervals(cloud.operator, "day")
    await cloud.services.hypertables.maintain(NOON, kept)
    days, hours = (await cloud.operator.get(COLUMNS, **ASKED))["stretches"]
    assert (days["resolution"], hours["resolution"]) == ("day", "hour")
    assert days["interval_end"] == hours["interval_start"]
    cut = hours["interval_start"][:10]
    assert "2026-01-01" <= cut <= "2026-08-13"  # partitions go whole
    assert _unpacked(days) == [one for one in by_day if one[0][:10] < cut]
    assert _unpacked(hours) == await _intervals(cloud.operator, "hour", cut)
    old = {**ASKED, "to": "2025-11-01"}
    [alone] = (await cloud.operator.get(COLUMNS, **old))["stretches"]
    assert (alone["resolution"], len(alone["usage"])) == ("day", 31)


async def test_who_may_not_see_the_building_does_not_find_it(cloud: CloudInTest) -> None:
    await _fill(cloud)
    await cloud.register("two")
    for caller in (await cloud.caller(Role.OWNER, "p-two"), await cloud.utility("water-two")):
        assert (await caller.ask("GET", COLUMNS, params=ASKED)).status_code == 404
    assert (await cloud.nobody.ask("GET", COLUMNS, params=ASKED)).status_code == 401
    owner = await cloud.caller(Role.OWNER, "p-one")
    [stretch] = (await owner.get(COLUMNS, **ASKED))["stretches"]
    assert stretch["usage"][0] == 1


async def test_a_tenant_is_told_nothing_of_the_time_before_they_moved_in(
    cloud: CloudInTest,
) -> None:
    await _fill(cloud)
    tenant = await a_person(cloud, role=Role.TENANT)
    moved_in = "2026-10-01"
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(
            connection,
            "insert into grants (user_id, premises_id, since, granted_by)"
            " select user_id, 'p-one', '2026-10-01T00:00:00+03:00', 'test' from users",
        )
    [stretch] = (await tenant.get(COLUMNS, **ASKED))["stretches"]
    told = _unpacked(stretch)
    assert {usage for start, usage, _ in told if start < moved_in} == {None}
    assert [one for one in told if one[0] >= moved_in] == await _intervals(
        cloud.operator, "hour", moved_in
    )


@pytest.mark.parametrize(
    ("first", "end"), [("2026-11-20", "2026-11-20"), ("2010-01-01", "2026-01-01")]
)
async def test_a_span_that_is_none_or_too_long_is_refused(
    cloud: CloudInTest, first: str, end: str
) -> None:
    asked = {"utility": "water", "from": first, "to": end}
    assert (await cloud.operator.ask("GET", COLUMNS, params=asked)).status_code == 422


async def test_who_does_not_accept_gzip_gets_plain_json(cloud: CloudInTest) -> None:
    plain = await cloud.operator.ask(
        "GET", COLUMNS, params=ASKED, headers={"Accept-Encoding": "identity"}
    )
    packed = await cloud.operator.ask("GET", COLUMNS, params=ASKED)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert "Accept-Encoding" in packed.headers["vary"]
