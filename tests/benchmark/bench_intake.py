# SPDX-License-Identifier: EUPL-1.2
"""A real gateway process on one core behind a real Mosquitto: mutual TLS, every commit synced."""

import asyncio
import contextlib
import os
import ssl
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from simulators.scorecard.fleet import GATEWAY_ID, SITE, Fleet
from simulators.scorecard.senders import Door, Sender
from tests.benchmark.figures import Figure, Figures
from tests.gateway_pki import Authority
from tests.gateway_process import Program, free_port, port_open

TELEGRAMS = 100_000
WARM_UP = 3_000
PATIENCE_S = 300


async def measure() -> Figures:
    """Let thirty nodes send as fast as they are acknowledged, until the last telegram is."""
    # Not under /tmp, which may be memory: a sync is to be a sync.
    with tempfile.TemporaryDirectory(prefix="iskar-bench-", dir="/var/tmp") as directory:
        fleet = Fleet(telegrams=TELEGRAMS + WARM_UP, seed=1, until_s=int(time.time()))
        with _running(fleet, Path(directory)) as chain:
            await port_open(chain.port)
            chain.gateway.start()
            process = psutil.Process(chain.gateway.pid)
            process.cpu_affinity([min(os.sched_getaffinity(0))])
            senders = [Sender(fleet, node, chain.door) for node in range(len(fleet.node_ids))]
            running = [asyncio.create_task(sender.run()) for sender in senders]
            await _acknowledged(senders, WARM_UP // len(senders))
            before = _spent(process)
            began = time.perf_counter()
            await _acknowledged(senders, fleet.share(0))
            took_s = time.perf_counter() - began
            cpu_s, written_bytes = (now - then for now, then in zip(_spent(process), before))  # noqa: B905
            memory_bytes = process.memory_info().rss
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    return [
        Figure("intake_telegrams_per_s", TELEGRAMS / took_s, "TLS and fsync, gateway on one core"),
        Figure("intake_cpu_us_per_telegram", cpu_s / TELEGRAMS * 1e6, "of the gateway process"),
        Figure("intake_written_bytes_per_telegram", written_bytes / TELEGRAMS, "to the disk"),
        Figure("intake_memory_mb", memory_bytes / 2**20, "of the gateway process, at the end"),
    ]


@dataclass(frozen=True, kw_only=True)
class _Chain:
    port: int
    gateway: Program
    door: Door


@contextlib.contextmanager
def _running(fleet: Fleet, data_dir: Path) -> Iterator[_Chain]:
    """Start the broker; give what is needed to start the rest, and end both."""
    authority, port = Authority(), free_port()
    for name, file_name in ((GATEWAY_ID, "broker"), (GATEWAY_ID, "gateway")):
        authority.issue(name, data_dir / "pki", file_name)
    told = {"ID": GATEWAY_ID, "SITE": SITE, "BROKER_PORT": port}
    broker = Program("broker", data_dir, **told)
    uplink = {"CLOUD_URL": "http://127.0.0.1:1", "CLOUD_TOKEN": "token", "CLOCK": "assumed"}
    gateway = Program("run", data_dir, **told, **uplink)
    tls = [_context(authority, data_dir / "nodes", name) for name in fleet.node_ids]
    broker.start()
    try:
        yield _Chain(
            port=port,
            gateway=gateway,
            door=Door(port=port, until="acknowledged", server_name=GATEWAY_ID, tls=tls),
        )
    finally:
        gateway.kill()
        broker.kill()


def _context(authority: Authority, folder: Path, name: str) -> ssl.SSLContext:
    authority.issue(name, folder, name)
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
    return context


async def _acknowledged(senders: list[Sender], up_to: int) -> None:
    for sender in senders:
        sender.produce(up_to)
    async with asyncio.timeout(PATIENCE_S):
        while any(sender.forgotten < sender.produced for sender in senders):
            await asyncio.sleep(0.01)


def _spent(process: psutil.Process) -> tuple[float, float]:
    times = process.cpu_times()
    return times.user + times.system, process.io_counters().write_bytes
