# SPDX-License-Identifier: EUPL-1.2
"""Usage over HTTP: local days, several meters, exchanges."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.cloud.builders import COLD, NOON, CloudInTest, a_telegram
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines

HOT = "9-0:1.0.0"


async def _hourly(cloud: CloudInTest, start: datetime, hours: int, step: int = 1000) -> None:
    """Send a register each hour that grows by ``step``."""
    for begin in range(0, hours + 1, 4000):
        await cloud.gateway.send(
            *[
                a_telegram(n + 1, at=start + timedelta(hours=n), registers={COLD: n * step})
                for n in range(begin, min(begin + 4000, hours + 1))
            ]
        )


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2025-10-26", 25)])
async def test_a_day_of_23_or_25_hours_is_their_sum(
    cloud: CloudInTest, day: str, hours: int
) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=2)
    await _hourly(cloud, start, 96)
    following = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    asked = {"utility": "water", "from": day, "to": following}
    by_hour = await cloud.operator.get("/premises/p-one/usage", resolution="hour", **asked)
    by_day = await cloud.operator.get("/premises/p-one/usage", resolution="day", **asked)
    assert [one["usage"] for one in by_hour["intervals"]] == [1000] * hours
    assert [one["usage"] for one in by_day["intervals"]] == [1000 * hours]
    assert len({one["interval_start"] for one in by_hour["intervals"]}) == hours
    assert (by_day["unit"], by_day["timezone"]) == ("ml", "Europe/Sofia")


async def test_cold_and_hot_water_add_up_and_sub_meters_do_not(cloud: CloudInTest) -> None:
    put = cloud.operator.put
    for name, kind, code, parent in (
        ("hot", "hot_water", HOT, None),
        ("sub", "cold_water", "8-1:1.0.0", "sp-one"),
    ):
        await put(
            f"/service-points/sp-{name}",
            {
                "premises_id": "p-one",
                "name": {"bg": "Б", "en": "B"},
                "reading_type": kind,
                "parent_service_point_id": parent,
            },
        )
        await put(f"/meters/m-{name}", {"serial": name, "make": "Zenner", "model": "E"})
        await put(
            f"/installations/sp-{name}",
            {
                "meter_id": f"m-{name}",
                "node_id": "n-one",
                "obis": code,
                "installed_at": "2025-01-01T00:00:00Z",
            },
        )
    await cloud.gateway.send(
        *[
            a_telegram(
                n + 1,
                at=NOON - timedelta(hours=12 - n),
                registers={COLD: n * 10, HOT: n * 5, "8-1:1.0.0": n * 3},
            )
            for n in range(13)
        ]
    )
    asked = {"resolution": "day", "from": "2026-11-20", "to": "2026-11-23"}
    total = await cloud.operator.get("/premises/p-one/usage", utility="water", **asked)
    sub = await cloud.operator.get("/service-points/sp-sub/usage", **asked)
    assert [one["usage"] for one in total["intervals"]] == [None, 180, None]
    assert [one["usage"] for one in sub["intervals"]] == [None, 36, None]
    [summary] = (await cloud.operator.get("/premises"))["items"]
    assert {one["reading_type"]: one["usage"] for one in summary["today"]} == {
        "cold_water": 120,
        "hot_water": 60,
    }


async def test_a_meter_exchange_leaves_no_negative_and_no_giant_bar(cloud: CloudInTest) -> None:
    exchanged = NOON - timedelta(hours=6)
    before = [
        a_telegram(n + 1, at=NOON - timedelta(hours=12 - n), registers={COLD: 900_000 + n * 10})
        for n in range(7)
    ]
    after = [
        a_telegram(n + 8, at=exchanged + timedelta(hours=n), registers={COLD: n * 10})
        for n in range(7)
    ]
    after[0]["read_at_s"] += 1
    await cloud.gateway.send(*before[:-1], *after)
    await cloud.operator.put("/meters/m-new", {"serial": "new", "make": "Zenner", "model": "E"})
    installation = {
        "meter_id": "m-new",
        "node_id": "n-one",
        "obis": COLD,
        "installed_at": exchanged.isoformat(),
    }
    for _ in range(2):
        await cloud.operator.put("/installations/sp-one", installation)
    day = await cloud.operator.get(
        "/service-points/sp-one/usage",
        **{"resolution": "day", "from": "2026-11-21", "to": "2026-11-22"},
    )
    assert [one["usage"] for one in day["intervals"]] == [50 + 60]
    detail = await cloud.operator.get("/premises/p-one")
    assert detail["service_points"][0]["meter"]["meter_id"] == "m-new"
    assert detail["service_points"][0]["register"] == 60


async def test_a_building_shows_its_latest_register_and_rate(cloud: CloudInTest) -> None:
    await cloud.gateway.send(
        a_telegram(2, registers={COLD: 77, "8-0:2.0.0": 120}),
        a_telegram(1, at=NOON - timedelta(minutes=1), registers={COLD: 70, "8-0:2.0.0": 90}),
    )
    point = (await cloud.operator.get("/premises/p-one"))["service_points"][0]
    assert (point["register"], point["unit"], point["node_id"]) == (77, "ml", "n-one")
    assert point["read_at"] == "2026-11-21T12:00:00Z"
    assert point["instantaneous"] == {
        "reading_type": "cold_water_flow",
        "unit": "l/h",
        "reading": 120,
        "read_at": "2026-11-21T12:00:00Z",
        "quality": [],
    }


async def test_a_building_without_readings_shows_none_not_zero(cloud: CloudInTest) -> None:
    point = (await cloud.operator.get("/premises/p-one"))["service_points"][0]
    assert (point["register"], point["read_at"]) == (None, None)
    [summary] = (await cloud.operator.get("/premises"))["items"]
    assert summary["today"][0]["usage"] is None


async def test_readings_come_page_by_page_in_order_of_time(cloud: CloudInTest) -> None:
    await _hourly(cloud, NOON - timedelta(hours=50), 50)
    readings = await cloud.operator.all("/service-points/sp-one/readings", limit=7)
    assert [one["register"] for one in readings] == [n * 1000 for n in range(51)]
    some = await cloud.operator.get(
        "/service-points/sp-one/readings", **{"from": "2026-11-21", "to": "2026-11-22"}
    )
    assert some["items"][0]["read_at"] == "2026-11-20T22:00:00Z"


async def test_a_year_of_days_takes_a_fraction_of_a_second(cloud: CloudInTest) -> None:
    await _hourly(cloud, NOON - timedelta(days=400), 400 * 24)
    begun = time.process_time()
    usage = await cloud.operator.get(
        "/premises/p-one/usage",
        **{"utility": "water", "resolution": "day", "from": "2025-11-21", "to": "2026-11-21"},
    )
    assert len(usage["intervals"]) == 365
    assert {one["usage"] for one in usage["intervals"]} == {23000, 24000, 25000}
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "asked",
    [
        {"resolution": "hour", "from": "2020-01-01", "to": "2026-01-01"},
        {"resolution": "day", "from": "2026-01-02", "to": "2026-01-02"},
        {"resolution": "week", "from": "2026-01-01", "to": "2026-01-02"},
        {"resolution": "day", "from": "0001-01-01", "to": "2026-01-02"},
        {"resolution": "day", "from": "yesterday", "to": "2026-01-02"},
    ],
)
async def test_spans_that_make_no_sense_are_refused(
    cloud: CloudInTest, asked: dict[str, str]
) -> None:
    answer = await cloud.operator.ask("GET", "/service-points/sp-one/usage", params=asked)
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_a_total_with_a_silent_meter_is_unknown_and_not_smaller(cloud: CloudInTest) -> None:
    await cloud.gateway.send(
        *[
            a_telegram(n + 1, at=NOON - timedelta(hours=9 - n), registers={COLD: n})
            for n in range(9)
        ]
    )
    [summary] = (await cloud.operator.get("/premises"))["items"]
    assert summary["today"][0]["usage"] == 8
    await cloud.operator.put(
        "/service-points/sp-silent",
        {
            "premises_id": "p-one",
            "name": {"bg": "Втори вход", "en": "Second entrance"},
            "reading_type": "cold_water",
        },
    )
    [summary] = (await cloud.operator.get("/premises"))["items"]
    assert summary["today"][0]["usage"] is None
