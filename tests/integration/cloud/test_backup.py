# SPDX-License-Identifier: EUPL-1.2
"""A backup holds everything, and a cloud restored from it goes on as if nothing had been."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from cloud import migrations
from cloud.app.backup_commands import passphrase_of
from cloud.app.commands import cli
from cloud.app.services import Services
from cloud.kit.settings import CloudSettings
from cloud.operation import backup, sealing
from cloud.operation.archive import ArchiveError
from cloud.operation.backup import BackupError, back_up
from cloud.operation.backup_repository import add_role, connected
from cloud.operation.postgres_tools import PostgresToolError, PostgresTools
from cloud.operation.restore import RestoreError, restore
from cloud.operation.sealing import SealError
from tests import timescaledb
from tests.integration.cloud.builders import NOON, CloudInTest, FakeClock, a_finding, a_telegram
from wire import batch

PASSPHRASE = "correct horse battery staple"
TOOLS = PostgresTools(None)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend no time on making passphrases hard to guess."""
    monkeypatch.setitem(sealing.COST, "n", 2)


@pytest.fixture
def empty_dsn(postgres_dsn: str) -> Callable[[str], str]:
    """Give a function that makes an empty database."""

    def made(name: str) -> str:
        with psycopg.connect(postgres_dsn, autocommit=True) as server:
            server.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
            server.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return psycopg.conninfo.make_conninfo(postgres_dsn, dbname=name)

    return made


@pytest.fixture
def backed_up(dsn: str, settings: CloudSettings, tmp_path: Path) -> Callable[..., Path]:
    """Give a function that backs the cloud up and returns the file."""

    def made(passphrase: str | None = None) -> Path:
        file = tmp_path / "one.backup"
        back_up(dsn, settings.data_dir, file, passphrase, NOON, TOOLS)
        return file

    return made


