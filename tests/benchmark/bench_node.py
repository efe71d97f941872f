# SPDX-License-Identifier: EUPL-1.2
"""Memory of a virtual node, one of thirty in the running chain at one sample a second."""

import asyncio
import tempfile
from pathlib import Path
from statistics import median

import psutil

from simulators.chain import assembled
from simulators.ground import Ground
from tests.benchmark.figures import Figure, Figures

WORK_S = 30.0
MIB = 2**20
HEAP_KIB = 240  # what virtual_node grants: 120 KB of 32-bit words, as 64-bit ones


async def measure() -> Figures:
    """Weigh the processes of 30 nodes after half a minute of work."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        async with assembled(Ground(Path(directory))) as (chain, _):
            await chain.start()
            await asyncio.sleep(WORK_S)
            weights = [
                psutil.Process(node.process_id).memory_full_info() for node in chain.nodes.values()
            ]
    return [
        Figure(
            "node_rss_mib", median(w.rss / MIB for w in weights), "resident, libraries included"
        ),
        Figure("node_pss_mib", median(w.pss / MIB for w in weights), "its share of what is shared"),
        Figure("node_uss_mib", median(w.uss / MIB for w in weights), "its own alone"),
        Figure("node_heap_kib", HEAP_KIB, "limit of the MicroPython heap, enforced"),
    ]
