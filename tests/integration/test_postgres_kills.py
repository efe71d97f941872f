# SPDX-License-Identifier: EUPL-1.2
"""The fault ``postgresql_kill`` on the real server, kept alive as the cloud keeps it."""

import asyncio
from pathlib import Path

from cloud.kit.embedded_postgres import EmbeddedPostgres
from simulators.processes import kill_postgres


async def test_every_kill_of_postgresql_strikes_a_server_of_its_own(tmp_path: Path):
    postgres, cluster = EmbeddedPostgres(tmp_path / "postgres"), tmp_path / "postgres" / "data"
    await postgres.start(must_own=True)
    keeping = asyncio.create_task(postgres.run())
    struck = {await kill_postgres(cluster) for _ in range(3)}
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await postgres.stop()
    assert len(struck) == 3