def content(dsn: str) -> dict[str, str]:
    """Return of every table, view and sequence a sum over all that it holds."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        names = connection.execute(
            "select relname, relkind from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p', 'v', 'm', 'S')"
        ).fetchall()
        found = {}
        for name, kind in names:
            columns = sql.SQL("last_value, is_called" if kind == "S" else "*")
            query = sql.SQL("select {} from {}").format(columns, sql.Identifier(name))
            rows = sorted(map(repr, connection.execute(query)))
            found[name] = f"{len(rows)} {hashlib.sha256(repr(rows).encode()).hexdigest()[:12]}"
    return found


async def lived(cloud: CloudInTest) -> None:
    """Let the cloud see some life."""
    start = NOON - timedelta(hours=5)
    telegrams = [a_telegram(n, at=start + n * timedelta(hours=1)) for n in range(1, 6)]
    await cloud.gateway.send(*telegrams, a_finding(6))
    await cloud.gateway.send(a_telegram(7, node="n-unknown"))
    await cloud.services.reviewer.drain()
    await cloud.services.access.put_user("owner@example.bg", "Owner", "owner", ["p-one"])


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
async def test_a_restored_cloud_has_everything_and_ingests_on(
    cloud: CloudInTest,
    dsn: str,
    settings: CloudSettings,
    empty_dsn: Callable[[str], str],
    tmp_path: Path,
    passphrase: str | None,
) -> None:
    await lived(cloud)
    certificate = cloud.services.meters.authority.pem
    file = tmp_path / "one.backup"
    seen = back_up(dsn, settings.data_dir, file, passphrase, NOON, TOOLS)
    assert seen.about["schema"] == migrations.NEWEST
    assert seen.is_encrypted == (passphrase is not None)
    assert {"ca/ca.key", "ca/ca.crt"} <= set(seen.files)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"Vitosha" not in file.read_bytes()

    target, data_dir = empty_dsn("restored"), tmp_path / "restored"
    told = restore(file, passphrase, target, data_dir, TOOLS)
    assert content(target) == content(dsn)
    assert told["rows"]["readings"] == 5  # type: ignore[index]
    assert stat.S_IMODE((data_dir / "ca" / "ca.key").stat().st_mode) == 0o600

    again = CloudSettings(data_dir=data_dir)
    async with Services.opened(again, target, FakeClock(NOON)) as services:
        assert services.meters.authority.pem == certificate
        token = cloud.gateway.headers["Authorization"].removeprefix("Bearer ")
        principal = await services.tokens.of_token(token)
        assert principal is not None
        more = batch.request("gw-one", "store-1", [a_telegram(8, at=NOON + timedelta(hours=1))], [])
        committed, admission = await services.ingest.commit("gw-one", json.dumps(more).encode())
        assert (committed, admission.stored, admission.refused) == (8, 1, [])
        repeat = batch.request("gw-one", "store-1", [a_telegram(5)], [])
        _, admission = await services.ingest.commit("gw-one", json.dumps(repeat).encode())
        assert admission.stored == 0
    assert content(target)["readings"].startswith("6 ")


@pytest.mark.usefixtures("cloud")
async def test_what_is_not_empty_is_left_alone(
    dsn: str,
    settings: CloudSettings,
    empty_dsn: Callable[[str], str],
    backed_up: Callable[..., Path],
    tmp_path: Path,
) -> None:
    file = backed_up()
    before = content(dsn)
    with pytest.raises(RestoreError, match="database is not empty"):
        restore(file, None, dsn, tmp_path / "elsewhere", TOOLS)
    assert content(dsn) == before
    target = empty_dsn("stays_empty")
    with pytest.raises(RestoreError, match="is not empty: it has ca/"):
        restore(file, None, target, settings.data_dir, TOOLS)
    assert content(target) == {}
    with pytest.raises(BackupError, match="never writes over"):
        backed_up()


@pytest.mark.usefixtures("cloud")
async def test_a_damaged_backup_restores_nothing(
    empty_dsn: Callable[[str], str], backed_up: Callable[..., Path], tmp_path: Path
) -> None:
    file = backed_up(PASSPHRASE)
    whole = file.read_bytes()
    target = empty_dsn("stays_empty_too")
    for wrong in (whole[:-1000], whole[:-1], whole[:5000] + b"x" + whole[5001:], b""):
        file.write_bytes(wrong)
        with pytest.raises((SealError, ArchiveError)):
            restore(file, PASSPHRASE, target, tmp_path / "new", TOOLS)
    assert content(target) == {}
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("cloud")
async def test_roles_that_rights_name_are_made_again(
    dsn: str, empty_dsn: Callable[[str], str], backed_up: Callable[..., Path], tmp_path: Path
) -> None:
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("create role reads_for_tests nologin")
        server.execute("grant reads_for_tests to current_user")
        server.execute("grant select on alembic_version to reads_for_tests")
    file = backed_up()
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("revoke all on alembic_version from reads_for_tests")
        server.execute("drop role reads_for_tests")
    target = empty_dsn("with_roles")
    restore(file, None, target, tmp_path / "new", TOOLS)
    with psycopg.connect(target, autocommit=True) as server:
        server.execute("set role reads_for_tests")
        told = server.execute("select version_num from alembic_version").fetchall()
        assert told == [(migrations.NEWEST,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            server.execute("select * from users")
        server.execute("reset role")
        server.execute("drop owned by reads_for_tests")
        server.execute("drop role reads_for_tests")


@pytest.mark.usefixtures("cloud")
def test_who_may_make_roles_may_act_as_those_that_a_restore_makes(
    empty_dsn: Callable[[str], str],
) -> None:
    dsn = empty_dsn("of_an_installer")
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("create role installer login createrole password 'a'")
    try:
        with connected(psycopg.conninfo.make_conninfo(dsn, user="installer", password="a")) as own:
            add_role(own, "acted_as", is_ours=True)
            add_role(own, "only_there", is_ours=False)
            own.execute("set role acted_as")
            own.execute("reset role")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                own.execute("set role only_there")
    finally:
        with psycopg.connect(dsn, autocommit=True) as server:
            for name in ("acted_as", "only_there", "installer"):
                server.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


@pytest.mark.usefixtures("log_given_back")
def test_an_empty_folder_of_backups_is_told_in_a_sentence(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        cli, ["backup", "--verify", str(tmp_path)], env={"CLOUD_DATA_DIR": str(tmp_path)}
    )
    assert told.exit_code == 1
    assert f"{tmp_path} holds no backup" in told.output


@pytest.mark.usefixtures("cloud")
async def test_a_backup_of_a_later_release_is_refused(
    dsn: str, empty_dsn: Callable[[str], str], backed_up: Callable[..., Path], tmp_path: Path
) -> None:
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute("update alembic_version set version_num = '9999'")
    file = backed_up()
    with pytest.raises(RestoreError, match="schema 9999"):
        restore(file, None, empty_dsn("of_tomorrow"), tmp_path / "new", TOOLS)
    with pytest.raises(migrations.NewerSchemaError, match="schema 9999"):
        migrations.upgrade(dsn)


@pytest.mark.usefixtures("cloud")
async def test_keys_behind_links_are_in_the_backup_as_files(
    settings: CloudSettings,
    empty_dsn: Callable[[str], str],
    backed_up: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    safe, new = tmp_path_factory.mktemp("safe"), tmp_path_factory.mktemp("new") / "data"
    ca = settings.data_dir / "ca"
    ca.rename(safe / "ca")
    ca.symlink_to(safe / "ca")
    (ca / "ca.key").rename(safe / "key")
    (ca / "ca.key").symlink_to(safe / "key")
    restore(backed_up(), None, empty_dsn("of_links"), new, TOOLS)
    assert not (new / "ca").is_symlink()
    assert (new / "ca" / "ca.key").read_bytes() == (safe / "key").read_bytes()


@pytest.mark.parametrize("target", ["nowhere", ".", ".."])
@pytest.mark.usefixtures("cloud")
async def test_a_link_that_can_not_be_followed_is_refused_and_not_passed_over(
    settings: CloudSettings, backed_up: Callable[..., Path], target: str
) -> None:
    (settings.data_dir / "ca" / "old").symlink_to(target)
    with pytest.raises(BackupError, match="ca/old is a link"):
        backed_up()
    assert not (settings.data_dir / "one.backup").exists()


def test_a_backup_that_fails_leaves_nothing_behind(dsn: str, tmp_path: Path) -> None:
    file = tmp_path / "one.backup"
    tools = tmp_path / "bin"
    tools.mkdir()
    fake = tools / "pg_dump"
    fake.write_text(
        '#!/bin/sh\ncase "$1" in --version) echo "pg_dump (PostgreSQL) 99.1";;\n'
        "*) echo half; echo disk is full >&2; exit 1;; esac\n"
    )
    fake.chmod(0o755)
    with pytest.raises(PostgresToolError, match="disk is full"):
        back_up(dsn, tmp_path, file, None, NOON, PostgresTools(tools))
    assert sorted(os.listdir(tmp_path)) == ["bin"]


def test_only_the_newest_backups_are_kept(tmp_path: Path) -> None:
    made = [backup.NAME.format(at=NOON + timedelta(days=day)) for day in range(4)]
    for name in [*made, "iskar-by-hand.backup", "notes.txt"]:
        (tmp_path / name).touch()
    removed = backup.forget_old(tmp_path, 2)
    assert {one.name for one in removed} == set(made[:2])
    assert [one.name for one in backup.in_directory(tmp_path)] == [made[3], made[2]]
    assert len(os.listdir(tmp_path)) == 4


def test_a_backup_in_plain_must_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(SealError, match="--plain"):
        passphrase_of(CloudSettings(), None, needed=True)
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    set_once = CloudSettings(backup_passphrase_file=file)
    assert passphrase_of(set_once, None, needed=True) == PASSPHRASE


@pytest.mark.parametrize("engine", [timescaledb.TIMESCALEDB], indirect=True)
async def test_hypertables_come_back_as_hypertables(
    cloud: CloudInTest, dsn: str, backed_up: Callable[..., Path], tmp_path: Path
) -> None:
    await lived(cloud)
    file = backed_up()
    before = content(dsn)
    with timescaledb.served() as target:
        restore(file, None, target, tmp_path / "new", TOOLS)
        assert content(target) == before
        with psycopg.connect(target) as server:
            found = server.execute(
                "select hypertable_name from timescaledb_information.hypertables order by 1"
            )
            assert [name for (name,) in found] == ["hourly_usage", "readings"]
