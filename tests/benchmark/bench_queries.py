# SPDX-License-Identifier: EUPL-1.2
"""A building's page of queries over ten years of hours and 90 days of minutes, p95 in ms.

Over the real API, in this process, on plain PostgreSQL with the settings we ship; each query asks
for a building drawn at random. Once with a tenth of the meters and once with all: what a page costs
must not depend on how many others there are.

The whole takes 25 GB below TMPDIR and some 15 minutes; ISKAR_BENCH_SCALE=0.1 takes a tenth.
"""

import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from cloud import migrations
from cloud.app import create_app
from cloud.app.services import Services
from cloud.kit.auth.rights import Role
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.hypertable import ZONE
from cloud.kit.settings import CloudSettings
from tests.benchmark.figures import Figure, Figures
from tests.benchmark.many_meters import METERS_A_BUILDING, fill
from tests.integration.cloud.builders import NOON, Caller, FakeClock

SCALE = float(os.environ.get("ISKAR_BENCH_SCALE", "1"))
METERS = (round(100 * SCALE), round(1000 * SCALE))
YEARS = 10
MINUTE_DAYS = 90
BYTES_A_METER = 30_000_000
WARM_UP = 30
ASKED = 300
UTILITIES = ("water", "gas", "electricity", "heat")
# Nothing here must survive a power cut, and loading need not be written twice.
LOADING = {"fsync": "off", "wal_level": "minimal", "max_wal_senders": "0"}

TODAY = NOON.astimezone(ZONE).date()
NEW_YEAR = TODAY.replace(month=1, day=1)
SPANS = {
    "today": ("hour", TODAY, TODAY + timedelta(days=1)),
    "month_by_day": ("day", TODAY.replace(day=1), TODAY + timedelta(days=1)),
    "year_by_month": ("month", NEW_YEAR, NEW_YEAR.replace(year=TODAY.year + 1)),
    "year_by_day": ("day", NEW_YEAR, NEW_YEAR.replace(year=TODAY.year + 1)),
    "ten_years_by_month": ("month", NEW_YEAR.replace(year=TODAY.year - YEARS), NEW_YEAR),
}


async def measure() -> Figures:
    """Ask at a tenth of the meters and at all of them."""
    few, many = [await _p95_of_each(meters) for meters in METERS]
    figures = [Figure("query_meters", METERS[1], "meters with ten years of hours, 90 d of minutes")]
    for name, p95_ms in many.items():
        figures.append(Figure(f"query_{name}_p95_ms", p95_ms, "at all meters"))
    for name, p95_ms in many.items():
        figures.append(
            Figure(
                f"query_{name}_growth", p95_ms / few[name], "of its p95, at ten times the meters"
            )
        )
    return figures


async def _p95_of_each(meters: int) -> dict[str, float]:
    chance = random.Random(1)  # noqa: S311 - not a secret
    async with _cloud_with(meters) as caller:

        async def ask(name: str) -> float:
            building = f"/premises/p-{chance.randint(1, meters // METERS_A_BUILDING)}"
            began = time.perf_counter()
            if name == "live":
                await caller.get(building)
            else:
                resolution, first, end = SPANS[name]
                found = await caller.get(
                    f"{building}/usage",
                    utility=chance.choice(UTILITIES),
                    resolution=resolution,
                    **{"from": first.isoformat(), "to": end.isoformat()},
                )
                assert found["intervals"][0]["usage"] is not None
            return (time.perf_counter() - began) * 1000

        p95_ms = {}
        for name in ("live", *SPANS):
            for _ in range(WARM_UP):
                await ask(name)
            taken = sorted([await ask(name) for _ in range(ASKED)])
            p95_ms[name] = taken[int(0.95 * ASKED)]
        return p95_ms


@asynccontextmanager
async def _cloud_with(meters: int) -> AsyncIterator[Caller]:
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        if shutil.disk_usage(directory).free < meters * BYTES_A_METER:
            raise OSError(
                f"{meters} meters take {meters * BYTES_A_METER / 1e9:.0f} GB below {directory};"
                " set TMPDIR to a larger disk, or ISKAR_BENCH_SCALE to less than 1."
            )
        postgres = EmbeddedPostgres(Path(directory) / "postgres", LOADING)
        await postgres.start(must_own=True)
        try:
            migrations.upgrade(postgres.dsn)
            fill(postgres.dsn, meters, NOON, years=YEARS, minute_days=MINUTE_DAYS)
            settings = CloudSettings(data_dir=Path(directory))
            async with Services.opened(settings, postgres.dsn, FakeClock()) as services:
                transport = httpx.ASGITransport(create_app(services))
                async with httpx.AsyncClient(
                    transport=transport, base_url="http://cloud"
                ) as client:
                    token = await services.access.add_token("bench", Role.OPERATOR, ())
                    yield Caller(client, token)
        finally:
            await postgres.stop()
