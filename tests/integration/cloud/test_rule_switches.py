# SPDX-License-Identifier: EUPL-1.2
"""An owner switches rules off and on; its gateway is told, and nobody is woken by them."""

from datetime import datetime, timedelta
from typing import Any

from cloud.alerts.switches import ALWAYS_ON, RULES_OF
from cloud.kit.auth.rights import Role
from edge_gateway.leaks.rules import discover
from tests.integration.cloud.builders import NOON, CloudInTest, a_finding

RULES = "/service-points/sp-one/rules"
OFF, ON = {"is_on": False}, {"is_on": True}


async def _told_to_the_gateway(cloud: CloudInTest) -> list[str]:
    answer = await cloud.gateway.get("/gateways/gw-one/configuration")
    [channel] = answer["nodes"][0]["channels"]
    return list(channel["rules_off"])


async def _alerts(cloud: CloudInTest) -> list[dict[str, Any]]:
    return list((await cloud.operator.get("/premises/p-one/alerts"))["items"])


def test_the_rules_told_of_are_those_that_gateways_have() -> None:
    theirs = {
        utility: {kind for kind, rule in discover().items() if utility in rule.utilities}
        for utility in ("water", "gas", "electricity")
    }
    assert {utility: set(kinds) for utility, kinds in RULES_OF.items()} == theirs | {"heat": set()}


async def test_an_owner_switches_a_rule_off_and_on_and_the_gateway_is_told(
    cloud: CloudInTest,
) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    assert await _told_to_the_gateway(cloud) == []
    cloud.clock.time = NOON
    off = await owner.put(f"{RULES}/steady_flow", OFF)
    assert off["is_on"] is False
    assert datetime.fromisoformat(off["switched_off_at"]) == NOON
    assert await owner.put(f"{RULES}/steady_flow", OFF) == off
    assert await _told_to_the_gateway(cloud) == ["steady_flow"]
    listed = {one["kind"]: one for one in (await owner.get(RULES))["items"]}
    assert listed.pop("steady_flow") == off
    assert all(one["is_on"] for one in listed.values())
    await owner.put(f"{RULES}/steady_flow", ON)
    assert await _told_to_the_gateway(cloud) == []


async def test_what_guards_safety_stays_on_for_everybody(cloud: CloudInTest) -> None:
    for kind in ("burst", "backflow"):
        answer = await cloud.operator.ask("PUT", f"{RULES}/{kind}", json=OFF)
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("rule-stays-on")
    shown = (await cloud.operator.get(RULES))["items"]
    fixed = {one["kind"] for one in shown if not one["may_be_switched_off"]}
    assert fixed == ALWAYS_ON & set(RULES_OF["water"])


async def test_a_rule_of_another_utility_is_not_there(cloud: CloudInTest) -> None:
    answer = await cloud.operator.ask("PUT", f"{RULES}/standby", json=OFF)
    assert answer.status_code == 404


async def test_a_tenant_sees_the_switches_and_may_not_touch_them(cloud: CloudInTest) -> None:
    await cloud.operator.put(f"{RULES}/steady_flow", OFF)
    tenant = await cloud.caller(Role.TENANT, "p-one")
    shown = {one["kind"]: one["is_on"] for one in (await tenant.get(RULES))["items"]}
    assert shown["steady_flow"] is False
    for body in (ON, OFF):
        answer = await tenant.ask("PUT", f"{RULES}/steady_flow", json=body)
        assert answer.status_code == 403


async def test_the_rules_of_others_are_not_found(cloud: CloudInTest) -> None:
    stranger = await cloud.caller(Role.OWNER)
    assert (await stranger.ask("GET", RULES)).status_code == 404
    assert (await stranger.ask("PUT", f"{RULES}/steady_flow", json=OFF)).status_code == 404
    assert await _told_to_the_gateway(cloud) == []


async def test_whatever_a_gateway_tells_a_rule_that_is_off_raises_nothing(
    cloud: CloudInTest,
) -> None:
    await cloud.operator.put(f"{RULES}/continuous_flow", OFF)
    quiet = {"kind": "continuous_flow", "kinds": ["continuous_flow"]}
    await cloud.gateway.send(a_finding(**quiet))
    assert await _alerts(cloud) == []
    both = {"kind": "floor_flow", "kinds": ["floor_flow", "continuous_flow"]}
    await cloud.gateway.send(a_finding(2, at=NOON + timedelta(hours=1), **both))
    [alert] = await _alerts(cloud)
    assert alert["kind"] == "floor_flow"


async def test_what_still_flows_is_told_once_the_rule_is_on_again(cloud: CloudInTest) -> None:
    await cloud.operator.put(f"{RULES}/continuous_flow", OFF)
    quiet = {"kind": "continuous_flow", "kinds": ["continuous_flow"]}
    await cloud.gateway.send(a_finding(**quiet))
    await cloud.operator.put(f"{RULES}/continuous_flow", ON)
    await cloud.gateway.send(a_finding(2, at=NOON + timedelta(hours=1), volume_l=999, **quiet))
    [alert] = await _alerts(cloud)
    assert alert["volume_l"] == 999


async def test_an_alert_that_was_raised_before_goes_on_to_its_end(cloud: CloudInTest) -> None:
    told = {"kind": "continuous_flow", "kinds": ["continuous_flow"]}
    await cloud.gateway.send(a_finding(**told))
    await cloud.operator.put(f"{RULES}/continuous_flow", OFF)
    over = {"state": "cleared", "cleared_at_s": int((NOON + timedelta(hours=2)).timestamp())}
    await cloud.gateway.send(a_finding(2, at=NOON + timedelta(hours=2), **told, **over))
    [alert] = await _alerts(cloud)
    assert alert["state"] == "resolved"
