# SPDX-License-Identifier: EUPL-1.2
"""Who looked at a building's data is told to the people it is about, and to no one else."""

from datetime import timedelta

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import Caller, CloudInTest, a_finding
from tests.integration.cloud.route_rights import QUERY

WEEK = {**QUERY, "to": "2026-01-08"}


async def _looks(reader: Caller, path: str = "/premises/p-one/accesses") -> set[tuple[object, ...]]:
    return {
        (one["role"], one["kind"], one["service_point_id"], one["looks"])
        for one in (await reader.get(path))["items"]
        if not one["is_you"]
    }


async def test_an_owner_reads_who_looked_at_what_and_how_often(cloud: CloudInTest) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    technician = await cloud.caller(Role.TECHNICIAN)
    await technician.get("/premises/p-one")
    await technician.get("/service-points/sp-one/usage", **WEEK)
    await technician.get("/service-points/sp-one/usage", **WEEK)
    assert await _looks(owner) == {
        ("technician", "overview", None, 1),
        ("technician", "usage", "sp-one", 2),
    }
    assert await _looks(owner, "/account/accesses") == await _looks(owner)


async def test_looks_of_the_next_hour_are_told_apart_and_first(cloud: CloudInTest) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    await cloud.operator.get("/premises/p-one")
    cloud.clock.time += timedelta(hours=1)
    await cloud.operator.get("/premises/p-one")
    items = await owner.all("/premises/p-one/accesses", limit=1)
    hours = [one["hour"][11:13] for one in items if one["role"] == "operator"]
    assert hours == ["13", "12"]


async def test_a_list_counts_for_every_building_that_was_in_it(cloud: CloudInTest) -> None:
    await cloud.register("two")
    one, two = await cloud.caller(Role.OWNER, "p-one"), await cloud.caller(Role.OWNER, "p-two")
    await cloud.operator.get("/premises")
    assert await _looks(one) == {("operator", "premises", None, 1)}
    [seen] = (await two.get("/premises/p-two/accesses"))["items"]
    assert (seen["in_a_list"], seen["premises_id"]) == (True, "p-two")


async def test_a_look_at_an_alert_or_a_backtest_counts_for_its_service_point(
    cloud: CloudInTest,
) -> None:
    await cloud.gateway.send(a_finding())
    owner = await cloud.caller(Role.OWNER, "p-one")
    await cloud.operator.post("/service-points/sp-one/backtest", {"days": 1})
    assert await _looks(owner) == {("operator", "backtest", "sp-one", 1)}


async def test_a_look_at_a_webhooks_message_counts_for_what_it_is_about(
    cloud: CloudInTest,
) -> None:
    owner, utility = await cloud.caller(Role.OWNER, "p-one"), await cloud.utility()
    made = await utility.post("/webhooks", {"url": "https://hooks.example/iskar"})
    path = f"/webhooks/{made['webhook_id']}"
    test = await utility.ask("POST", f"{path}/test")
    await cloud.tell_webhooks(1)
    for one in (await utility.get(f"{path}/deliveries"))["items"]:
        await utility.get(f"{path}/messages/{one['message_id']}")
    assert test.status_code == 202  # about no building, so nobody's to be told
    assert await _looks(owner) == {("utility", "message", "sp-one", 1)}


async def test_what_was_refused_was_not_looked_at(cloud: CloudInTest) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    stranger = await cloud.caller(Role.OWNER, "p-two")
    assert (await stranger.ask("GET", "/premises/p-one")).status_code == 404
    assert (await cloud.nobody.ask("GET", "/premises/p-one")).status_code == 401
    assert await _looks(owner) == set()


async def test_who_looked_is_named_to_operators_and_by_part_to_others(cloud: CloudInTest) -> None:
    password = await cloud.services.access.put_user("t@iskar.bg", "Toni", Role.TECHNICIAN, [])
    await cloud.client.post("/api/v1/session", json={"email": "t@iskar.bg", "password": password})
    assert (await cloud.client.get("/api/v1/premises/p-one")).status_code == 200
    cloud.client.cookies.clear()
    owner = await cloud.caller(Role.OWNER, "p-one")
    [seen] = (await owner.get("/premises/p-one/accesses"))["items"]
    assert (seen["role"], seen["email"]) == ("technician", None)
    assert seen["reference"].startswith("user:")
    told = (await cloud.operator.get("/premises/p-one/accesses"))["items"]
    assert [one["email"] for one in told if one["role"] == "technician"] == ["t@iskar.bg"]


async def test_nobody_else_reads_the_log(cloud: CloudInTest) -> None:
    stranger = await cloud.caller(Role.OWNER, "p-two")
    assert (await stranger.ask("GET", "/premises/p-one/accesses")).status_code == 404
    for role in (Role.UTILITY, Role.TECHNICIAN, Role.MUNICIPALITY, Role.GATEWAY):
        caller = await cloud.caller(role, "p-one")
        assert (await caller.ask("GET", "/premises/p-one/accesses")).status_code == 403
