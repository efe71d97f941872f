# SPDX-License-Identifier: EUPL-1.2
"""An owner calls an alert ordinary use; its gateway is told, until it is taken back (AC-86)."""

from datetime import timedelta
from typing import Any

from cloud.alerts.labels import MAX_USES
from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import (
    NOON,
    TOLD_TODAY,
    CloudInTest,
    a_finding,
    an_event,
    unix,
)

POOL = {"label": "pool", "note": "Filled each June."}


async def _labelled(cloud: CloudInTest, **changes: Any) -> str:
    """Raise an alert, call it a pool, and return its id."""
    await cloud.gateway.send(a_finding(**{**TOLD_TODAY, **changes}))
    [alert] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    await cloud.operator.post(f"/alerts/{alert['alert_id']}/label", POOL)
    return str(alert["alert_id"])


async def _told_to_the_gateway(cloud: CloudInTest) -> list[dict[str, Any]]:
    answer = await cloud.gateway.get("/gateways/gw-one/configuration")
    [channel] = answer["nodes"][0]["channels"]
    return list(channel["labels"])


async def test_a_label_shows_on_the_alert_and_acknowledges_it(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    owner = await cloud.caller(Role.OWNER, "p-one")
    [alert] = (await owner.get("/premises/p-one/alerts"))["items"]
    assert (alert["label"], alert["label_id"]) == (None, None)
    answered = await owner.post(f"/alerts/{alert['alert_id']}/label", POOL)
    [shown] = (await owner.get("/premises/p-one/alerts"))["items"]
    assert answered == shown
    assert (shown["label"], shown["state"]) == ("pool", "acknowledged")


async def test_a_later_report_takes_neither_label_nor_acknowledgement_away(
    cloud: CloudInTest,
) -> None:
    await _labelled(cloud)
    await cloud.gateway.send(a_finding(2, at=NOON + timedelta(hours=1), volume_l=999))
    [alert] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    assert (alert["label"], alert["state"], alert["volume_l"]) == ("pool", "acknowledged", 999)


async def test_the_gateway_learns_what_the_use_was_like(cloud: CloudInTest) -> None:
    over = {"state": "cleared", "cleared_at_s": unix(NOON + timedelta(minutes=30))}
    await _labelled(cloud, **over)
    [use] = await _told_to_the_gateway(cloud)
    assert use.pop("label_id")
    assert use == {
        "group": "leak",
        "flow_low": 150,
        "flow_high": 230,
        "from_minute": 12 * 60,  # it began at 10:00 UTC
        "to_minute": 14 * 60 + 30,
        "length_s": 9000,
    }


async def test_use_that_goes_on_lasts_as_long_as_it_did_when_it_was_labelled(
    cloud: CloudInTest,
) -> None:
    cloud.clock.time = NOON + timedelta(hours=1)
    await _labelled(cloud)
    cloud.clock.time = NOON + timedelta(days=10)
    [use] = await _told_to_the_gateway(cloud)
    assert use["length_s"] == 3 * 3600


async def test_what_ran_on_for_days_was_not_meant_and_has_no_time_of_day(
    cloud: CloudInTest,
) -> None:
    cloud.clock.time = NOON + timedelta(hours=1)
    await _labelled(cloud)
    at = cloud.clock.time = NOON + timedelta(days=10)
    await cloud.gateway.send(a_finding(2, at=at, state="cleared", cleared_at_s=unix(at)))
    [use] = await _told_to_the_gateway(cloud)
    assert use["length_s"] == 27 * 3600  # three hours, and a day
    assert (use["from_minute"], use["to_minute"]) == (None, None)


async def test_a_label_taken_back_is_told_no_more_but_stays_on_record(cloud: CloudInTest) -> None:
    alert_id = await _labelled(cloud)
    for _ in range(2):
        answer = await cloud.operator.ask("DELETE", f"/alerts/{alert_id}/label")
        assert (answer.status_code, answer.json()["label"]) == (200, None)
    assert await _told_to_the_gateway(cloud) == []
    [record] = (await cloud.operator.get("/service-points/sp-one/labels"))["items"]
    assert (record["label"], record["note"]) == ("pool", "Filled each June.")
    assert record["labelled_by"] == record["undone_by"] == "token:test"
    assert record["undone_at"] == "2026-11-21T12:00:00Z"


async def test_another_label_takes_the_place_of_the_first_and_a_repeat_changes_nothing(
    cloud: CloudInTest,
) -> None:
    alert_id = await _labelled(cloud)
    [pool] = await _told_to_the_gateway(cloud)
    await cloud.operator.post(f"/alerts/{alert_id}/label", POOL)
    assert await _told_to_the_gateway(cloud) == [pool]
    await cloud.operator.post(f"/alerts/{alert_id}/label", {"label": "irrigation"})
    [irrigation] = await _told_to_the_gateway(cloud)
    assert irrigation["label_id"] != pool["label_id"]
    records = (await cloud.operator.get("/service-points/sp-one/labels"))["items"]
    assert sorted((one["label"], one["undone_at"] is None) for one in records) == [
        ("irrigation", True),
        ("pool", False),
    ]


async def test_a_fault_of_the_meter_is_no_ordinary_use(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding(kind="stuck"))
    [alert] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    answer = await cloud.operator.ask("POST", f"/alerts/{alert['alert_id']}/label", json=POOL)
    assert answer.status_code == 409


async def test_what_turns_into_a_fault_of_the_meter_is_told_to_no_gateway_as_a_use(
    cloud: CloudInTest,
) -> None:
    await _labelled(cloud)
    later = NOON + timedelta(hours=1)
    await cloud.gateway.send(a_finding(2, at=later, kind="stuck", kinds=["stuck"]))
    assert await _told_to_the_gateway(cloud) == []


async def test_nobody_labels_the_alerts_of_another_building(cloud: CloudInTest) -> None:
    alert_id = await _labelled(cloud)
    neighbour = await cloud.caller(Role.OWNER, "p-two")
    for method in ("POST", "DELETE"):
        answer = await neighbour.ask(method, f"/alerts/{alert_id}/label", json=POOL)
        assert answer.status_code == 404
    assert (await neighbour.ask("GET", "/service-points/sp-one/labels")).status_code == 404


async def test_a_gateway_is_told_the_newest_labels_only(cloud: CloudInTest) -> None:
    for number in range(1, MAX_USES + 2):
        await cloud.gateway.send(a_finding(number, finding_id=f"f-{number}", flow_l_per_h=number))
        cloud.clock.time = NOON + timedelta(minutes=number)
        for alert in (await cloud.operator.get("/premises/p-one/alerts"))["items"]:
            if alert["label"] is None:
                await cloud.operator.post(f"/alerts/{alert['alert_id']}/label", POOL)
    uses = await _told_to_the_gateway(cloud)
    assert [use["flow_low"] for use in uses] == list(range(MAX_USES + 1, 1, -1))


async def test_the_main_that_includes_a_meter_is_named_to_their_gateway(
    cloud: CloudInTest,
) -> None:
    flat = {"name": {"bg": "Ап. 1", "en": "Flat 1"}, "reading_type": "cold_water"}
    await cloud.operator.put(
        "/service-points/sp-flat",
        {"premises_id": "p-one", "parent_service_point_id": "sp-one", **flat},
    )
    await cloud.operator.put("/meters/m-flat", {"serial": "f", "make": "Z", "model": "E"})
    installed = {"meter_id": "m-flat", "obis": "8-1:1.0.0", "installed_at": "2025-01-01T00:00:00Z"}
    await cloud.operator.put("/installations/sp-flat", {"node_id": "n-one", **installed})
    await cloud.gateway.send(an_event())
    answer = await cloud.gateway.get("/gateways/gw-one/configuration")
    main, sub = answer["nodes"][0]["channels"]
    assert main["parent"] is None
    assert sub["parent"] == {"node_id": "n-one", "obis": main["obis"]}
