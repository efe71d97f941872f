# SPDX-License-Identifier: EUPL-1.2
"""What happens to registers is recorded, corrected, undone and seen over HTTP."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud.kit.auth.rights import Role
from cloud.meters.service import record_event, register_events
from tests.integration.cloud.builders import (
    COLD,
    INSTALLED,
    NODE,
    NOON,
    Caller,
    CloudInTest,
    a_telegram,
)

EXCHANGED = NOON - timedelta(hours=6)
POINT = "/service-points/sp-one"


def an_installation(meter: str, since: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "meter_id": meter,
        "node_id": NODE,
        "obis": COLD,
        "installed_at": since.isoformat(),
        **changes,
    }


def an_event(kind: str, at: datetime, **changes: Any) -> dict[str, Any]:
    return {"kind": kind, "at": at.isoformat(), "explanation": "Seen on site.", **changes}


async def _exchange(cloud: CloudInTest, at: datetime = EXCHANGED, **changes: Any) -> Any:
    await cloud.operator.put("/meters/m-new", {"serial": "new", "make": "Zenner", "model": "E"})
    return await cloud.operator.put(
        "/installations/sp-one", an_installation("m-new", at, **changes)
    )


async def _epochs(caller: Caller) -> list[dict[str, Any]]:
    found = (await caller.get(f"{POINT}/registers"))["items"]
    assert isinstance(found, list)
    return found


async def _stale(cloud: CloudInTest) -> list[tuple[datetime, datetime]]:
    """Take the stale marks of the register there is and return them in order."""
    async with cloud.services.database.transaction() as connection:
        cursor = await connection.execute("delete from stale_usage returning since, until")
        return sorted((one["since"], one["until"]) for one in await cursor.fetchall())


async def _send(cloud: CloudInTest, *at: tuple[datetime, int]) -> None:
    await cloud.gateway.send(
        *[
            a_telegram(n + 1, at=read_at, registers={COLD: register})
            for n, (read_at, register) in enumerate(at)
        ]
    )


@pytest.mark.parametrize("is_first", [True, False], ids=["before the data", "after the data"])
async def test_an_exchange_lists_both_registers_whenever_it_is_recorded(
    cloud: CloudInTest, *, is_first: bool
) -> None:
    told = {"start_register": 3, "final_register": 700}
    if is_first:
        await _exchange(cloud, **told)
    await _send(cloud, (EXCHANGED - timedelta(hours=1), 690), (EXCHANGED + timedelta(hours=1), 5))
    if not is_first:
        await _exchange(cloud, **told)
    old, new = await _epochs(cloud.operator)
    assert (old["serial"], old["final_register"], old["removed_at"]) == (
        "1one",
        700,
        "2026-11-21T06:00:00Z",
    )
    assert (new["serial"], new["start_register"], new["removed_at"]) == ("new", 3, None)
    assert (old["last_reading"]["register"], new["first_reading"]["register"]) == (690, 5)
    [event] = new["events"]
    assert (event["kind"], event["register_before"], event["register_after"], event["unit"]) == (
        "exchange",
        700,
        3,
        "ml",
    )
    assert event["recorded_by"] == "token:test"


async def test_an_exchange_told_twice_is_one_and_undone_it_never_was(cloud: CloudInTest) -> None:
    before = await _epochs(cloud.operator)
    made = [await _exchange(cloud, final_register=700) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0]["kind"] == "exchange"
    undo = f"/register-events/{made[0]['event_id']}/undo"
    undone = [await cloud.operator.post(undo, {"because": "Wrong flat."}) for _ in range(2)]
    assert undone[0] == undone[1]
    assert await _epochs(cloud.operator) == before
    again = await _exchange(cloud)
    assert again["event_id"] != made[0]["event_id"]
    assert [one["meter_id"] for one in await _epochs(cloud.operator)] == ["m-one", "m-new"]


async def test_what_changes_hands_is_marked_stale_and_nothing_else(cloud: CloudInTest) -> None:
    await _send(cloud, (NOON, 700))
    await _stale(cloud)
    exchange = await _exchange(cloud)
    latest = NOON + timedelta(days=1)
    assert set(await _stale(cloud)) == {(EXCHANGED, latest)}
    await _exchange(cloud)
    assert await _stale(cloud) == []
    await _exchange(cloud, EXCHANGED - timedelta(hours=2))
    assert set(await _stale(cloud)) == {(EXCHANGED - timedelta(hours=2), EXCHANGED)}
    [event] = (await _epochs(cloud.operator))[1]["events"]
    assert event["event_id"] != exchange["event_id"]
    await cloud.operator.post(
        f"/register-events/{event['event_id']}/undo", {"because": "Never happened."}
    )
    assert set(await _stale(cloud)) == {(EXCHANGED - timedelta(hours=2), latest)}


async def test_other_limits_of_a_meter_have_its_readings_reviewed_and_the_same_do_not(
    cloud: CloudInTest,
) -> None:
    await _send(cloud, (NOON, 700))
    await _stale(cloud)
    meter = {"serial": "1one", "make": "Zenner", "model": "ETK"}
    for changes, spans in (
        ({}, []),
        ({"register_modulus": 10**8, "max_per_h": 3_125_000}, [(INSTALLED, NOON + timedelta(1))]),
    ):
        assert await cloud.operator.put("/meters/m-one", {**meter, **changes}) == {
            "meter_id": "m-one",
            "q3_l_per_h": None,
            "households": None,
            "register_modulus": None,
            "max_per_h": None,
            **meter,
            **changes,
        }
        assert await _stale(cloud) == spans


async def test_a_reset_and_a_removal_are_events_of_their_epoch(cloud: CloudInTest) -> None:
    reset = an_event("reset", EXCHANGED, register_before=700, register_after=0)
    made = [await cloud.operator.post(f"{POINT}/register-events", reset) for _ in range(2)]
    assert made[0] == made[1]
    removal = an_event("removal", NOON, register_before=12)
    removed = await cloud.operator.post(f"{POINT}/register-events", removal)
    [epoch] = await _epochs(cloud.operator)
    assert [one["kind"] for one in epoch["events"]] == ["installation", "reset", "removal"]
    assert (epoch["final_register"], epoch["removed_at"]) == (12, "2026-11-21T12:00:00Z")
    await cloud.operator.post(
        f"/register-events/{removed['event_id']}/undo", {"because": "It still hangs."}
    )
    [epoch] = await _epochs(cloud.operator)
    assert (epoch["final_register"], epoch["removed_at"]) == (None, None)


@pytest.mark.parametrize(
    ("event", "status", "says"),
    [
        (an_event("reset", INSTALLED - timedelta(days=1)), 409, "no meter hung"),
        (an_event("reset", INSTALLED), 409, "no meter hung"),
        (an_event("removal", NOON + timedelta(days=2)), 422, "still to come"),
        (an_event("rollover", EXCHANGED, register_before=5, register_after=9), 422, "from 5"),
        (an_event("removal", EXCHANGED, register_after=9), 422, "can't be 9"),
        (an_event("exchange", EXCHANGED), 422, "rollover"),
        (an_event("reset", EXCHANGED, register_before=-1), 422, "greater than"),
    ],
)
async def test_what_can_not_have_happened_is_refused_in_a_sentence(
    cloud: CloudInTest, event: dict[str, Any], status: int, says: str
) -> None:
    answer = await cloud.operator.ask("POST", f"{POINT}/register-events", json=event)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]


async def test_two_stories_of_one_instant_are_refused_until_one_is_undone(
    cloud: CloudInTest,
) -> None:
    path = f"{POINT}/register-events"
    first = await cloud.operator.post(path, an_event("reset", EXCHANGED, register_before=700))
    other = an_event("reset", EXCHANGED, register_before=800)
    answer = await cloud.operator.ask("POST", path, json=other)
    assert answer.status_code == 409
    assert f"Event {first['event_id']} says" in answer.json()["detail"]
    await cloud.operator.post(f"/register-events/{first['event_id']}/undo", {"because": "Misread."})
    assert (await cloud.operator.post(path, other))["register_before"] == 800


async def test_one_register_of_a_node_is_never_at_two_service_points_at_once(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    taken = an_installation("m-two", EXCHANGED)
    answer = await cloud.operator.ask("PUT", "/installations/sp-two", json=taken)
    assert answer.status_code == 409
    assert "is read for service point sp-one" in answer.json()["detail"]
    await cloud.operator.post(f"{POINT}/register-events", an_event("removal", EXCHANGED))
    await cloud.operator.put("/installations/sp-two", taken)


async def test_a_rollover_noticed_in_the_readings_is_recorded_once_and_a_persons_undoing_stands(
    cloud: CloudInTest,
) -> None:
    async def notice() -> Any:
        async with cloud.services.database.transaction() as connection:
            return await record_event(
                connection,
                service_point_id="sp-one",
                installation_id=1,
                kind="rollover",
                at=EXCHANGED,
                register_before=99_999_999,
                register_after=3,
                explanation="The register began again at 100 m3.",
            )

    first, again = await notice(), await notice()
    assert (first, first.recorded_by) == (again, "validation")
    async with cloud.services.database.transaction() as connection:
        assert [one.kind for one in await register_events(connection, [1])] == [
            "installation",
            "rollover",
        ]
    await cloud.operator.post(
        f"/register-events/{first.event_id}/undo", {"because": "It was exchanged."}
    )
    assert (await notice()).undone_by == "token:test"
    async with cloud.services.database.transaction() as connection:
        assert [one.kind for one in await register_events(connection, [1])] == ["installation"]


async def test_exchanges_recorded_at_the_same_moment_come_to_one_history(
    cloud: CloudInTest,
) -> None:
    for name in ("a", "b", "c"):
        await cloud.operator.put(f"/meters/m-{name}", {"serial": name, "make": "Z", "model": "E"})
    times = {"a": 6, "b": 5, "c": 4}
    await asyncio.gather(
        *[
            cloud.operator.put(
                "/installations/sp-one",
                an_installation(f"m-{name}", NOON - timedelta(hours=hours)),
            )
            for name, hours in times.items()
        ]
    )
    epochs = await _epochs(cloud.operator)
    assert [one["meter_id"] for one in epochs] == ["m-one", "m-a", "m-b", "m-c"]
    assert [one["removed_at"] for one in epochs[:-1]] == [one["installed_at"] for one in epochs[1:]]


async def test_the_register_at_an_instant_lies_between_its_neighbours(cloud: CloudInTest) -> None:
    await _exchange(cloud, start_register=10, final_register=1000)
    await _send(
        cloud,
        (EXCHANGED - timedelta(minutes=30), 700),
        (EXCHANGED - timedelta(minutes=10), 800),
        (EXCHANGED + timedelta(hours=2), 110),
    )

    async def at(minutes: int) -> Any:
        instant = EXCHANGED + timedelta(minutes=minutes)
        return await cloud.operator.get(f"{POINT}/registers", at=instant.isoformat())

    between = await at(-15)
    assert (between["register"], between["unit"], between["quality"]) == (775, "ml", [])
    assert between["before"] == {
        "read_at": "2026-11-21T05:30:00Z",
        "register": 700,
        "unit": "ml",
        "quality": [],
    }
    assert between["after"]["register"] == 800
    assert (await at(-30))["register"] == 700
    assert ((await at(-5))["register"], (await at(-5))["meter_id"]) == (900, "m-one")
    late = await at(60)
    assert (late["register"], late["quality"], late["meter_id"]) == (60, ["estimated"], "m-new")
    last = await at(150)
    assert (last["register"], last["quality"], last["after"]) == (None, ["missing"], None)
    unknown = await cloud.operator.ask(
        "GET", f"{POINT}/registers", params={"at": "2024-01-01T00:00:00Z"}
    )
    assert unknown.status_code == 404
    assert "Nothing is known" in unknown.json()["detail"]


async def test_over_a_rollover_the_register_is_told_where_the_modulus_is_known(
    cloud: CloudInTest,
) -> None:
    await _send(cloud, (EXCHANGED, 990), (EXCHANGED + timedelta(minutes=20), 10))
    halfway = {"at": (EXCHANGED + timedelta(minutes=15)).isoformat()}
    rollover = an_event("rollover", EXCHANGED + timedelta(minutes=20))
    await cloud.operator.post(f"{POINT}/register-events", rollover)
    assert (await cloud.operator.get(f"{POINT}/registers", **halfway))["register"] is None
    await cloud.operator.put(
        "/meters/m-one",
        {"serial": "1one", "make": "Zenner", "model": "ETK", "register_modulus": 1000},
    )
    assert (await cloud.operator.get(f"{POINT}/registers", **halfway))["register"] == 5


async def test_a_technician_records_and_an_owner_only_reads(cloud: CloudInTest) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    technician = await cloud.caller(Role.TECHNICIAN)
    event = an_event("reset", EXCHANGED)
    assert (await owner.ask("POST", f"{POINT}/register-events", json=event)).status_code == 403
    await technician.post(f"{POINT}/register-events", event)
    assert len((await _epochs(owner))[0]["events"]) == 2
