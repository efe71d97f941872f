# SPDX-License-Identifier: EUPL-1.2
"""What several tests of the gateway begin with: an empty store, and a cloud that takes all."""

import pytest

from edge_gateway.store.database import Store
from tests.fakes.ingest_cloud import IngestCloud


@pytest.fixture
async def cloud():
    cloud = IngestCloud()
    await cloud.start()
    yield cloud
    await cloud.stop()


@pytest.fixture
async def store(tmp_path):
    store = await Store.open(tmp_path)
    yield store
    await store.close()
