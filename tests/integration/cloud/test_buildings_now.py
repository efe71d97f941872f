# SPDX-License-Identifier: EUPL-1.2
"""What the list of buildings says of now: flows, silent sensors, the worst alert."""

from datetime import timedelta
from typing import Any

from tests.integration.cloud.builders import COLD, NOON, CloudInTest, a_finding, a_telegram

FLOW = "8-0:2.0.0"


async def _listed(cloud: CloudInTest) -> dict[str, Any]:
    (building,) = (await cloud.operator.get("/premises"))["items"]
    return dict(building)


async def _with_hot_water(cloud: CloudInTest) -> None:
    await cloud.operator.put(
        "/service-points/sp-hot",
        {
            "premises_id": "p-one",
            "name": {"bg": "Топла вода", "en": "Hot water"},
            "reading_type": "hot_water",
        },
    )


async def test_the_flow_of_now_is_told_with_its_unit_and_age(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram(1, registers={COLD: 7, FLOW: 60}))
    (flow,) = (await _listed(cloud))["flows"]
    assert flow == {
        "utility": "water",
        "unit": "l/h",
        "reading": 60,
        "quality": [],
        "read_at": "2026-11-21T12:00:00Z",
    }


async def test_an_old_flow_is_not_what_flows_now(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram(1, registers={COLD: 7, FLOW: 60}))
    cloud.clock.time = NOON + timedelta(minutes=6)
    (flow,) = (await _listed(cloud))["flows"]
    assert (flow["reading"], flow["quality"]) == (None, ["missing"])


async def test_a_flow_that_one_meter_does_not_tell_is_a_part(cloud: CloudInTest) -> None:
    await _with_hot_water(cloud)
    await cloud.gateway.send(a_telegram(1, registers={COLD: 7, FLOW: 60}))
    (flow,) = (await _listed(cloud))["flows"]
    assert (flow["reading"], flow["quality"]) == (60, ["missing"])


async def test_a_meter_that_was_never_read_is_counted_and_is_not_silent(
    cloud: CloudInTest,
) -> None:
    fresh = (await _listed(cloud))["freshness"]
    assert fresh == {"meters": 1, "unread": 1, "newest_read_at": None, "silent": []}


async def test_a_sensor_is_silent_after_an_hour_and_five_minutes(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram(1))
    cloud.clock.time = NOON + timedelta(minutes=65)
    assert (await _listed(cloud))["freshness"]["silent"] == []
    cloud.clock.time += timedelta(seconds=1)
    fresh = (await _listed(cloud))["freshness"]
    (silent,) = fresh["silent"]
    assert (silent["service_point_id"], silent["name"]["en"]) == ("sp-one", "Water")
    assert silent["read_at"] == fresh["newest_read_at"] == "2026-11-21T12:00:00Z"


async def test_the_most_urgent_alert_is_named(cloud: CloudInTest) -> None:
    assert (await _listed(cloud))["worst_alert"] is None
    await cloud.gateway.send(a_telegram(1), a_finding(2))
    assert (await _listed(cloud))["worst_alert"]["kind"] == "continuous_flow"
    await cloud.gateway.send(a_finding(3, finding_id="f-2", kind="stuck"))
    listed = await _listed(cloud)
    worst = listed["worst_alert"]
    assert (worst["kind"], worst["severity"], worst["utility"]) == (
        "continuous_flow",
        "warning",
        "water",
    )
    assert listed["open_alerts"] == 2
