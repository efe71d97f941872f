# SPDX-License-Identifier: EUPL-1.2
"""A thousand TLS nodes that lose their broker at once, and lose it again after CONNACK."""

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from tests.benchmark.figures import Figure, Figures
from tests.gateway_builders import GATEWAY
from tests.gateway_pki import Authority
from tests.gateway_process import Program, free_port, port_open
from tests.storm import Crowd

NODES = 1000
KICKS = 3  # after CONNACK, one after the other


async def measure() -> Figures:
    """Let them connect, kill the broker three times, each time when all are back."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        home, port, authority = Path(directory), free_port(), Authority()
        authority.issue(GATEWAY, home / "pki", "broker")
        broker = Program("broker", home, BROKER_PORT=port, BROKER_BIND="127.0.0.1")
        broker.start()
        await port_open(port)
        crowd = Crowd(NODES, port, home / "pki", authority)
        coming_back = asyncio.create_task(crowd.run())
        figures = await _round(crowd, "start")
        memory_mb = psutil.Process(broker.pid).memory_info().rss / 2**20
        for kick in range(1, KICKS + 1):
            broker.kill()
            while crowd.connected:
                await asyncio.sleep(0.01)
            crowd.tried_at_s.clear()
            broker.start()
            figures += await _round(crowd, f"kick_{kick}")
        coming_back.cancel()
        await asyncio.gather(coming_back, return_exceptions=True)
        broker.stop()
    return [*figures, Figure("broker_memory_mb", memory_mb, f"of {NODES} connected nodes")]


async def _round(crowd: Crowd, name: str) -> Figures:
    began_s = time.monotonic()
    all_back_s = await crowd.all_connected(within_s=300)
    per_s = Counter(int(tried_at_s - began_s) for tried_at_s in crowd.tried_at_s)
    return [
        Figure(f"{name}_most_tries_per_s", max(per_s.values()), "connections begun in a second"),
        Figure(f"{name}_tries_per_node", len(crowd.tried_at_s) / NODES, "1 is the least"),
        Figure(f"{name}_all_back_s", all_back_s, "until the last of them is connected"),
    ]
