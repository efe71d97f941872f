# SPDX-License-Identifier: EUPL-1.2
"""What somebody with all rights on the database does to the audit log is found."""

import pytest
from structlog.testing import capture_logs

from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role
from cloud.privacy.audit import Verdict
from tests import timescaledb
from tests.integration.cloud.builders import CloudInTest, a_premises

IVA = Principal(subject="user:7", role=Role.OWNER, email="iva@example.bg")


async def _tamper(cloud: CloudInTest, *statements: str) -> Verdict:
    """Return what a check says after a superuser went round the triggers."""
    async with cloud.services.database.transaction(as_system=True) as connection:
        await connection.execute("set local session_replication_role = replica")
        for one in statements:
            await connection.execute(one.encode())
    return await cloud.services.audit_log.verify()


@timescaledb.on_both_engines
async def test_the_log_of_a_building_put_up_holds(cloud: CloudInTest) -> None:
    verdict = await cloud.services.audit_log.verify()
    assert verdict.fault is None
    assert verdict.entries >= 7  # a building, its point, meter, gateway, node, installation, token


@pytest.mark.parametrize(
    ("statement", "entry_id"),
    [
        ("update audit_log set actor = 'user:8' where entry_id = 3", 3),
        ("update audit_log set entry = entry || ' ' where entry_id = 4", 4),
        ("delete from audit_log where entry_id = 2", 2),
        ("update audit_log set recorded_at = recorded_at + interval '1 day' where entry_id = 5", 5),
    ],
)
async def test_the_first_entry_that_was_changed_is_named(
    cloud: CloudInTest, statement: str, entry_id: int
) -> None:
    verdict = await _tamper(cloud, statement)
    assert verdict.fault is not None
    assert verdict.fault.entry_id == entry_id


async def test_a_log_cut_short_is_found_by_its_anchor_alone(cloud: CloudInTest) -> None:
    with capture_logs() as said:
        await cloud.services.audit_log.anchor()
    last = (await cloud.services.audit_log.verify()).entries
    assert [(one["event"], one["entry_id"]) for one in said] == [("audit_anchored", last)]
    verdict = await _tamper(cloud, f"delete from audit_log where entry_id = {last}")  # noqa: S608
    assert verdict.anchors == 1
    assert verdict.fault is not None
    assert verdict.fault.entry_id == last


async def test_an_erased_detail_is_a_fault_unless_the_log_tells_of_the_erasure(
    cloud: CloudInTest,
) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        await audit.record(connection, IVA, "share.made", "share:1", personal={"email": "a@b.bg"})
    verdict = await _tamper(cloud, "delete from audit_personal")
    assert verdict.fault is not None
    assert "without an erasure" in verdict.fault.explanation
    async with cloud.services.database.transaction(as_system=True) as connection:
        await audit.record(connection, None, "person.erased", "user:7")
    assert (await cloud.services.audit_log.verify()).fault is None


async def test_an_operator_reads_who_changed_what_and_finds_it_again(cloud: CloudInTest) -> None:
    password = await cloud.services.access.put_user("t@iskar.bg", "Toni", Role.TECHNICIAN, [])
    await cloud.client.post("/api/v1/session", json={"email": "t@iskar.bg", "password": password})
    changed = a_premises(address="bul. Vitosha 2")
    answer = await cloud.client.put("/api/v1/premises/p-one", json=changed)
    assert answer.status_code == 200
    again = await cloud.client.put("/api/v1/premises/p-one", json=changed)  # changes nothing
    assert again.status_code == 200
    cloud.client.cookies.clear()
    [entry] = await cloud.operator.all("/audit", action="premises.changed")
    assert (entry["by"], entry["role"], entry["about"]) == (
        "t@iskar.bg",
        "technician",
        "premises:p-one",
    )
    assert entry["details"] == {"fields": ["address"]}
    found = await cloud.operator.all("/audit", actor=entry["actor"], limit=1)
    assert [one["action"] for one in found] == ["premises.changed", "session.begun"]
    assert await cloud.operator.all("/audit", until="2020-01-01T00:00:00Z") == []


async def test_an_owner_reads_what_was_changed_in_their_building_but_not_by_whom(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    owner = await cloud.caller(Role.OWNER, "p-one")
    entries = await owner.all("/premises/p-one/audit")
    assert {one["about"] for one in entries} == {"premises:p-one", "service_point:sp-one"}
    assert {one["role"] for one in entries} == {"operator"}
    assert all("by" not in one and "personal" not in one for one in entries)
    assert (await owner.ask("GET", "/premises/p-two/audit")).status_code == 404
    tenant = await cloud.caller(Role.TENANT, "p-one")
    assert (await tenant.ask("GET", "/premises/p-one/audit")).status_code == 403
