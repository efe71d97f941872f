# SPDX-License-Identifier: EUPL-1.2
"""An alert's life as gateways and people make it, and what is written down of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud.alerts.service import WAKE
from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import NOON, CloudInTest, a_finding, unix


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


async def _alerts(cloud: CloudInTest, **filters: Any) -> list[dict[str, Any]]:
    return await cloud.operator.all("/premises/p-one/alerts", **filters)


async def _say(cloud: CloudInTest, act: str, after_h: float, **body: Any) -> dict[str, Any]:
    """Let an operator act on the only alert, some hours after noon."""
    cloud.clock.time = at(after_h)
    [alert] = await _alerts(cloud)
    said: dict[str, Any] = await cloud.operator.post(f"/alerts/{alert['alert_id']}/{act}", body)
    return said


def a_clearing(number: int, hours: float, **changes: Any) -> dict[str, Any]:
    changes = {"state": "cleared", "cleared_at_s": unix(at(hours)), **changes}
    return a_finding(number, at=at(hours), **changes)


def a_return(number: int, hours: float, **changes: Any) -> dict[str, Any]:
    """Return an entry with a finding of the same meter that was raised later."""
    changes = {"finding_id": f"f-{number}", "raised_at_s": unix(at(hours)), **changes}
    return a_finding(number, at=at(hours), **changes)


async def test_what_comes_back_within_a_day_reopens_the_alert_and_adds_up(
    cloud: CloudInTest,
) -> None:
    await cloud.gateway.send(a_finding())
    await _say(cloud, "acknowledge", 1)
    await cloud.gateway.send(a_clearing(2, 2, volume_l=500))
    await cloud.gateway.send(a_return(3, 20, volume_l=70, flow_l_per_h=90))
    [alert] = await _alerts(cloud)
    assert (alert["state"], alert["volume_l"], alert["flow_l_per_h"]) == ("reopened", 570, 90)
    assert (alert["raised_at"], alert["opened_at"]) == (
        "2026-11-21T12:00:00Z",
        "2026-11-22T08:00:00Z",
    )
    assert (await _say(cloud, "acknowledge", 21))["state"] == "acknowledged"


async def test_what_comes_back_after_two_days_is_another_alert(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding(), a_clearing(2, 2))
    cloud.clock.time = at(50)
    await cloud.gateway.send(a_return(3, 50))
    assert [one["state"] for one in await _alerts(cloud)] == ["raised", "resolved"]


async def test_a_burst_beside_a_drip_is_an_alert_of_its_own(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding(), a_return(2, 1, kind="burst"))
    shown = {(one["kind"], one["severity"]) for one in await _alerts(cloud)}
    assert shown == {("continuous_flow", "warning"), ("burst", "critical")}


async def test_two_rules_on_one_meter_are_one_alert_of_the_newest_kind(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding(), a_return(2, 1, kind="night_flow"))
    [alert] = await _alerts(cloud)
    assert (alert["kind"], alert["state"]) == ("night_flow", "raised")


async def test_what_was_resolved_by_hand_is_reopened_when_it_still_flows(
    cloud: CloudInTest,
) -> None:
    await cloud.gateway.send(a_finding())
    resolved = await _say(cloud, "resolve", 3, note="New washer.")
    assert (resolved["state"], resolved["resolved_at"]) == ("resolved", "2026-11-21T15:00:00Z")
    await cloud.gateway.send(a_finding(2, at=at(4), volume_l=600))  # flowed until it was mended
    assert (await _alerts(cloud))[0]["state"] == "resolved"
    await cloud.gateway.send(a_finding(3, at=at(8), volume_l=1500))
    assert (await _alerts(cloud))[0]["state"] == "reopened"
    await cloud.gateway.send(a_clearing(4, 9, volume_l=1600))
    [alert] = await _alerts(cloud)
    told = await cloud.operator.get(f"/alerts/{alert['alert_id']}")
    assert [(one["verb"], one["actor"].split(":")[0]) for one in told["history"]] == [
        ("raised", "gateway"),
        ("resolved", "token"),
        ("reopened", "gateway"),
        ("resolved", "gateway"),
    ]
    assert told["history"][1]["note"] == "New washer."


async def test_a_snooze_ends_by_itself_and_asks_again(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    snoozed = await _say(cloud, "snooze", 1, hours=8)
    assert (snoozed["state"], snoozed["snoozed_until"]) == ("acknowledged", "2026-11-21T21:00:00Z")
    cloud.clock.time = at(9)
    await cloud.services.alerts.wake(snoozed["alert_id"], at(9))
    [alert] = await _alerts(cloud)
    assert (alert["state"], alert["snoozed_until"]) == ("reopened", None)


async def test_an_acknowledgement_ends_a_snooze(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    snoozed = await _say(cloud, "snooze", 1, hours=8)
    assert (await _say(cloud, "acknowledge", 2))["snoozed_until"] is None
    await cloud.services.alerts.wake(snoozed["alert_id"], at(9))
    assert (await _alerts(cloud))[0]["state"] == "acknowledged"


async def test_a_snooze_is_queued_for_its_end(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    await _say(cloud, "snooze", 1, hours=8)
    async with cloud.services.database.transaction() as connection:
        cursor = await connection.execute(
            "select scheduled_at from procrastinate_jobs where task_name = %s", [WAKE]
        )
        assert [fields["scheduled_at"] for fields in await cursor.fetchall()] == [at(9)]


@pytest.mark.parametrize("act", ["acknowledge", "snooze"])
async def test_what_is_over_can_be_neither_acknowledged_nor_put_off(
    cloud: CloudInTest, act: str
) -> None:
    await cloud.gateway.send(a_finding(), a_clearing(2, 2))
    [alert] = await _alerts(cloud)
    answer = await cloud.operator.ask(
        "POST", f"/alerts/{alert['alert_id']}/{act}", json={"hours": 1} if act == "snooze" else None
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:iskar:problem:alert-resolved")
    again = await cloud.operator.post(f"/alerts/{alert['alert_id']}/resolve")
    assert again["state"] == "resolved"


async def test_what_people_say_of_an_alert_is_on_the_audit_log(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    for act in ("acknowledge", "acknowledge", "resolve", "resolve"):
        await _say(cloud, act, 1)
    async with cloud.services.database.transaction() as connection:
        cursor = await connection.execute(
            "select action, premises_id from audit_log where about like 'alert:%' order by entry_id"
        )
        assert [tuple(one.values()) for one in await cursor.fetchall()] == [
            ("alert.acknowledged", "p-one"),
            ("alert.resolved", "p-one"),
        ]


async def test_a_list_of_alerts_is_filtered_and_paged(cloud: CloudInTest) -> None:
    kinds = ["burst", "continuous_flow", "stuck"]
    for number, kind in enumerate(kinds, 1):
        await cloud.gateway.send(a_return(number, number, kind=kind))
    assert [one["kind"] for one in await _alerts(cloud, limit=1)] == kinds[::-1]
    by = {
        "severity": "critical",
        "kind": "burst",
        "to": at(1.5).isoformat(),
    }
    for name, content in by.items():
        assert [one["kind"] for one in await _alerts(cloud, **{name: content})] == ["burst"], name
    assert await _alerts(cloud, severity="notice", kind="burst") == []
    assert len(await _alerts(cloud, state=["raised", "reopened"], utility="water")) == 3
    assert await _alerts(cloud, state="resolved") == []
    answer = await cloud.operator.ask("GET", "/alerts", params={"cursor": "WyJ4IiwgInkiXQ"})
    assert answer.status_code == 422


async def test_a_list_of_all_alerts_has_only_those_of_the_callers_buildings(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    await cloud.gateway.send(a_finding())
    own = await cloud.caller(Role.OWNER, "p-one")
    other = await cloud.caller(Role.OWNER, "p-two")
    [alert] = await own.all("/alerts")
    assert await other.all("/alerts") == []
    assert (await other.ask("GET", f"/alerts/{alert['alert_id']}")).status_code == 404
    for act, body in (("resolve", {}), ("snooze", {"hours": 1})):
        answer = await other.ask("POST", f"/alerts/{alert['alert_id']}/{act}", json=body)
        assert answer.status_code == 404
