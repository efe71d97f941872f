# SPDX-License-Identifier: EUPL-1.2
"""People's tokens: less than their person may, for a while, and worth nothing afterwards."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cloud.accounts.own_tokens import MAX_TOKENS
from cloud.app.commands import cli
from cloud.kit.auth.rights import FOR_PEOPLE, Role
from cloud.kit.database import row, rows, run
from tests.integration.cloud.builders import Caller, CloudInTest, a_finding
from tests.integration.cloud.signed_in import a_made_token, a_person, a_token_of


async def _status(caller: Caller, path: str = "/premises/p-one", method: str = "GET") -> int:
    return (await caller.ask(method, path)).status_code


async def test_a_token_sees_what_its_person_sees_and_is_shown_once(cloud: CloudInTest) -> None:
    await cloud.register("two")
    iva = await a_person(cloud, "p-one")
    made = await a_made_token(iva)
    program = Caller(cloud.client, made["token"])
    assert [one["premises_id"] for one in (await program.get("/premises"))["items"]] == ["p-one"]
    assert await _status(program, "/premises/p-two") == 404
    [listed] = (await iva.get("/tokens"))["items"]
    assert "token" not in listed
    assert made["token"].startswith(listed["hint"])
    assert listed["last_used_at"] is not None
    async with cloud.services.database.transaction() as connection:
        assert made["token"] not in repr(await rows(connection, "select * from tokens"))


async def test_a_token_may_not_do_what_it_was_not_made_for(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_finding())
    iva = await a_person(cloud, "p-one")
    [alert] = (await iva.get("/premises/p-one/alerts"))["items"]
    path = f"/alerts/{alert['alert_id']}/acknowledge"
    reader = await a_token_of(cloud, iva)
    assert await _status(reader, path, "POST") == 403
    assert await _status(reader, "/tokens") == 403
    actor = await a_token_of(cloud, iva, scopes=["acknowledge"])
    assert await _status(actor, path, "POST") == 200
    assert await _status(actor) == 403


async def test_a_token_for_some_buildings_does_not_see_the_others(cloud: CloudInTest) -> None:
    await cloud.register("two")
    iva = await a_person(cloud, "p-one", "p-two")
    program = await a_token_of(cloud, iva, premises_ids=["p-two"])
    assert await _status(program, "/premises/p-one") == 404
    assert await _status(program, "/premises/p-two") == 200


async def test_a_token_loses_a_building_with_its_person(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    program = await a_token_of(cloud, iva, premises_ids=["p-one"])
    assert await _status(program) == 200
    await a_person(cloud)  # the same one, without the building
    assert await _status(program) == 404


@pytest.mark.parametrize(
    "loss",
    [
        "update users set disabled_at = now()",
        "update users set role = 'operator'",  # a token never gains by a promotion
        "update users set supplier_id = 'water-works'",
        "delete from users",
    ],
)
async def test_a_token_ends_when_its_person_is_not_who_they_were(
    cloud: CloudInTest, loss: str
) -> None:
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    program = await a_token_of(cloud, await a_person(cloud, "p-one"))
    assert await _status(program) == 200
    async with cloud.services.database.transaction() as connection:
        await run(connection, loss)
    assert await _status(program) == 401


async def test_a_revoked_token_is_refused_and_so_is_its_replay(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    made = await a_made_token(iva)
    program = Caller(cloud.client, made["token"])
    assert await _status(program) == 200
    assert await _status(iva, f"/tokens/{made['token_id']}", "DELETE") == 204
    cloud.clock.time += timedelta(days=1)
    assert {await _status(program) for _ in range(3)} == {401}
    assert await _status(iva, f"/tokens/{made['token_id']}", "DELETE") == 404
    assert (await iva.get("/tokens"))["items"] == []


async def test_a_token_ends_by_itself(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    week, default = await a_token_of(cloud, iva, life_days=7), await a_token_of(cloud, iva)
    cloud.clock.time += timedelta(days=7)
    assert (await _status(week), await _status(default)) == (401, 200)
    cloud.clock.time += timedelta(days=83)
    assert await _status(default) == 401


async def test_a_programs_token_ends_by_itself_and_a_gateways_does_not(cloud: CloudInTest) -> None:
    cloud.clock.time += timedelta(days=90)
    assert await _status(cloud.operator) == 401
    assert await _status(cloud.gateway, "/gateways/gw-one/configuration") == 200


async def test_the_token_before_a_rotation_is_refused_for_good(cloud: CloudInTest) -> None:
    answer = await cloud.gateway.post("/gateways/gw-one/token")
    new = Caller(cloud.client, answer["token"])
    path = "/gateways/gw-one/configuration"
    assert await _status(new, path) == 200
    assert {await _status(cloud.gateway, path) for _ in range(3)} == {401}
    assert await _status(new, path) == 200


TOO_MUCH: list[tuple[dict[str, Any], int]] = [
    ({"scopes": ["operate"]}, 422),
    ({"scopes": ["see_premises", "ingest"]}, 422),
    *(({"scopes": [right]}, 422) for right in sorted(FOR_PEOPLE)),
    ({"scopes": []}, 422),
    ({"scopes": ["everything"]}, 422),
    ({"premises_ids": ["p-two"]}, 404),
    ({"premises_ids": []}, 422),
    ({"life_days": 366}, 422),
    ({"life_days": 0}, 422),
    ({"name": "\0"}, 422),
]


async def test_nobody_makes_a_token_that_may_more_than_they(cloud: CloudInTest) -> None:
    await cloud.register("two")
    iva = await a_person(cloud, "p-one")
    for change, status in TOO_MUCH:
        body = {"name": "Report", "scopes": ["see_premises"], **change}
        assert (await iva.ask("POST", "/tokens", json=body)).status_code == status, change
    assert (await iva.get("/tokens"))["items"] == []


async def test_a_program_makes_no_tokens(cloud: CloudInTest) -> None:
    body = {"name": "Report", "scopes": ["see_premises"]}
    answer = await cloud.operator.ask("POST", "/tokens", json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:iskar:problem:person-needed")


async def test_nobody_sees_or_ends_anothers_token(cloud: CloudInTest) -> None:
    iva, boris = await a_person(cloud, "p-one"), await a_person(cloud, email="boris@example.bg")
    made = await a_made_token(iva)
    assert (await boris.get("/tokens"))["items"] == []
    for stranger in (boris, cloud.operator):
        assert await _status(stranger, f"/tokens/{made['token_id']}", "DELETE") == 404
    assert await _status(Caller(cloud.client, made["token"])) == 200


async def test_nobody_ends_a_gateways_token_as_if_it_were_a_programs(cloud: CloudInTest) -> None:
    async with cloud.services.database.transaction() as connection:
        found = await row(connection, "select token_id from tokens where gateway_id = 'gw-one'")
    assert found is not None
    iva = await a_person(cloud, "p-one")
    assert await _status(iva, f"/tokens/{found['token_id']}", "DELETE") == 404
    assert await _status(cloud.gateway, "/gateways/gw-one/configuration") == 200


async def test_many_at_once_do_not_pass_the_limit_of_tokens(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    made = await a_made_token(iva)
    async with cloud.services.database.transaction() as connection:
        await run(
            connection,
            "insert into tokens (token_hash, label, role, user_id, scopes, expires_at)"
            " select sha256(n::text::bytea), 't', 'owner', user_id, scopes, expires_at"
            " from tokens, generate_series(3, %(most)s) n where token_id = %(token_id)s",
            most=MAX_TOKENS,
            token_id=made["token_id"],
        )
    body = {"name": "Report", "scopes": ["see_premises"]}
    answers = await asyncio.gather(*(iva.ask("POST", "/tokens", json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_what_is_done_with_tokens_is_on_the_audit_log(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    made = await a_made_token(iva)
    await iva.ask("DELETE", f"/tokens/{made['token_id']}")
    async with cloud.services.database.transaction() as connection:
        logged = await rows(
            connection,
            "select actor, action, entry from audit_log where about = %(about)s order by entry_id",
            about=f"token:{made['token_id']}",
        )
    assert [one["action"] for one in logged] == ["token.made", "token.revoked"]
    assert all(one["actor"].startswith("user:") for one in logged)
    assert made["token"] not in repr(logged)


async def test_an_organisations_program_has_its_rights_alone(cloud: CloudInTest) -> None:
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    token = await cloud.services.tokens.add_token(
        "ERP", Role.UTILITY, [], supplier_id="water-works", scopes=["webhooks"]
    )
    program = Caller(cloud.client, token)
    assert await _status(program, "/webhooks") == 200
    assert await _status(program, "/premises") == 403


@pytest.mark.usefixtures("log_given_back")
def test_commands_make_list_and_revoke_tokens(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLOUD_DATABASE_URL", dsn)
    monkeypatch.setenv("CLOUD_DATA_DIR", str(tmp_path))

    def said(*words: str) -> dict[str, Any]:
        answer = CliRunner().invoke(cli, ["token", *words])
        assert answer.exit_code == 0, answer.output
        told: dict[str, Any] = json.loads(answer.stdout)
        return told

    scopes = ("--scope", "see_premises", "--scope", "acknowledge")
    made = said("add", "--role", "owner", "--label", "ERP", "--days", "7", *scopes)
    [listed] = said("list")["tokens"]
    assert made["token"].startswith(listed["hint"])
    assert (listed["scopes"], listed["revoked_at"]) == (["see_premises", "acknowledge"], None)
    assert said("revoke", str(listed["token_id"])) == {"revoked": listed["token_id"]}
    assert said("list")["tokens"][0]["revoked_at"] is not None
    too_much = ["token", "add", "--role", "owner", "--label", "x", "--scope", "operate"]
    assert CliRunner().invoke(cli, too_much).exit_code == 1
