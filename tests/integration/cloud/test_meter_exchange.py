# SPDX-License-Identifier: EUPL-1.2
"""A meter exchanged for one with a lower register, whenever and however it is told (AC-22).

The node reads on: 10 l an hour by the hour, the old meter from 900 m3 on until half past an hour,
from then on the new one from zero.
"""

from datetime import datetime, timedelta
from typing import Any

from tests.integration.cloud.builders import COLD, NODE, NOON, CloudInTest, a_telegram
from tests.timescaledb import on_both_engines

pytestmark = on_both_engines

POINT = "/service-points/sp-one"
HOURS = 36
AN_HOUR_ML = 10_000
FIRST = NOON - timedelta(hours=HOURS)
EXCHANGED = NOON - timedelta(hours=6, minutes=-30)
OLD_ML = 900_000_000
FINAL_ML = OLD_ML + 30 * AN_HOUR_ML + AN_HOUR_ML // 2
KNOWN = {"start_register": 0, "final_register": FINAL_ML}
SPANS = {
    "hour": ("2026-11-20", "2026-11-22"),
    "day": ("2026-11-01", "2026-12-01"),
    "month": ("2026-01-01", "2027-01-01"),
}


async def _read_on(cloud: CloudInTest) -> None:
    await cloud.gateway.send(
        *[
            a_telegram(n + 1, at=at, registers={COLD: ml})
            for n, at, ml in [
                (n, FIRST + timedelta(hours=n), _dial(FIRST + timedelta(hours=n)))
                for n in range(HOURS + 1)
            ]
        ]
    )


def _dial(at: datetime) -> int:
    since = at - (EXCHANGED if at >= EXCHANGED else FIRST)
    start = 0 if at >= EXCHANGED else OLD_ML
    return start + since // timedelta(minutes=6) * (AN_HOUR_ML // 10)


async def _exchange(cloud: CloudInTest, at: datetime = EXCHANGED, **registers: int) -> Any:
    await cloud.operator.put("/meters/m-new", {"serial": "new", "make": "Zenner", "model": "E"})
    return await cloud.operator.put(
        "/installations/sp-one",
        {
            "meter_id": "m-new",
            "node_id": NODE,
            "obis": COLD,
            "installed_at": at.isoformat(),
            **registers,
        },
    )


async def _figures(cloud: CloudInTest) -> dict[str, list[tuple[str, int, tuple[str, ...]]]]:
    """Return what is known by hour, day and month: start, usage, quality."""
    found = {}
    for resolution, (first, end) in SPANS.items():
        asked = {"resolution": resolution, "from": first, "to": end}
        answer = await cloud.operator.get(f"{POINT}/usage", **asked)
        found[resolution] = [
            (one["interval_start"], one["usage"], tuple(one["quality"]))
            for one in answer["intervals"]
            if one["usage"] is not None
        ]
    return found


def _totals(figures: dict[str, list[tuple[str, int, tuple[str, ...]]]]) -> dict[str, int]:
    for intervals in figures.values():
        assert all(0 <= usage <= HOURS * AN_HOUR_ML for _, usage, _ in intervals)
    assert all(usage <= AN_HOUR_ML for _, usage, _ in figures["hour"])
    return {name: sum(usage for _, usage, _ in told) for name, told in figures.items()}


EVERYTHING = dict.fromkeys(SPANS, HOURS * AN_HOUR_ML)
BUT_THE_HOUR = dict.fromkeys(SPANS, (HOURS - 1) * AN_HOUR_ML)


async def test_recorded_before_the_data_nothing_is_lost_and_nothing_jumps(
    cloud: CloudInTest,
) -> None:
    await _exchange(cloud, **KNOWN)
    await _read_on(cloud)
    figures = await _figures(cloud)
    assert _totals(figures) == EVERYTHING
    assert {usage for _, usage, _ in figures["hour"]} == {AN_HOUR_ML}
    assert all("missing" not in quality for _, _, quality in figures["hour"])


async def test_recorded_after_the_data_it_comes_to_the_same_figures(cloud: CloudInTest) -> None:
    await _read_on(cloud)
    assert _totals(await _figures(cloud)) == BUT_THE_HOUR
    await _exchange(cloud, **KNOWN)
    figures = await _figures(cloud)
    assert _totals(figures) == EVERYTHING
    assert {usage for _, usage, _ in figures["hour"]} == {AN_HOUR_ML}


