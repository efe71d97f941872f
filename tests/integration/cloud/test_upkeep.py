# SPDX-License-Identifier: EUPL-1.2
"""Upkeep: retention as set, and no end because of a database that is away."""

import asyncio

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from cloud.app.upkeep import Upkeep
from cloud.kit.database import Database
from cloud.kit.hypertable import READINGS, Hypertables
from cloud.kit.settings import CloudSettings
from tests.integration.cloud.builders import FakeClock
from tests.integration.cloud.store import NOW, RETENTION, Store


async def test_upkeep_keeps_what_the_settings_say(store: Store) -> None:
    await store.put_readings(NOW, NOW)
    retention = CloudSettings().retention
    await Upkeep(store.tables, FakeClock(NOW), retention).once()
    assert len(await store.all(READINGS)) == 1
    await Upkeep(store.tables, FakeClock(NOW.replace(year=NOW.year + 1)), retention).once()
    assert await store.all(READINGS) == []


def test_days_must_be_kept_as_long_as_hours() -> None:
    with pytest.raises(ValidationError, match="nor days than hours"):
        CloudSettings(hourly_retention_days=400, daily_retention_days=399)


async def test_upkeep_goes_on_while_the_database_is_away() -> None:
    away = Database("host=127.0.0.1 port=1", 2)
    await away.open()
    upkeep = Upkeep(Hypertables(away, is_timescale=False), FakeClock(NOW), RETENTION)
    with capture_logs() as logs:
        running = asyncio.create_task(upkeep.run())
        while not logs:
            await asyncio.sleep(0.1)
    assert [entry["event"] for entry in logs] == ["upkeep_put_off"]
    assert not running.done()
    running.cancel()
    await away.close()
