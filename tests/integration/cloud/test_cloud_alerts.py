# SPDX-License-Identifier: EUPL-1.2
"""A finding becomes one alert, however it arrives, and reaches a verified webhook."""

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from cloud.alerts.reports import MAX_TEXTS
from tests.fakes.webhook_receiver import a_receiver
from tests.integration.cloud.builders import (
    NOON,
    TOLD_TODAY,
    CloudInTest,
    a_finding,
    unix,
)

LATER = NOON + timedelta(minutes=10)
CLEARED = {"state": "cleared", "cleared_at_s": unix(LATER), "volume_l": 500}


async def _alerts(cloud: CloudInTest) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    return items


async def test_a_finding_raises_an_alert_at_its_service_point(cloud: CloudInTest) -> None:
    assert (await cloud.gateway.send(a_finding()))["stored"] == 1
    [alert] = await _alerts(cloud)
    assert alert["state"] == "raised"
    assert alert["service_point_id"] == "sp-one"
    assert (alert["flow_l_per_h"], alert["volume_l"]) == (190, 380)
    assert alert["started_at"] == "2026-11-21T10:00:00Z"
    building = await cloud.operator.get("/premises/p-one")
    assert [one["alert_id"] for one in building["alerts"]] == [alert["alert_id"]]
    assert (await cloud.operator.get("/premises"))["items"][0]["open_alerts"] == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_reports_in_any_order_and_number_end_in_the_same_alert(
    cloud: CloudInTest, order: tuple[int, ...]
) -> None:
    reports = [
        a_finding(1),
        a_finding(2, at=NOON + timedelta(minutes=5), volume_l=400),
        a_finding(3, at=LATER, **CLEARED),
    ]
    for which in order:
        for _ in range(2):
            await cloud.gateway.send(reports[which])
    [alert] = await _alerts(cloud)
    assert (alert["state"], alert["volume_l"]) == ("resolved", 500)
    assert alert["resolved_at"] == "2026-11-21T12:10:00Z"


async def test_an_update_keeps_an_acknowledged_alert_acknowledged(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    [alert] = await _alerts(cloud)
    await cloud.operator.post(f"/alerts/{alert['alert_id']}/acknowledge")
    await cloud.gateway.send(a_finding(2, at=LATER, volume_l=999))
    [alert] = await _alerts(cloud)
    assert (alert["state"], alert["volume_l"]) == ("acknowledged", 999)


async def test_an_explanation_in_any_script_is_taken_up_to_its_full_length(
    cloud: CloudInTest,
) -> None:
    for number, letter in enumerate(("Ж", '"', "💧"), 1):
        finding = a_finding(number, finding_id=f"f-{number}", explanation=letter * MAX_TEXTS)
        assert (await cloud.gateway.send(finding))["stored"] == 1, letter


async def test_a_resolved_alert_can_not_be_acknowledged(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding(**CLEARED))
    [alert] = await _alerts(cloud)
    answer = await cloud.operator.ask("POST", f"/alerts/{alert['alert_id']}/acknowledge")
    assert answer.status_code == 409


async def test_a_finding_on_an_unknown_channel_waits_for_its_service_point(
    cloud: CloudInTest,
) -> None:
    word = await cloud.gateway.send(a_finding(obis="8-7:1.0.0"))
    assert word["quarantined"][0]["reason"] == "unknown-channel"
    await cloud.operator.put(
        "/service-points/sp-new",
        {
            "premises_id": "p-one",
            "name": {"bg": "Н", "en": "N"},
            "reading_type": "cold_water",
        },
    )
    await cloud.operator.put("/meters/m-new", {"serial": "n", "make": "Z", "model": "E"})
    await cloud.operator.put(
        "/installations/sp-new",
        {
            "meter_id": "m-new",
            "node_id": "n-one",
            "obis": "8-7:1.0.0",
            "installed_at": "2025-01-01T00:00:00Z",
        },
    )
    assert [one["service_point_id"] for one in await _alerts(cloud)] == ["sp-new"]


async def test_a_leak_reaches_the_webhook_signed_and_complete(working: CloudInTest) -> None:
    utility = await working.utility()
    async with a_receiver() as receiver:
        made = await utility.post("/webhooks", {"url": receiver.url, "utilities": ["water"]})
        await working.gateway.send(a_finding(**TOLD_TODAY))
        await receiver.until_got(1)
        await working.gateway.send(a_finding(2, at=LATER, **{**TOLD_TODAY, **CLEARED}))
        await receiver.until_got(2)
    told = [Webhook(made["secret"]).verify(body, headers) for headers, body in receiver.got]
    assert [one["type"] for one in told] == ["leak.raised", "leak.resolved"]
    leak = told[0]["data"]
    assert leak["premises"]["premises_id"] == "p-one"
    assert leak["service_point"]["utility"] == "water"
    assert leak["meter"]["serial"] == "1one"
    assert (leak["kind"], leak["flow_l_per_h"], leak["volume_l"], leak["confidence"]) == (
        "intermittent_flow",
        190,
        380,
        90,
    )
    assert (leak["flow_low_l_per_h"], leak["flow_high_l_per_h"]) == (150, 230)
    assert leak["kinds"] == ["intermittent_flow", "continuous_flow"]
    assert (leak["cost_eur"], leak["flow_w"], leak["energy_wh"]) == (0.8, None, None)
    assert leak["hours"] == [{"started_at": "2026-11-21T11:00:00+00:00", "volume_l": 190.5}]
    assert leak["clears_when"] == TOLD_TODAY["clears_when"]
    assert leak["first_seen_at"] == "2026-11-21T10:00:00+00:00"
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(receiver.got[0][1] + " ", receiver.got[0][0])


async def test_a_fault_of_a_meter_reaches_the_webhook_under_a_name_of_its_own(
    working: CloudInTest,
) -> None:
    utility = await working.utility()
    async with a_receiver() as receiver:
        await utility.post("/webhooks", {"url": receiver.url, "utilities": ["water"]})
        await working.gateway.send(a_finding(**{**TOLD_TODAY, "kind": "stuck", "kinds": ["stuck"]}))
        await receiver.until_got(1)
    assert json.loads(receiver.got[0][1])["type"] == "meter_fault.raised"