async def test_without_anybody_having_looked_at_the_dials_only_that_hour_is_not_whole(
    cloud: CloudInTest,
) -> None:
    await _read_on(cloud)
    await _exchange(cloud)
    figures = await _figures(cloud)
    assert _totals(figures) == BUT_THE_HOUR
    assert [usage for _, usage, _ in figures["hour"]].count(AN_HOUR_ML) == HOURS - 1


async def test_told_too_late_and_then_rightly_it_comes_to_the_same_figures(
    cloud: CloudInTest,
) -> None:
    await _read_on(cloud)
    await _exchange(cloud, NOON - timedelta(hours=3, minutes=15))
    _totals(await _figures(cloud))
    await _exchange(cloud)
    assert _totals(await _figures(cloud)) == BUT_THE_HOUR
    await _exchange(cloud, **KNOWN)
    assert _totals(await _figures(cloud)) == EVERYTHING


async def test_undone_it_is_as_if_it_had_never_been_told(cloud: CloudInTest) -> None:
    await _read_on(cloud)
    before = await _figures(cloud)
    event = (await _exchange(cloud, **KNOWN))["event_id"]
    told = await _figures(cloud)
    assert told != before
    await cloud.operator.post(f"/register-events/{event}/undo", {"because": "Other flat."})
    assert await _figures(cloud) == before
    await _exchange(cloud, **KNOWN)
    assert await _figures(cloud) == told


async def test_an_editor_tells_the_hour_that_nobody_metered(cloud: CloudInTest) -> None:
    await _read_on(cloud)
    await _exchange(cloud)
    before = await _figures(cloud)
    hour = EXCHANGED.replace(minute=0)
    correction = await cloud.operator.post(
        f"{POINT}/corrections",
        {
            "kind": "usage",
            "since": hour.isoformat(),
            "until": (hour + timedelta(hours=1)).isoformat(),
            "usage": 8_000,
            "reason": "From the technician's notes.",
        },
    )
    figures = await _figures(cloud)
    assert _totals(figures) == {name: total + 8_000 for name, total in BUT_THE_HOUR.items()}
    [edited] = [quality for _, usage, quality in figures["hour"] if usage == 8_000]
    assert "edited" in edited
    await cloud.operator.post(
        f"/corrections/{correction['correction_id']}/undo", {"because": "Wrong flat."}
    )
    assert await _figures(cloud) == before


async def test_both_registers_are_listed_and_each_shows_its_own(cloud: CloudInTest) -> None:
    await _read_on(cloud)
    await _exchange(cloud, **KNOWN)
    old, new = (await cloud.operator.get(f"{POINT}/registers"))["items"]
    assert (old["serial"], old["last_reading"]["register"]) == ("1one", FINAL_ML - AN_HOUR_ML // 2)
    assert (new["serial"], new["first_reading"]["register"]) == ("new", AN_HOUR_ML // 2)
    assert (old["final_register"], new["start_register"]) == (FINAL_ML, 0)
    for minutes, register in ((-15, FINAL_ML - AN_HOUR_ML // 4), (15, AN_HOUR_ML // 4)):
        at = (EXCHANGED + timedelta(minutes=minutes)).isoformat()
        assert (await cloud.operator.get(f"{POINT}/registers", at=at))["register"] == register


async def test_a_meter_that_another_node_reads_on_loses_no_use_in_between(cloud: CloudInTest):
    dials = [(n, FIRST + timedelta(hours=n), OLD_ML + n * AN_HOUR_ML) for n in range(HOURS + 1)]
    await cloud.gateway.send(
        *[a_telegram(n + 1, at=at, registers={COLD: ml}) for n, at, ml in dials]
    )
    cloud.clock.time = back = NOON + timedelta(days=2)
    await cloud.operator.put("/nodes/n-two", {"gateway_id": "gw-one", "board": "esp32"})
    installed = {
        "meter_id": "m-one",
        "node_id": "n-two",
        "obis": COLD,
        "installed_at": (back - timedelta(hours=1)).isoformat(),
    }
    await cloud.operator.put("/installations/sp-one", installed)
    later_ml = OLD_ML + (HOURS + 48) * AN_HOUR_ML
    reading = a_telegram(1, node="n-two", at=back, registers={COLD: later_ml})
    await cloud.gateway.send(reading)
    before = await _total(cloud)
    told = {**installed, "start_register": later_ml - AN_HOUR_ML}
    await cloud.operator.put("/installations/sp-one", told)
    assert before == HOURS * AN_HOUR_ML
    assert await _total(cloud) == (HOURS + 48) * AN_HOUR_ML


async def _total(cloud: CloudInTest) -> int:
    return sum(usage for _, usage, _ in (await _figures(cloud))["month"])
