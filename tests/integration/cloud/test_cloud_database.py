# SPDX-License-Identifier: EUPL-1.2
"""A database that the operator brings, instead of the embedded one."""

from pathlib import Path

from tests.integration.cloud.process import CloudProcess


async def test_another_database_is_used_and_none_is_started(dsn: str, tmp_path: Path) -> None:
    cloud = CloudProcess(tmp_path, CLOUD_DATABASE_URL=dsn)
    await cloud.start()
    try:
        await cloud.until_ready()
        made = await cloud.run("token", "add", "--role", "operator", "--label", "t")
        assert made["token"]
    finally:
        await cloud.stop()
    assert not (tmp_path / "postgres").exists()
