# SPDX-License-Identifier: EUPL-1.2
"""A PostgreSQL for the session, a migrated database and a cloud for each test."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Network
from pathlib import Path

import httpx
import psycopg
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from cloud import migrations
from cloud.accounts import passwords
from cloud.app import create_app
from cloud.app.services import Services
from cloud.app.serving import listen, serve
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.hypertable import Hypertables
from cloud.kit.settings import CloudSettings
from tests import timescaledb
from tests.integration.cloud.builders import CloudInTest, FakeClock
from tests.integration.cloud.store import Store

_names = (f"test_{number}" for number in itertools.count())
TEMPLATE = "migrated"


def _with_database(dsn: str, name: str) -> str:
    return psycopg.conninfo.make_conninfo(dsn, dbname=name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Yield a server with a migrated template database; it need not survive a power cut."""
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("pg"), {"fsync": "off"})
    await postgres.start(must_own=True)
    with psycopg.connect(postgres.dsn, autocommit=True) as server:
        server.execute(f"create database {TEMPLATE}")
    await asyncio.to_thread(migrations.upgrade, _with_database(postgres.dsn, TEMPLATE))
    yield postgres.dsn
    await postgres.stop()


@pytest.fixture(scope="module", autouse=True)
def cheap_password_hashes() -> Iterator[None]:
    """Hash passwords at a cost that guessers would like: tests sign people in hundreds of times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        )
        yield


@pytest.fixture(scope="session")
def timescaledb_dsn() -> Iterator[str]:
    """Yield a server with a migrated database, the only one it has."""
    with timescaledb.served() as served:
        migrations.upgrade(served)
        yield served


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", timescaledb.POSTGRESQL)


@pytest.fixture
def dsn(engine: str, request: pytest.FixtureRequest) -> str:
    """Give an empty migrated database on the test's engine."""
    if engine == timescaledb.TIMESCALEDB:
        served: str = request.getfixturevalue("timescaledb_dsn")
        timescaledb.empty(served)
        return served
    postgres_dsn: str = request.getfixturevalue("postgres_dsn")
    name = next(_names)
    with psycopg.connect(postgres_dsn, autocommit=True) as server:
        server.execute(f"create database {name} template {TEMPLATE}")
    return _with_database(postgres_dsn, name)


@pytest.fixture
def settings(tmp_path: Path) -> CloudSettings:
    """Give settings for tests, which ask more in a second than anybody does in an hour."""
    return CloudSettings(
        data_dir=tmp_path,
        webhook_pauses_s=(0.2, 0.2, 0.2),
        webhook_allowed_networks=(IPv4Network("127.0.0.0/8"),),
        caller_burst_requests=100_000,
        stranger_burst_requests=100_000,
        require_second_factor_of=frozenset(),  # see test_second_factors
    )


@pytest_asyncio.fixture
async def cloud(dsn: str, settings: CloudSettings) -> AsyncIterator[CloudInTest]:
    """Yield a cloud with building one in it."""
    clock = FakeClock()
    async with Services.opened(settings, dsn, clock) as services:
        transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud") as client:
            ready = CloudInTest(services, client, clock)
            await ready.with_a_building()
            yield ready


@pytest_asyncio.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    """Yield the tables over time, empty."""
    database = Database(dsn, 4)
    await database.open()
    yield Store(database, await Hypertables.detect(database))
    await database.close()


@pytest_asyncio.fixture
async def served(cloud: CloudInTest) -> AsyncIterator[CloudInTest]:
    """Yield a cloud that answers on a real socket, at ``client``."""
    bound = listen("127.0.0.1", 0, "-")
    tasks = [
        asyncio.create_task(serve(cloud.services, bound, None)),
        asyncio.create_task(cloud.services.live.run()),
    ]
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=20) as client:
        cloud.client = client
        yield cloud
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def working(cloud: CloudInTest) -> AsyncIterator[CloudInTest]:
    """Yield a cloud whose workers run; attempts are signed with the true time."""
    cloud.clock.now = Clock().now  # type: ignore[method-assign]
    tasks = [
        asyncio.create_task(cloud.services.jobs.run()),
        asyncio.create_task(cloud.services.dispatcher.run()),
    ]
    yield cloud
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
