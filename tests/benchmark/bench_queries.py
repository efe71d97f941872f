# SPDX-License-Identifier: EUPL-1.2
"""A building's page of queries over ten years of hours and 90 days of minutes, p95 in ms.

Over the real API, in this process, on plain PostgreSQL with the settings we ship; each query asks
for a building drawn at random. It is asked by turns among a tenth of the meters and among all: what
a page costs must not depend on how many others there are.

At 1000 meters this takes 30 GB below TMPDIR and some 12 minutes, most of them to make the rows;
ISKAR_BENCH_SCALE=0.1 takes a tenth of each.
"""

import asyncio
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
import psycopg

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
BYTES_A_METER = 29_000_000
WARM_UP = 30
ASKED = 300
UTILITIES = ("water", "gas", "electricity", "heat")
_chance = random.Random(1)  # noqa: S311 - not a secret
# Nothing here must survive a power cut, and loading need not be written twice.
LOADING = {
    "fsync": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
}

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
    """Ask by turns at a tenth of the meters and at all of them."""
    few, many = METERS
    taken_ms: dict[tuple[str, int], list[float]] = {}
    async with _servers() as dsn, _cloud_with(few, dsn) as one, _cloud_with(many, dsn) as other:
        for name in ("live", *SPANS, "minutes_of_a_day"):
            for asked in range(WARM_UP + ASKED):
                for meters, caller in ((few, one), (many, other)):
                    took_ms = await _asked(caller, name, meters)
                    if asked >= WARM_UP:
                        taken_ms.setdefault((name, meters), []).append(took_ms)
    p95_ms = {case: sorted(taken)[int(0.95 * ASKED)] for case, taken in taken_ms.items()}
    names = dict.fromkeys(name for name, _ in p95_ms)
    return [
        Figure("query_meters", many, "meters with ten years of hours and 90 days of minutes"),
        *(Figure(f"query_{name}_p95_ms", p95_ms[name, many], "at all meters") for name in names),
        *(
            Figure(f"query_{name}_growth", p95_ms[name, many] / p95_ms[name, few], "of its p95")
            for name in names
        ),
    ]


async def _asked(caller: Caller, name: str, meters: int) -> float:
    """Return the ms that a query takes, at a building and for a utility drawn at random."""
    meter = _chance.randrange(meters)
    building = f"/premises/p-{meter // METERS_A_BUILDING + 1}"
    began = time.perf_counter()
    if name == "live":
        answer = await caller.get(building)
        assert answer["service_points"][0]["register"] is not None
    elif name == "minutes_of_a_day":
        day = TODAY - timedelta(days=_chance.randint(1, MINUTE_DAYS - 1))
        span = {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat()}
        answer = await caller.get(f"/service-points/sp-{meter + 1}/readings", limit=1000, **span)
        assert len(answer["items"]) == 1000
    else:
        resolution, first, end = SPANS[name]
        span = {"from": first.isoformat(), "to": end.isoformat()}
        utility = _chance.choice(UTILITIES)
        answer = await caller.get(
            f"{building}/usage", utility=utility, resolution=resolution, **span
        )
        assert answer["intervals"][0]["usage"] is not None
    return (time.perf_counter() - began) * 1000


@asynccontextmanager
async def _servers() -> AsyncIterator[str]:
    """Yield a PostgreSQL server that has room enough."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        needed = sum(METERS) * BYTES_A_METER
        if shutil.disk_usage(directory).free < needed:
            raise OSError(
                f"{METERS[1]} meters take {needed / 1e9:.0f} GB below {directory}; set TMPDIR to"
                " a larger disk, or ISKAR_BENCH_SCALE to less than 1."
            )
        postgres = EmbeddedPostgres(Path(directory), LOADING)
        await postgres.start(must_own=True)
        yield postgres.dsn
        await postgres.stop()


@asynccontextmanager
async def _cloud_with(meters: int, server: str) -> AsyncIterator[Caller]:
    """Yield an operator of a cloud on a database with so many meters."""
    dsn = psycopg.conninfo.make_conninfo(server, dbname=f"meters_{meters}")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database meters_{meters}".encode())
    await asyncio.to_thread(migrations.upgrade, dsn)
    await asyncio.to_thread(fill, dsn, meters, NOON, years=YEARS, minute_days=MINUTE_DAYS)
    with tempfile.TemporaryDirectory() as directory:
        settings = CloudSettings(data_dir=Path(directory), caller_burst_requests=100_000)
        async with Services.opened(settings, dsn, FakeClock()) as services:
            transport = httpx.ASGITransport(create_app(services))
            async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
                yield Caller(client, await services.tokens.add_token("bench", Role.OPERATOR, ()))
