# SPDX-License-Identifier: EUPL-1.2
"""Orders on their whole way: cloud, gateway process, Mosquitto, node; and the answers back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.updatable_node import UpdatableNode
from tests.gateway_process import Program, free_port, port_open
from tests.integration.cloud.builders import CloudInTest
from tests.packages import RELEASE_KEY, a_package

pytestmark = [pytest.mark.needs_broker, pytest.mark.usefixtures("mosquitto")]
NODES = ["n-one", "n-two"]


class Chain:
    """Two nodes, a broker and a gateway, under the cloud of the test."""

    def __init__(self, cloud: CloudInTest, data_dir: Path) -> None:
        port = free_port()
        self.port = port
        self.cloud = cloud
        common = {"ID": "gw-one", "BROKER_PORT": port, "BROKER_TLS": "false"}
        self.broker = Program("broker", data_dir, **common)
        self.gateway = Program(
            "run",
            data_dir,
            **common,
            CLOUD_URL=str(cloud.client.base_url),
            CLOUD_TOKEN=cloud.gateway.headers["Authorization"].removeprefix("Bearer "),
            CLOCK="assumed",
            ORDERS_EVERY_S=0.5,
        )
        self.nodes = [UpdatableNode(node_id, "gw-one", port, "0.1.0") for node_id in NODES]
        self.tasks: list[asyncio.Task[None]] = []

    async def until(self, holds: Callable[[], Awaitable[bool]], within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not await holds():
                await asyncio.sleep(0.1)

    async def newest(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.cloud.operator.get(path, limit=1))["items"][0]
        return found


@pytest_asyncio.fixture
async def chain(served: CloudInTest, tmp_path: Path) -> AsyncIterator[Chain]:
    data_dir = tmp_path / "gateway"
    (data_dir / "pki").mkdir(parents=True)
    key = RELEASE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (data_dir / "pki" / "release.pub").write_bytes(key)
    served.clock.time = datetime.now(UTC)
    await served.operator.put("/nodes/n-two", {"gateway_id": "gw-one", "board": "esp32"})
    chain = Chain(served, data_dir)
    chain.broker.start()
    await port_open(chain.port)
    chain.gateway.start()
    chain.tasks = [asyncio.create_task(node.run()) for node in chain.nodes]
    yield chain
    for task in chain.tasks:
        task.cancel()
    await asyncio.gather(*chain.tasks, return_exceptions=True)
    chain.gateway.kill()
    chain.broker.kill()


async def test_settings_reach_a_node_and_its_answer_the_operator(chain: Chain) -> None:
    expires_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"settings": {"sample_interval_s": 42}, "expires_at": expires_at}
    await chain.cloud.operator.post("/nodes/n-one/commands", body)

    async def is_answered() -> bool:
        return (await chain.newest("/nodes/n-one/commands"))["state"] == "applied"

    await chain.until(is_answered)
    assert [node.settings for node in chain.nodes] == [{"sample_interval_s": 42}, {}]


async def test_a_package_reaches_every_node_though_the_gateway_is_killed_meanwhile(
    chain: Chain,
) -> None:
    content = a_package(files=bytes(range(256)) * 300)
    answer = await chain.cloud.operator.ask("POST", "/packages", content=content)
    rollout = {"package_id": answer.json()["package_id"], "limit_s": 60, "settle_s": 0}

    async def both_have_started() -> bool:
        async with chain.cloud.services.database.transaction() as connection:
            found = await connection.execute("select node_id from events where kind = 'boot'")
            return {row["node_id"] for row in await found.fetchall()} == set(NODES)

    await chain.until(both_have_started)  # a node whose firmware is not known is not updated
    await chain.cloud.operator.post("/gateways/gw-one/rollouts", rollout)

    async def first_is_fetching() -> bool:
        return bool(chain.nodes[0].fetched)

    await chain.until(first_is_fetching)
    chain.gateway.kill()
    chain.gateway.start()

    async def has_ended() -> bool:
        return (await chain.newest("/gateways/gw-one/rollouts"))["state"] != "running"

    await chain.until(has_ended)
    found = await chain.newest("/gateways/gw-one/rollouts")
    assert (found["state"], found["reason"]) == ("done", None)
    assert [node.firmware for node in chain.nodes] == ["0.2.0", "0.2.0"]
    assert [node.fetched == content for node in chain.nodes] == [True, True]
