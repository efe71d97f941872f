# SPDX-License-Identifier: EUPL-1.2
"""The embedded PostgreSQL starts after whatever happened before, and harms nobody on the way."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import pytest_asyncio

from cloud.kit.embedded_postgres import EmbeddedPostgres
from cloud.kit.postgres_processes import EmbeddedDatabaseError


@pytest_asyncio.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(tmp_path, {"fsync": "off"})
    yield postgres
    await postgres.stop()


@contextmanager
def somebody_in(directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], cwd=directory) as somebody:
        yield somebody
        somebody.kill()


async def test_a_shell_in_the_data_directory_is_left_alone(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await postgres.start(must_own=True)
    with somebody_in(tmp_path / "data") as shell:
        await postgres.stop()
        await postgres.start(must_own=True)
        assert shell.poll() is None


async def test_lock_files_with_the_id_of_a_stranger_harm_neither(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await postgres.start(must_own=True)
    await postgres.stop()
    with somebody_in(tmp_path / "data") as stranger:
        port = (tmp_path / "port").read_text()
        for lock in (tmp_path / "data" / "postmaster.pid", tmp_path / f"run/.s.PGSQL.{port}.lock"):
            lock.write_text(f"{stranger.pid}\n{tmp_path}\n")
        await postgres.start(must_own=True)
        assert stranger.poll() is None


async def test_the_reason_told_is_that_of_this_start(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    await postgres.start(must_own=True)
    await postgres.stop()
    (tmp_path / "data" / "PG_VERSION").write_text("9.6\n")
    with (tmp_path / "log").open("a") as log:
        log.write("FATAL: could not bind: Address already in use\n")
    with pytest.raises(EmbeddedDatabaseError, match="incompatible"):
        await postgres.start(must_own=True)


async def test_a_first_start_that_was_broken_off_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    for _ in range(3):
        starting = asyncio.create_task(EmbeddedPostgres(tmp_path).start(must_own=True))
        await _until_initdb_works(tmp_path)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
    assert _working_below(tmp_path) == []
    postgres = EmbeddedPostgres(tmp_path)
    await postgres.start(must_own=True)
    with psycopg.connect(postgres.dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    await postgres.stop()


async def test_an_initdb_that_outlived_its_killed_owner_spoils_nothing(tmp_path: Path) -> None:
    orphan = EmbeddedPostgres(tmp_path)
    starting = asyncio.create_task(orphan.start(must_own=True))
    await _until_initdb_works(tmp_path)
    orphan._drop_lock()  # as the end of its process would
    postgres = EmbeddedPostgres(tmp_path)
    await postgres.start(must_own=True)
    await asyncio.gather(starting, return_exceptions=True)
    with psycopg.connect(postgres.dsn) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    await postgres.stop()


async def _until_initdb_works(directory: Path) -> None:
    async with asyncio.timeout(20):
        while not any(directory.glob("data.new*/base")):  # noqa: ASYNC240 - a directory of ours
            await asyncio.sleep(0.005)


def _working_below(directory: Path) -> list[str]:
    """Return the processes, PostgreSQL's or initdb's, that were told this directory."""
    return [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(os.fspath(directory)) for word in process.info["cmdline"] or ())
    ]
