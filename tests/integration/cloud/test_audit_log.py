# SPDX-License-Identifier: EUPL-1.2
"""The audit log: what an entry holds, and what nobody can do to it."""

import json
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.database import rows
from tests import timescaledb
from tests.integration.cloud.builders import CloudInTest

pytestmark = timescaledb.on_both_engines
IVA = Principal(subject="user:7", role=Role.OWNER, email="iva@example.bg", name="Iva Petrova")


async def _record(cloud: CloudInTest, about: str = "share:1", **details: Any) -> None:
    async with cloud.services.database.transaction(as_system=True) as connection:
        await audit.record(connection, IVA, "share.made", about, premises_id="p-one", **details)


async def _log(cloud: CloudInTest, table: str = "audit_log") -> list[DictRow]:
    async with cloud.services.database.transaction(as_system=True) as connection:
        return await rows(connection, f"select * from {table} order by entry_id")  # noqa: S608


async def test_each_hash_is_of_the_one_before_and_of_the_entrys_text(cloud: CloudInTest) -> None:
    await _record(cloud)
    await _record(cloud, role="tenant")
    before = b""
    for entry in await _log(cloud):
        assert entry["hash"] == sha256(before + entry["entry"].encode()).digest()
        before = entry["hash"]


async def test_the_chain_names_a_person_by_a_pseudonym_alone(cloud: CloudInTest) -> None:
    await _record(cloud, personal={"email": "ana@example.bg"}, person="user:9", role="tenant")
    entry = (await _log(cloud))[-1]
    told = json.loads(entry["entry"])
    assert (told["actor"], told["person"], told["details"]) == (
        "user:7",
        "user:9",
        {"role": "tenant"},
    )
    assert not any(word in entry["entry"] for word in ("ana", "iva@", "Iva", "Petrova"))
    [beside] = await _log(cloud, "audit_personal")
    assert json.loads(beside["content"]) == {"email": "ana@example.bg"}
    digest = sha256(beside["salt"] + beside["content"].encode()).hexdigest()
    assert told["personal"] == digest
    assert len(beside["salt"]) == 32


@pytest.mark.parametrize(
    "change",
    [
        "update audit_log set actor = 'user:8'",
        "delete from audit_log",
        "truncate audit_log cascade",
        "update audit_personal set content = '{}'",
    ],
)
async def test_an_entry_can_be_neither_changed_nor_deleted(cloud: CloudInTest, change: str) -> None:
    await _record(cloud, personal={"email": "ana@example.bg"})
    with pytest.raises(psycopg.errors.RaiseException, match="only appended to"):
        async with cloud.services.database.transaction(as_system=True) as connection:
            await connection.execute(change.encode())


async def test_what_was_rolled_back_is_not_in_the_log(cloud: CloudInTest) -> None:
    async def fails() -> None:
        async with cloud.services.database.transaction(as_system=True) as connection:
            await audit.record(connection, None, "share.made", "share:1")
            raise ZeroDivisionError

    before = len(await _log(cloud))
    with pytest.raises(ZeroDivisionError):
        await fails()
    assert len(await _log(cloud)) == before
