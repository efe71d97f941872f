# SPDX-License-Identifier: EUPL-1.2
"""An editor's word is kept with its reason, never contradicts itself, and can be undone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import COLD, INSTALLED, NODE, NOON, CloudInTest, a_telegram

POINT = "/service-points/sp-one"
PATH = f"{POINT}/corrections"
HOUR = timedelta(hours=1)


def a_correction(kind: str = "usage", **changes: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "since": NOON - 3 * HOUR,
        "until": NOON - HOUR,
        **({"usage": 500} if kind == "usage" else {}),
        "reason": "Read from the dial by the caretaker.",
        **changes,
    }


def _sent(correction: dict[str, Any]) -> dict[str, Any]:
    return {
        name: told.isoformat() if isinstance(told, datetime) else told
        for name, told in correction.items()
    }


async def _stale(cloud: CloudInTest) -> list[tuple[datetime, datetime]]:
    async with cloud.services.database.transaction() as connection:
        cursor = await connection.execute("delete from stale_usage returning since, until")
        return [(one["since"], one["until"]) for one in await cursor.fetchall()]


async def test_a_correction_told_twice_is_one_and_marks_its_time_stale(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram())
    await _stale(cloud)
    made = [await cloud.operator.post(PATH, _sent(a_correction())) for _ in range(2)]
    assert made[0] == made[1]
    assert (made[0]["usage"], made[0]["unit"], made[0]["made_by"]) == (500, "ml", "token:test")
    last = NOON - HOUR - timedelta(microseconds=1)
    assert await _stale(cloud) == [(NOON - 3 * HOUR, last)]
    path = f"/corrections/{made[0]['correction_id']}/undo"
    undone = [await cloud.operator.post(path, {"because": "A typing error."}) for _ in range(2)]
    assert undone[0] == undone[1]
    assert await _stale(cloud) == [(NOON - 3 * HOUR, last)]
    assert await cloud.operator.all(PATH) == [undone[0]]


@pytest.mark.parametrize(
    ("correction", "status", "says"),
    [
        (a_correction(until=NOON - 3 * HOUR), 422, "no time at all"),
        (a_correction(since=NOON - 3 * HOUR + timedelta(minutes=20)), 422, "09:20:00 UTC is not"),
        (a_correction(until=NOON + 2 * HOUR), 422, "still to come"),
        (a_correction(usage=-1), 422, "greater than or equal to 0"),
        (a_correction(usage=None), 422, "usage goes with"),
        (a_correction("exclude", usage=5), 422, "usage goes with"),
        (a_correction(reason=" "), 422, "reason"),
        (a_correction(usage=625_000_001), 409, "625000000 ml that the meter can"),
        (a_correction(since=INSTALLED - HOUR, until=INSTALLED + HOUR), 409, "no meter hung from"),
        (a_correction("exclude", since=INSTALLED - HOUR, until=INSTALLED), 409, "no meter hung"),
    ],
)
async def test_what_can_not_be_is_refused_in_a_sentence(
    cloud: CloudInTest, correction: dict[str, Any], status: int, says: str
) -> None:
    answer = await cloud.operator.ask("POST", PATH, json=_sent(correction))
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]


async def test_more_than_the_meter_can_measure_is_taken_when_it_is_meant(
    cloud: CloudInTest,
) -> None:
    await cloud.operator.put(
        "/meters/m-one", {"serial": "1one", "make": "Zenner", "model": "ETK", "max_per_h": 200}
    )
    too_much = _sent(a_correction())
    assert (await cloud.operator.ask("POST", PATH, json=too_much)).status_code == 409
    assert (await cloud.operator.post(PATH, {**too_much, "force": True}))["usage"] == 500


async def test_two_words_on_one_hour_are_refused_until_one_is_undone(cloud: CloudInTest) -> None:
    first = await cloud.operator.post(PATH, _sent(a_correction()))
    other = _sent(a_correction(since=NOON - 2 * HOUR, usage=7))
    answer = await cloud.operator.ask("POST", PATH, json=other)
    assert answer.status_code == 409
    assert f"Correction {first['correction_id']} (usage) stands" in answer.json()["detail"]
    await cloud.operator.post(PATH, _sent(a_correction("exclude")))
    accept = _sent(a_correction("accept"))
    assert (await cloud.operator.ask("POST", PATH, json=accept)).status_code == 409
    await cloud.operator.post(
        f"/corrections/{first['correction_id']}/undo", {"because": "Too long."}
    )
    assert (await cloud.operator.post(PATH, other))["usage"] == 7


async def test_an_hour_in_which_the_meter_was_exchanged_can_be_told(cloud: CloudInTest) -> None:
    removal = {
        "kind": "removal",
        "at": (NOON - timedelta(minutes=150)).isoformat(),
        "explanation": "Taken down.",
    }
    await cloud.operator.post(f"{POINT}/register-events", removal)
    await cloud.operator.put("/meters/m-new", {"serial": "new", "make": "Zenner", "model": "E"})
    new = {
        "meter_id": "m-new",
        "node_id": NODE,
        "obis": COLD,
        "installed_at": (NOON - timedelta(minutes=90)).isoformat(),
    }
    await cloud.operator.put("/installations/sp-one", new)
    assert (await cloud.operator.post(PATH, _sent(a_correction())))["usage"] == 500


async def test_a_reading_says_whether_it_counts_and_an_editors_word_comes_first(
    cloud: CloudInTest,
) -> None:
    registers = {5: 0, 4: 1000, 3: 900_000_000_000, 2: 3000, 1: 4000}
    await cloud.gateway.send(
        *[
            a_telegram(n + 1, at=NOON - hours * HOUR, registers={COLD: ml})
            for n, (hours, ml) in enumerate(registers.items())
        ]
    )

    async def shown() -> list[tuple[bool, str | None]]:
        readings = await cloud.operator.all(f"{POINT}/readings")
        assert all(one["counts"] == (one["excluded_because"] is None) for one in readings)
        return [(one["counts"], one["excluded_by"]) for one in readings]

    spike, counts = (False, "spike_up"), (True, None)
    assert await shown() == [counts, counts, spike, counts, counts]
    doubtful = a_correction("exclude", since=NOON - 2 * HOUR, until=NOON - HOUR)
    made = await cloud.operator.post(PATH, _sent(doubtful))
    assert await shown() == [counts, counts, spike, (False, "excluded"), counts]
    path = f"/corrections/{made['correction_id']}/undo"
    await cloud.operator.post(path, {"because": "It was right."})
    assert await shown() == [counts, counts, spike, counts, counts]
    findings = await cloud.operator.all(f"{POINT}/findings")
    assert [(one["rule"], one["started_at"]) for one in findings] == [
        ("spike_up", "2026-11-21T09:00:00Z")
    ]
    assert await cloud.operator.all("/premises/p-one/findings", limit=1) == findings


async def test_what_was_used_can_be_told_of_a_meter_that_never_sent_a_reading(
    cloud: CloudInTest,
) -> None:
    await cloud.operator.post(PATH, _sent(a_correction()))
    asked = {"resolution": "day", "from": "2026-11-21", "to": "2026-11-22"}
    [day] = (await cloud.operator.get(f"{POINT}/usage", **asked))["intervals"]
    assert (day["usage"], "edited" in day["quality"]) == (500, True)


async def test_the_trail_tells_who_said_what_in_order_page_by_page(cloud: CloudInTest) -> None:
    event = await cloud.operator.post(
        f"{POINT}/register-events",
        {"kind": "reset", "at": (NOON - HOUR).isoformat(), "explanation": "Battery changed."},
    )
    correction = await cloud.operator.post(PATH, _sent(a_correction()))
    await cloud.operator.post(
        f"/register-events/{event['event_id']}/undo", {"because": "Other meter."}
    )
    await cloud.operator.post(
        f"/corrections/{correction['correction_id']}/undo", {"because": "Misread."}
    )
    owner = await cloud.caller(Role.OWNER, "p-one")
    trail = await owner.all(f"{POINT}/audit-trail", limit=2)
    told = [
        (one["action"], (one["event"] or one["correction"])["kind"], one["because"])
        for one in trail
    ]
    assert told == [
        ("recorded", "installation", ""),
        ("recorded", "reset", "Battery changed."),
        ("recorded", "usage", "Read from the dial by the caretaker."),
        ("undone", "reset", "Other meter."),
        ("undone", "usage", "Misread."),
    ]
    assert {one["by"] for one in trail} == {"token:test"}
    assert trail == await owner.all(f"{POINT}/audit-trail")


async def test_a_person_is_named_on_the_trail_and_only_operators_correct(
    cloud: CloudInTest,
) -> None:
    for role in (Role.TECHNICIAN, Role.OWNER, Role.UTILITY):
        caller = await cloud.caller(role, "p-one", supplier_id="water-one")
        assert (await caller.ask("POST", PATH, json=_sent(a_correction()))).status_code == 403
        assert await caller.all(PATH) == []
    password = await cloud.services.access.put_user("iva@b.bg", "Iva", Role.OPERATOR, [])
    await cloud.client.post("/api/v1/session", json={"email": "iva@b.bg", "password": password})
    made = await cloud.nobody.post(PATH, _sent(a_correction()))
    assert made["made_by"] == "person:iva@b.bg"
