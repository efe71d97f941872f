# SPDX-License-Identifier: EUPL-1.2
"""What a finding says in full reaches the alert: range, hours, energy, and what it has cost."""

from datetime import timedelta
from typing import Any

from cloud.alerts.models import GROUPS
from cloud.alerts.reports import MAX_TEXTS
from tests.integration.cloud.builders import NOON, TOLD_TODAY, CloudInTest, a_finding, unix

STANDBY = {
    "kind": "standby",
    "kinds": ["standby"],
    "flow_l_per_h": None,
    "volume_l": None,
    "flow_low_l_per_h": None,
    "flow_high_l_per_h": None,
    "flow_w": 40,
    "flow_low_w": 35,
    "flow_high_w": 46,
    "energy_wh": 6720,
    "ordinary_use": "The lowest quarter of an hour of a day is what nobody switches.",
    "clears_when": "It clears once three days are back at 52 W.",
    "hours": [[unix(NOON), 13.25]],
}


async def _only_alert(cloud: CloudInTest) -> dict[str, Any]:
    [alert] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    return dict(alert)


async def test_an_alert_shows_all_that_its_finding_tells(cloud: CloudInTest) -> None:
    assert (await cloud.gateway.send(a_finding(**TOLD_TODAY)))["stored"] == 1
    alert = await _only_alert(cloud)
    assert alert["utility"] == "water"
    assert alert["kinds"] == ["intermittent_flow", "continuous_flow"]
    assert (alert["flow_low_l_per_h"], alert["flow_high_l_per_h"]) == (150, 230)
    assert alert["ordinary_use"].startswith("Nobody draws")
    assert alert["clears_when"].startswith("It clears")
    assert alert["hours"] == [
        {"started_at": "2026-11-21T11:00:00Z", "volume_l": 190.5, "energy_wh": None}
    ]
    assert (alert["energy_wh"], alert["flow_w"]) == (None, None)


async def test_an_earlier_gateways_finding_is_taken_with_what_it_leaves_out_unknown(
    cloud: CloudInTest,
) -> None:
    assert (await cloud.gateway.send(a_finding()))["stored"] == 1
    alert = await _only_alert(cloud)
    assert alert["kinds"] == ["continuous_flow"]
    assert (alert["flow_low_l_per_h"], alert["flow_high_l_per_h"]) == (None, None)
    assert (alert["ordinary_use"], alert["clears_when"], alert["hours"]) == ("", "", [])


async def test_electricity_is_told_in_watts_and_watt_hours(cloud: CloudInTest) -> None:
    assert (await cloud.gateway.send(a_finding(**STANDBY)))["stored"] == 1
    alert = await _only_alert(cloud)
    assert (alert["flow_w"], alert["flow_low_w"], alert["flow_high_w"]) == (40, 35, 46)
    assert (alert["energy_wh"], alert["volume_l"]) == (6720, None)
    assert alert["hours"][0]["energy_wh"] == 13.25


async def test_what_was_lost_has_its_price_and_grows_with_it(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding(volume_l=50_000))
    assert (await _only_alert(cloud))["cost_eur"] == 105.33  # 50 m³ at 4.12 leva
    await cloud.gateway.send(a_finding(2, at=NOON + timedelta(hours=1), volume_l=60_000))
    assert (await _only_alert(cloud))["cost_eur"] == 126.39


async def test_a_later_report_may_name_the_cause_more_closely(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    await cloud.gateway.send(a_finding(2, at=NOON + timedelta(hours=1), **TOLD_TODAY, volume_l=400))
    alert = await _only_alert(cloud)
    assert (alert["kind"], alert["flow_high_l_per_h"]) == ("intermittent_flow", 230)


async def test_every_kind_of_the_gateways_rules_is_taken(cloud: CloudInTest) -> None:
    findings = [
        a_finding(number, finding_id=f"f-{number}", kind=kind)
        for number, kind in enumerate(GROUPS, 1)
    ]
    assert (await cloud.gateway.send(*findings))["stored"] == len(GROUPS)


async def test_texts_of_full_length_reach_who_looks_live(cloud: CloudInTest) -> None:
    long = {"explanation": "💧" * 500, "ordinary_use": "💧" * 500, "clears_when": "💧" * 500}
    assert MAX_TEXTS == 1500
    full = {
        **TOLD_TODAY,
        **long,
        "kinds": ["intermittent_flow", *(kind for kind in GROUPS if kind != "intermittent_flow")],
        "hours": [[4_000_000_000, 9007199254740991]] * 6,
        "volume_l": 2**53 - 1,
        "flow_high_l_per_h": 2**53 - 1,
    }
    assert (await cloud.gateway.send(a_finding(**full)))["stored"] == 1
