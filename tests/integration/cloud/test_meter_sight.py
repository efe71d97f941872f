# SPDX-License-Identifier: EUPL-1.2
"""What a meter's page is made of: an owner sees all of it, a tenant what is of their own time."""

from datetime import datetime, timedelta
from typing import Any

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import COLD, NOON, CloudInTest, a_telegram
from tests.integration.cloud.signed_in import a_tenant

POINT = "/service-points/sp-one"
HOUR = timedelta(hours=1)
MOVED_IN = NOON - 3 * HOUR
EXCHANGED = NOON - 6 * HOUR
EARLY, LATE = NOON - 5 * HOUR, NOON - 2 * HOUR


async def _a_meter(cloud: CloudInTest) -> None:
    """Exchange a meter before the tenant moves in; read and correct it before and after that."""
    await cloud.operator.put("/meters/m-new", {"serial": "new", "make": "Zenner", "model": "E"})
    hung = {"meter_id": "m-new", "node_id": "n-one", "obis": COLD}
    await cloud.operator.put(
        "/installations/sp-one",
        {
            **hung,
            "installed_at": EXCHANGED.isoformat(),
            "start_register": 100,
            "final_register": 90,
        },
    )
    await cloud.gateway.send(
        *[
            a_telegram(n + 1, at=EXCHANGED + n * HOUR, registers={COLD: 100 + n * 1000})
            for n in range(7)
        ]
    )
    for since in (EARLY, LATE):
        word = {"kind": "exclude", "since": since.isoformat(), "reason": "Flushed."}
        until = (since + timedelta(minutes=1)).isoformat()
        await cloud.operator.post(f"{POINT}/corrections", {**word, "until": until})


def _times(items: list[dict[str, Any]], name: str) -> list[datetime]:
    return [datetime.fromisoformat(one[name]) for one in items]


async def test_an_owner_opens_a_figure_down_to_readings_registers_and_who_said_what(
    cloud: CloudInTest,
) -> None:
    await _a_meter(cloud)
    owner = await cloud.caller(Role.OWNER, "p-one")
    readings = await owner.all(f"{POINT}/readings", limit=3)
    assert _times(readings, "read_at") == [EXCHANGED + n * HOUR for n in range(7)]
    assert [one["counts"] for one in readings].count(False) == 2
    why = {one["excluded_because"] for one in readings if not one["counts"]}
    assert why == {"An editor said that it doesn't count."}
    listed = (await owner.get(f"{POINT}/registers"))["items"]
    assert [(one["start_register"], one["final_register"]) for one in listed] == [
        (None, 90),
        (100, None),
    ]
    then = await owner.get(f"{POINT}/registers", at=(EARLY + HOUR / 2).isoformat())
    assert (then["before"]["register"], then["after"]["register"]) == (100, 2100)
    said = await owner.all(f"{POINT}/audit-trail")
    assert [one["because"] for one in said].count("Flushed.") == 2
    assert [one["event"]["kind"] for one in said if one["event"]][-1] == "exchange"
    assert len(await owner.all(f"{POINT}/corrections")) == 2
    await owner.all(f"{POINT}/findings")


async def test_a_tenant_sees_nothing_of_the_meter_from_before_moving_in(
    cloud: CloudInTest,
) -> None:
    await _a_meter(cloud)
    await cloud.services.reviewer.drain()
    tenant = await a_tenant(cloud, MOVED_IN, "sp-one")
    readings = await tenant.all(f"{POINT}/readings")
    assert _times(readings, "read_at") == [MOVED_IN + n * HOUR for n in range(4)]
    [epoch] = (await tenant.get(f"{POINT}/registers"))["items"]
    assert (epoch["serial"], epoch["start_register"], epoch["events"]) == ("new", None, [])
    assert epoch["first_reading"]["read_at"] == "2026-11-21T09:00:00Z"
    for before in (MOVED_IN - HOUR / 2, EXCHANGED, EXCHANGED - HOUR):
        answer = await tenant.ask("GET", f"{POINT}/registers", params={"at": before.isoformat()})
        assert answer.status_code == 404
    then = await tenant.get(f"{POINT}/registers", at=MOVED_IN.isoformat())
    assert then["register"] == 3100
    assert _times(await tenant.all(f"{POINT}/corrections"), "since") == [LATE]
    [said] = await tenant.all(f"{POINT}/audit-trail")
    assert said["correction"]["since"] == LATE.isoformat().replace("+00:00", "Z")
    for path in ("readings", "registers", "corrections", "audit-trail", "findings"):
        answer = await tenant.ask("GET", f"/service-points/sp-two/{path}")
        assert answer.status_code == 404
