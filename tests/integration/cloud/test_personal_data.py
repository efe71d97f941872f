# SPDX-License-Identifier: EUPL-1.2
"""What is kept of a person is listed, theirs to take along, and theirs to have erased."""

import asyncio
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from cloud.kit import audit
from cloud.kit.auth.rights import Role
from cloud.kit.database import rows, run
from cloud.privacy import people_repository
from cloud.privacy.catalogue import ENDINGS, NOT_PERSONAL, OF_BUILDINGS, PEOPLE
from tests import timescaledb
from tests.integration.cloud.builders import NOON, Caller, CloudInTest, a_finding, a_telegram

IVA = "iva@example.bg"
ORIGIN = "http://cloud"
UNUSUAL = {"note": "Ask Mrs Petrova on 0888 123 456."}


async def _signed_in(
    cloud: CloudInTest, *premises: str, role: Role = Role.OWNER, email: str = IVA
) -> Caller:
    """Add a person, sign them in and return them as their browser asks."""
    password = await cloud.services.access.put_user(email, "Iva Petrova", role, premises)
    answer = await cloud.client.post(
        "/api/v1/session", json={"email": email, "password": password}, headers={"Origin": ORIGIN}
    )
    assert answer.status_code == 200, answer.text
    cloud.client.cookies.clear()
    person = Caller(cloud.client, None, cloud.services.reviewer.drain)
    person.headers = {"Cookie": answer.headers["set-cookie"].split(";")[0], "Origin": ORIGIN}
    return person


async def _everything(cloud: CloudInTest) -> dict[str, str]:
    """Return the whole content of each table as text."""
    async with cloud.services.database.transaction(as_system=True) as connection:
        return {
            table: repr(await rows(connection, f"select * from {table}"))  # noqa: S608
            for table in await people_repository.tables(connection)
        }


