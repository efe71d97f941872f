# SPDX-License-Identifier: EUPL-1.2
"""Operators look after who may sign in, and as what."""

from typing import Any

import pytest

from cloud.kit.auth.rights import Role
from cloud.kit.database import rows
from cloud.kit.errors import InvalidRequestError, UnknownReferenceError
from tests.integration.cloud.builders import Caller, CloudInTest
from tests.integration.cloud.signed_in import Person, a_person, a_token_of


async def _user(cloud: CloudInTest, email: str = "iva@example.bg") -> dict[str, Any]:
    [found] = [one for one in await cloud.operator.all("/users") if one["email"] == email]
    return found


def _body(user: dict[str, Any], **changes: Any) -> dict[str, Any]:
    kept = {name: user[name] for name in ("name", "role", "supplier_id", "is_disabled")}
    return {**kept, **changes}


async def _change(cloud: CloudInTest, email: str = "iva@example.bg", **changes: Any) -> int:
    user = await _user(cloud, email)
    answer = await cloud.operator.ask(
        "PUT", f"/users/{user['user_id']}", json=_body(user, **changes)
    )
    return answer.status_code


async def _status(caller: Caller, path: str = "/premises/p-one") -> int:
    return (await caller.ask("GET", path)).status_code


async def test_users_are_listed_page_by_page_without_their_secrets(cloud: CloudInTest) -> None:
    for number in range(3):
        await cloud.services.access.put_user(f"u{number}@b.bg", "U", Role.OWNER, [])
    first = await cloud.operator.get("/users", limit=2)
    rest = await cloud.operator.get("/users", limit=2, cursor=first["next_cursor"])
    assert [one["email"] for one in first["items"] + rest["items"]] == [
        "u0@b.bg",
        "u1@b.bg",
        "u2@b.bg",
    ]
    assert rest["next_cursor"] is None
    assert (await cloud.operator.get("/users", role="operator"))["items"] == []
    assert not {"password_hash", "totp_secret"} & first["items"][0].keys()


async def test_a_disabled_person_is_out_with_their_programs(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    program = await a_token_of(cloud, iva)
    assert (await _status(iva), await _status(program)) == (200, 200)
    assert await _change(cloud, is_disabled=True) == 200
    assert (await _status(iva), await _status(program)) == (401, 401)
    assert await _change(cloud, is_disabled=False) == 200
    assert (await _status(iva), await _status(program)) == (401, 401)  # for good


async def test_who_gets_a_new_role_signs_in_again_and_programs_end(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    program = await a_token_of(cloud, iva)
    assert await _change(cloud, name="Iva P.") == 200
    assert await _status(iva) == 200
    assert await _change(cloud, role="operator") == 200
    assert (await _status(iva), await _status(program)) == (401, 401)
    assert await _change(cloud, role="owner") == 409  # the last operator
    await cloud.services.access.put_user("b@b.bg", "B", Role.OPERATOR, [])
    assert await _change(cloud, role="owner") == 200
    assert await _status(program) == 401  # for good


async def test_who_is_signed_out_everywhere_has_to_sign_in_again(cloud: CloudInTest) -> None:
    iva, boris = await a_person(cloud, "p-one"), await a_person(cloud, "p-one", email="b@b.bg")
    program = await a_token_of(cloud, iva)
    path = f"/users/{(await _user(cloud))['user_id']}/sessions"
    assert (await cloud.operator.ask("DELETE", path)).status_code == 204
    assert (await _status(iva), await _status(program)) == (401, 401)
    assert await _status(boris) == 200
    assert await _status(await a_person(cloud, "p-one")) == 200


async def test_a_user_is_made_only_what_there_is(cloud: CloudInTest) -> None:
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    await cloud.services.access.put_user("iva@example.bg", "Iva", Role.OWNER, [])
    asked: list[tuple[dict[str, Any], int]] = [
        ({"role": "gateway"}, 422),
        ({"role": "utility"}, 422),
        ({"supplier_id": "water-works"}, 422),
        ({"role": "utility", "supplier_id": "nobody"}, 409),
        ({"name": ""}, 422),
        ({"role": "utility", "supplier_id": "water-works"}, 200),
    ]
    for changes, status in asked:
        assert await _change(cloud, **changes) == status, changes


async def _changes_self(person: Person, user: dict[str, Any], **changes: Any) -> str:
    answer = await person.ask("PUT", f"/users/{user['user_id']}", json=_body(user, **changes))
    return str(answer.json().get("type", answer.status_code))


async def test_operators_do_not_lock_themselves_out(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, role=Role.OPERATOR)
    user = await _user(cloud)
    assert await _changes_self(iva, user, is_disabled=True) == "urn:iskar:problem:own-account"
    assert await _changes_self(iva, user, role="owner") == "urn:iskar:problem:own-account"
    assert await _changes_self(iva, user, name="Iva P.") == "200"
    assert await _change(cloud, is_disabled=True) == 409  # the last one, by a program
    await cloud.services.access.put_user("b@b.bg", "B", Role.OPERATOR, [])
    assert await _change(cloud, is_disabled=True) == 200
    assert await _change(cloud, "b@b.bg", role="owner") == 409


async def test_what_operators_do_to_users_is_on_the_audit_log(cloud: CloudInTest) -> None:
    await cloud.services.access.put_user("iva@example.bg", "Iva", Role.OWNER, [])
    await _change(cloud, role="technician")
    user = await _user(cloud)
    await cloud.operator.ask("DELETE", f"/users/{user['user_id']}/sessions")
    async with cloud.services.database.transaction() as connection:
        logged = await rows(
            connection,
            "select action, entry::jsonb -> 'details' as details from audit_log"
            " where about = %(about)s and actor like 'token:%%' order by entry_id",
            about=f"user:{user['user_id']}",
        )
    assert [one["action"] for one in logged] == ["user.changed", "user.signed_out"]
    assert logged[0]["details"]["before"]["role"] == "owner"
    assert logged[0]["details"]["after"]["role"] == "technician"


async def test_nobody_else_sees_or_changes_users(cloud: CloudInTest) -> None:
    iva = await a_person(cloud, "p-one")
    user = await _user(cloud)
    assert await _status(iva, "/users") == 403
    assert await _status(iva, f"/users/{user['user_id']}") == 403
    answer = await iva.ask("PUT", f"/users/{user['user_id']}", json=_body(user, role="operator"))
    assert answer.status_code == 403


async def test_a_utilitys_person_is_added_with_the_supplier(cloud: CloudInTest) -> None:
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    put = cloud.services.access.put_user
    await put("iva@water.example", "Iva", Role.UTILITY, [], "water-works")
    await put("iva@water.example", "Iva", Role.UTILITY, [])  # a new password alone
    [person] = (await cloud.operator.get("/users", role="utility"))["items"]
    assert person["supplier_id"] == "water-works"
    with pytest.raises(UnknownReferenceError):
        await put("iva@gas.example", "Iva", Role.UTILITY, [], "nobody")
    with pytest.raises(InvalidRequestError):
        await put("iva@gas.example", "Iva", Role.OWNER, [], "water-works")
