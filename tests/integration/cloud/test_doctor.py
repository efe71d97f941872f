# SPDX-License-Identifier: EUPL-1.2
"""What the doctor finds in a cloud that is well, and in one that isn't."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from cloud.kit.settings import CloudSettings
from cloud.operation import doctor
from tests.integration.cloud.builders import NOON, CloudInTest, a_telegram
from tests.integration.cloud.forecast_builders import with_forecasts

HOOK = {"url": "https://receiver.example/hook"}


async def _found(dsn: str, settings: CloudSettings, level: str = "fault") -> dict[str, str]:
    """Return what is said of each thing, of those on this level."""
    verdicts = await doctor.examine(settings, dsn, NOON)
    return {one.about: one.said for one in verdicts if one.level == level}


async def test_of_a_cloud_that_is_well_only_what_tests_leave_out_is_a_fault(
    cloud: CloudInTest, dsn: str, settings: CloudSettings
) -> None:
    await cloud.gateway.send(a_telegram())
    await (await cloud.utility()).post("/webhooks", HOOK)
    faults = await _found(dsn, settings)
    assert set(faults) == {"jobs", "database", "settings"}  # no worker runs in this test
    assert "a password is enough" in faults["settings"]  # its people have no second factor
    assert "fsync off" in faults["database"]  # it may lose what it likes
    well = await _found(dsn, settings, "good")
    assert {"schema", "authority", "gateways", "webhooks", "keys"} <= set(well)


async def test_forecasts_that_are_old_or_came_out_otherwise_are_told_of(
    cloud: CloudInTest, dsn: str, settings: CloudSettings
) -> None:
    assert "forecasts" not in {one.about for one in await doctor.examine(settings, dsn, NOON)}
    await with_forecasts(cloud)
    found = await doctor.examine(settings, dsn, NOON + timedelta(days=2))
    said = [one.said for one in found if one.about == "forecasts"]
    assert {one.level for one in found if one.about == "forecasts"} == {"warning"}
    assert len(said) == 3
    assert "the newest is 52 h old" in said[0]
    assert "70 % of hours were inside their ranges" in said[1]
    assert "of 1 of 2 ranges came to hold too few hours, or too many, within four" in said[2]


async def test_forecasts_that_are_well_are_told_to_be(
    cloud: CloudInTest, dsn: str, settings: CloudSettings
) -> None:
    await with_forecasts(cloud, coverage_pct=91.0, drifts=False)
    assert "2 series are forecast" in (await _found(dsn, settings, "good"))["forecasts"]


def _without_the_key(folder: Path) -> None:
    (folder / "keys" / "sealing.key").unlink()


def _with_another_key(folder: Path) -> None:
    (folder / "keys" / "sealing.key").write_bytes(b"x" * 32)


def _with_half_a_key(folder: Path) -> None:
    (folder / "keys" / "sealing.key").write_bytes(b"x" * 17)


@pytest.mark.parametrize("harm", [_without_the_key, _with_another_key, _with_half_a_key])
async def test_a_key_that_opens_nothing_is_a_fault(
    cloud: CloudInTest, dsn: str, settings: CloudSettings, harm: Callable[[Path], None]
) -> None:
    utility = await cloud.utility()
    webhook_id = (await utility.post("/webhooks", HOOK))["webhook_id"]
    await utility.ask("POST", f"/webhooks/{webhook_id}/test")
    harm(settings.data_dir)
    key = settings.data_dir / "keys" / "sealing.key"
    before = key.read_bytes() if key.exists() else None
    assert await cloud.services.dispatcher.deliver_some(webhook_id) == 0
    assert "copy it from the backup" in (await _found(dsn, settings))["keys"]
    assert (key.read_bytes() if key.exists() else None) == before  # none is made in its place


async def test_webhooks_that_are_off_or_fail_and_silent_gateways_are_named(
    cloud: CloudInTest, dsn: str, settings: CloudSettings
) -> None:
    utility = await cloud.utility()
    off, failing, ours = [(await utility.post("/webhooks", HOOK))["webhook_id"] for _ in range(3)]
    await utility.ask("PATCH", f"/webhooks/{off}", json={"enabled": False})
    message = (await utility.ask("POST", f"/webhooks/{failing}/test")).json()["message_id"]
    attempted_at = NOON - timedelta(hours=1)
    with psycopg.connect(dsn) as connection:
        connection.cursor().executemany(
            "insert into webhook_attempts (webhook_id, message_id, attempted_at, status, outcome,"
            " answer, duration_ms) values (%s, %s, %s, %s, %s, '', 1)",
            [
                (failing, message, attempted_at, 500, "HTTP 500"),
                (ours, message, attempted_at, None, "fault of ours: KeyError"),
                (ours, message, attempted_at, 200, "HTTP 200"),
            ],
        )
    verdicts = await doctor.examine(settings, dsn, NOON)
    said = " ".join(one.said for one in verdicts if one.level == "warning")
    assert f"{off} is off: Switched off by hand." in said
    assert f"{failing} took none of 1 attempts" in said
    assert f"{ours}: 1 attempts failed here" in said
    assert "1 of 1 silent" in said
    assert "CLOUD_SMTP_HOST is not set" in said


@pytest.mark.usefixtures("cloud")
async def test_an_older_schema_and_a_database_that_is_away_are_faults(
    dsn: str, settings: CloudSettings
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("update alembic_version set version_num = '0013'")
    assert "iskar-cloud migrate" in (await _found(dsn, settings))["schema"]
    away = psycopg.conninfo.make_conninfo(dsn, port=1)
    assert "can't be asked" in (await _found(away, settings))["database"]


@pytest.mark.usefixtures("cloud")
async def test_backups_that_are_old_or_none_are_told(
    dsn: str, settings: CloudSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    told = settings.model_copy(update={"backup_dir": folder})
    assert "holds none" in (await _found(dsn, told))["backups"]
