# SPDX-License-Identifier: EUPL-1.2
"""What operators order reaches the right gateway; what came of it, node and gateway tell."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.cloud.builders import NOON, CloudInTest, a_notice, an_event
from tests.packages import a_package, id_of
from wire import notice

TOMORROW = (NOON + timedelta(days=1)).isoformat()
COMMANDS = "/nodes/n-one/commands"
ROLLOUTS = "/gateways/gw-one/rollouts"


async def ordered(cloud: CloudInTest, interval_s: int = 30) -> dict[str, Any]:
    body = {"settings": {"sample_interval_s": interval_s}, "expires_at": TOMORROW}
    command: dict[str, Any] = await cloud.operator.post(COMMANDS, body)
    return command


async def orders(cloud: CloudInTest) -> dict[str, Any]:
    told: dict[str, Any] = await cloud.gateway.get("/gateways/gw-one/orders")
    return told


async def uploaded(cloud: CloudInTest, content: bytes) -> str:
    answer = await cloud.operator.ask("POST", "/packages", content=content)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["package_id"])


def an_answer(sequence: int, kind: str, command_id: str, **detail: Any) -> dict[str, Any]:
    entry = an_event(sequence)
    return {
        **entry,
        "body": {**entry["body"], "event": kind, "detail": {"id": command_id, **detail}},
    }


def a_gateways_word(number: int, kind: str, **detail: int | str) -> dict[str, Any]:
    return {**a_notice(number), "body": notice.body(kind, detail)}


async def test_a_command_waits_for_its_gateway_and_is_over_once_the_node_answers(
    cloud: CloudInTest,
) -> None:
    first, second = await ordered(cloud, 30), await ordered(cloud, 60)
    told = (await orders(cloud))["commands"]
    assert [one["settings"]["sample_interval_s"] for one in told] == [30, 60]
    assert told[0]["expires_s"] == int((NOON + timedelta(days=1)).timestamp())

    await cloud.gateway.send(
        an_answer(1, "settings_applied", first["command_id"], sample_interval_s=30),
        an_answer(2, "settings_refused", second["command_id"], reason="It expired 3 s ago."),
    )
    assert (await orders(cloud))["commands"] == []
    newest, oldest = await cloud.operator.all(COMMANDS, limit=1)
    assert (oldest["state"], oldest["said_at"]) == ("applied", "2026-11-21T12:00:00Z")
    assert (newest["state"], newest["reason"]) == ("refused", "It expired 3 s ago.")
    assert newest["ordered_by"] == "token:test"


async def test_a_command_without_an_answer_expires_and_a_late_answer_still_counts(
    cloud: CloudInTest,
) -> None:
    command = await ordered(cloud)
    cloud.clock.time += timedelta(days=1, minutes=1)
    [found] = await cloud.operator.all(COMMANDS)
    assert (found["state"], found["said_at"]) == ("expired", None)
    assert len((await orders(cloud))["commands"]) == 1  # until its gateway says so by itself

    word = a_gateways_word(1, "command_expired", id=command["command_id"], node="n-one")
    await cloud.gateway.send(word)
    [found] = await cloud.operator.all(COMMANDS)
    assert (found["state"], found["said_at"]) == ("expired", "2026-11-21T12:00:00Z")
    assert (await orders(cloud))["commands"] == []

    await cloud.gateway.send(an_answer(2, "settings_applied", command["command_id"]))
    assert (await cloud.operator.all(COMMANDS))[0]["state"] == "applied"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"expires_at": NOON.isoformat()}, 422),
        ({"expires_at": (NOON + timedelta(days=40)).isoformat()}, 422),
        ({"settings": {"node_id": 1}}, 422),
        ({"settings": {}}, 422),
        ({"settings": {"sample_interval_s": 0}}, 422),
    ],
)
async def test_a_command_that_can_not_be_is_refused(
    cloud: CloudInTest, changes: dict[str, Any], status: int
) -> None:
    body = {"settings": {"sample_interval_s": 9}, "expires_at": TOMORROW, **changes}
    assert (await cloud.operator.ask("POST", COMMANDS, json=body)).status_code == status
    assert (await cloud.operator.ask("POST", "/nodes/n-none/commands", json=body)).status_code in (
        404,
        422,
    )


async def test_a_gateway_hears_of_its_own_nodes_only(cloud: CloudInTest) -> None:
    await ordered(cloud)
    other = await cloud.register("two")
    assert (await other.get("/gateways/gw-two/orders"))["commands"] == []
    assert (await other.ask("GET", "/gateways/gw-one/orders")).status_code == 403


async def test_a_package_is_kept_once_and_fetched_in_parts(cloud: CloudInTest) -> None:
    content = a_package()
    package_id = await uploaded(cloud, content)
    assert await uploaded(cloud, content) == package_id == id_of(content)
    [kept] = (await cloud.operator.get("/packages"))["items"]
    assert (kept["board"], kept["firmware"], kept["size"]) == ("esp32", "0.2.0", len(content))

    fetched = b""
    while True:
        where = {"offset": len(fetched), "length": 1000}
        path = f"/packages/{package_id}/content"
        part = await cloud.gateway.ask("GET", path, params=where)
        if not part.content:
            break
        fetched += part.content
    assert fetched == content


@pytest.mark.parametrize(
    "broken",
    [b"", b"hello", a_package()[:-1], a_package() + b"x", a_package().replace(b"hello", b"hullo")],
)
async def test_what_is_not_a_whole_package_is_refused(cloud: CloudInTest, broken: bytes) -> None:
    answer = await cloud.operator.ask("POST", "/packages", content=broken)
    assert answer.status_code == 422, answer.text
    assert (await cloud.operator.get("/packages"))["items"] == []


async def test_a_rollout_is_told_to_its_gateway_until_it_has_ended(cloud: CloudInTest) -> None:
    content = a_package()
    package_id = await uploaded(cloud, content)
    rollout = await cloud.operator.post(ROLLOUTS, {"package_id": package_id})
    assert (rollout["state"], rollout["node_ids"]) == ("running", ["n-one"])
    [told] = (await orders(cloud))["rollouts"]
    assert told["rollout_id"] == rollout["rollout_id"]
    assert told["nodes"] == [{"node_id": "n-one", "board": "esp32"}]
    assert told["size"] == len(content)

    again = await cloud.operator.ask("POST", ROLLOUTS, json={"package_id": package_id})
    assert again.status_code == 409

    word = {"rollout": rollout["rollout_id"], "node": "n-one", "reason": "n-one fell silent."}
    await cloud.gateway.send(a_gateways_word(1, "rollout_halted", **word))
    assert (await orders(cloud))["rollouts"] == []
    [found] = await cloud.operator.all(ROLLOUTS)
    assert (found["state"], found["node_id"]) == ("halted", "n-one")
    assert (found["reason"], found["ended_at"]) == ("n-one fell silent.", "2026-11-21T12:00:00Z")
    await cloud.operator.post(ROLLOUTS, {"package_id": package_id})


async def test_an_operator_stops_a_rollout(cloud: CloudInTest) -> None:
    package_id = await uploaded(cloud, a_package())
    rollout = await cloud.operator.post(ROLLOUTS, {"package_id": package_id})
    path = f"/rollouts/{rollout['rollout_id']}/stop"
    assert (await cloud.operator.post(path))["state"] == "stopped"
    assert (await cloud.operator.post(path))["state"] == "stopped"
    assert (await orders(cloud))["rollouts"] == []
    assert (await cloud.operator.ask("POST", "/rollouts/none/stop")).status_code == 404


async def test_a_package_for_another_board_is_not_rolled_out(cloud: CloudInTest) -> None:
    package_id = await uploaded(cloud, a_package(board="esp32-s3"))
    for named in (None, ["n-one"], ["n-none"]):
        body = {"package_id": package_id, "node_ids": named}
        answer = await cloud.operator.ask("POST", ROLLOUTS, json=body)
        assert answer.status_code == 422, answer.text