async def _archive(person: Caller) -> dict[str, str]:
    answer = await person.ask("GET", "/account/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


@timescaledb.on_both_engines
async def test_every_table_is_listed_with_what_it_tells_of_people(cloud: CloudInTest) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        tables = await people_repository.tables(connection)
    listed = {one.table for one in PEOPLE}
    assert {*tables, *timescaledb.ROLLED_UP} == {*listed, *OF_BUILDINGS, *NOT_PERSONAL}
    for kept in PEOPLE:
        ending = [kept.ending.column] if kept.ending else []
        named = {*kept.ties, *kept.secret, *kept.told, *kept.words, *ending}
        assert named <= set(tables[kept.table]), kept.table
        assert kept.ending or kept.until, kept.table
    for table, one in ENDINGS.items():
        assert one.column in tables[table]


@timescaledb.on_both_engines
async def test_columns_that_name_a_person_are_listed_or_known_not_to(cloud: CloudInTest) -> None:
    """A new column of this sort is a question that somebody has to answer."""
    async with cloud.services.database.transaction(as_system=True) as connection:
        tables = await people_repository.tables(connection)
    telling = ("email", "user_id", "subject", "_by", "owner", "actor", "person", "caller")
    found = {
        (table, column)
        for table, columns in tables.items()
        for column in columns
        if column.endswith(telling)
    }
    tied = {(kept.table, column) for kept in PEOPLE for column in kept.ties}
    not_a_person = {
        ("users", "email"),  # the user's, who is tied by user_id
        ("certificates", "subject"),
        ("identities", "subject"),  # the provider's name for the user, who is tied by user_id
        ("grants", "granted_by"),  # a pseudonym; the grant goes with the user it is for
        ("validation_findings", "ended_by"),  # a rule
    }
    assert found - tied - not_a_person == set()


async def test_a_person_takes_along_all_that_is_kept_of_them(cloud: CloudInTest) -> None:
    hourly = (a_telegram(n, at=NOON - (3 - n) * timedelta(hours=1)) for n in (1, 2))
    await cloud.gateway.send(*hourly, a_finding(3))
    iva = await _signed_in(cloud, "p-one")
    [alert] = (await iva.get("/premises/p-one/alerts"))["items"]
    label = {"label": "pool", **UNUSUAL}
    answer = await iva.ask("POST", f"/alerts/{alert['alert_id']}/label", json=label)
    assert answer.status_code == 200, answer.text
    await cloud.operator.get("/premises/p-one")
    files = await _archive(iva)
    assert IVA in files["README.txt"]
    [account] = json.loads(files["account/users.json"])
    assert (account["email"], account["name"]) == (IVA, "Iva Petrova")
    [labelled] = json.loads(files["account/alert_labels.json"])
    assert labelled["note"] == UNUSUAL["note"]
    assert {"premises.registered"} & {
        one["action"] for one in json.loads(files["account/audit_log.json"])
    } == set()  # somebody else's doing
    assert ("operator", "overview") in {
        (one["role"], one["kind"]) for one in json.loads(files["accesses.json"])
    }
    header, *days = files["usage/p-one/sp-one-day.csv"].splitlines()
    assert header.startswith("service_point_id,reading_type,interval_start")
    assert days


async def test_secrets_and_other_peoples_data_are_not_taken_along(cloud: CloudInTest) -> None:
    await cloud.register("two")
    await _signed_in(cloud, "p-two", email="ana@example.bg")
    iva = await _signed_in(cloud, "p-one")
    told = "".join((await _archive(iva)).values())
    for secret in ("password_hash", "session_hash", "argon2", "ana@example.bg", "p-two", "sp-two"):
        assert secret not in told, secret


async def test_of_an_alert_they_saw_to_a_person_takes_along_that_they_did_so(
    cloud: CloudInTest,
) -> None:
    await cloud.gateway.send(a_telegram(), a_finding(3))
    iva = await _signed_in(cloud, "p-one")
    [alert] = (await iva.get("/premises/p-one/alerts"))["items"]
    assert (await iva.ask("POST", f"/alerts/{alert['alert_id']}/acknowledge")).status_code == 200
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update grants set revoked_at = now()")  # they moved out
        await run(  # earlier releases kept it so
            connection,
            "update alerts set acknowledged_by = 'user:1', acknowledged_at = %(now)s",
            now=NOON,
        )
    files = await _archive(iva)
    [seen_to] = json.loads(files["account/alerts.json"])
    assert seen_to == {
        "alert_id": alert["alert_id"],
        "acknowledged_at": NOON.isoformat(),
        "acknowledged_by": "user:1",
    }
    [event] = json.loads(files["account/alert_events.json"])
    assert event["verb"] == "acknowledged"
    assert "p-one" not in repr(event)


async def test_a_tenant_takes_along_their_own_flat_only(cloud: CloudInTest) -> None:
    await cloud.operator.put(
        "/service-points/sp-flat",
        {
            "premises_id": "p-one",
            "name": {"bg": "Ап. 2", "en": "Flat 2"},
            "reading_type": "cold_water",
            "parent_service_point_id": "sp-one",
        },
    )
    tenant = await _signed_in(cloud, "p-one", role=Role.TENANT)
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update grants set service_point_ids = '{sp-flat}'")
    files = await _archive(tenant)
    assert [name for name in files if name.startswith("usage/") and "sp-one" in name] == []
    assert "usage/p-one/sp-flat-month.csv" in files


async def test_a_program_has_no_account_to_take_along_or_erase(cloud: CloudInTest) -> None:
    assert (await cloud.operator.ask("GET", "/account/export")).status_code == 403
    erased = await cloud.operator.ask("POST", "/account/erase", json={"email": IVA})
    assert erased.status_code == 403


@timescaledb.on_both_engines
async def test_of_an_erased_person_nothing_is_left_but_a_number(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_telegram(), a_finding(3))
    iva = await _signed_in(cloud, "p-one")
    [alert] = (await iva.get("/premises/p-one/alerts"))["items"]
    await iva.ask("POST", f"/alerts/{alert['alert_id']}/label", json={"label": "pool", **UNUSUAL})
    wrong = {"email": IVA, "password": "x"}
    await cloud.client.post("/api/v1/session", json=wrong, headers={"Origin": ORIGIN})
    assert IVA in "".join((await _everything(cloud)).values())

    answer = await iva.ask("POST", "/account/erase", json={"email": IVA.upper()})
    assert answer.status_code == 204, answer.text

    for table, content in (await _everything(cloud)).items():
        for word in (IVA, "Iva Petrova", "Petrova", "0888"):
            assert word not in content, table
    assert (await iva.ask("GET", "/session")).status_code == 401
    verdict = await cloud.services.audit_log.verify()
    assert verdict.fault is None
    [entry] = await cloud.operator.all("/audit", action="person.erased")
    assert entry["by"] is None
    [kept] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    assert kept["alert_id"] == alert["alert_id"]  # the building's history stays


async def test_nobody_erases_by_mistake_or_anothers_account(cloud: CloudInTest) -> None:
    iva = await _signed_in(cloud, "p-one")
    await _signed_in(cloud, email="ana@example.bg")
    answer = await iva.ask("POST", "/account/erase", json={"email": "ana@example.bg"})
    assert answer.status_code == 422
    assert (await iva.ask("GET", "/session")).status_code == 200


async def test_only_who_has_just_shown_who_they_are_takes_along_or_erases(
    cloud: CloudInTest,
) -> None:
    iva = await _signed_in(cloud, "p-one")
    cloud.clock.time += timedelta(hours=1)
    assert (await iva.ask("GET", "/account/export")).status_code == 403
    assert (await iva.ask("POST", "/account/erase", json={"email": IVA})).status_code == 403
    assert (await iva.ask("GET", "/session")).status_code == 200


async def test_the_last_operator_stays(cloud: CloudInTest) -> None:
    iva = await _signed_in(cloud, role=Role.OPERATOR)
    assert (await iva.ask("POST", "/account/erase", json={"email": IVA})).status_code == 409
    await _signed_in(cloud, role=Role.OPERATOR, email="ana@example.bg")
    assert (await iva.ask("POST", "/account/erase", json={"email": IVA})).status_code == 204


async def test_of_the_last_two_operators_who_go_at_once_one_stays(cloud: CloudInTest) -> None:
    ana, iva = "ana@example.bg", IVA
    both = [await _signed_in(cloud, role=Role.OPERATOR, email=one) for one in (ana, iva)]
    answers = await asyncio.gather(
        *(
            one.ask("POST", "/account/erase", json={"email": email})
            for one, email in zip(both, (ana, iva), strict=True)
        )
    )
    assert sorted(one.status_code for one in answers) == [204, 409]


@pytest.mark.parametrize("days", [1, 400])
async def test_what_was_kept_long_enough_goes_and_nothing_before(
    cloud: CloudInTest, days: int
) -> None:
    await _signed_in(cloud, "p-one")
    await cloud.operator.get("/premises/p-one")
    await cloud.services.accesses.store()
    failed: dict[str, Any] = {"email": IVA, "password": "x"}
    await cloud.client.post("/api/v1/session", json=failed, headers={"Origin": ORIGIN})
    cloud.clock.time += timedelta(days=days)
    dropped = await cloud.services.keeping.once()
    kept = await _everything(cloud)
    assert (kept["accesses"] == "[]") == (days == 400)
    assert (kept["sign_in_failures"] == "[]") == (days == 400)
    assert (kept["sessions"] == "[]") == (days == 400)
    assert ("accesses" in dropped) == (days == 400)
    assert IVA in kept["users"]
    assert await cloud.services.keeping.once() == {}


async def test_old_details_of_the_audit_log_go_and_the_chain_says_so(cloud: CloudInTest) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        await audit.record(
            connection, None, "share.made", "share:1", person="user:9", personal=UNUSUAL
        )
    cloud.clock.time += timedelta(days=6 * 366)  # the database's own clock dates the log
    await cloud.services.keeping.once()
    assert "0888" not in (await _everything(cloud))["audit_personal"]
    assert (await cloud.services.audit_log.verify()).fault is None
    assert "audit.thinned" in (await _everything(cloud))["audit_log"]
