# SPDX-License-Identifier: EUPL-1.2
"""Iskar under test: the real gateway and broker with mutual TLS, the real cloud on PostgreSQL."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulators import commissioning
from simulators import ground as grounds
from simulators.cloud_client import CloudClient
from simulators.ground import Ground, console_script
from simulators.link import Link
from simulators.processes import Program
from simulators.scorecard.fleet import GATEWAY_ID, OBIS, SAMPLE_S, SITE, Fleet
from simulators.scorecard.ledger import Ledger
from simulators.scorecard.programs import Measured, frozen
from simulators.scorecard.senders import Door
from simulators.scorecard.system import Site, System

_PREMISES = "scorecard"


class CloudBackend:
    """The cloud, its record read through its API."""

    def __init__(self, ground: Ground, fleet: Fleet, operator: CloudClient) -> None:
        self._ground = ground
        self._fleet = fleet
        self._operator = operator
        self._ledger = Ledger(fleet)
        self._cursors = ["" for _ in fleet.node_ids]  # up to where a node's record is entered

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Freeze the database; the cloud's HTTP server goes on answering as best it can."""
        lock = (self._ground.cloud / "postgres" / "data" / "postmaster.pid").read_text()
        with frozen(int(lock.split()[0]), "postgres"):
            yield

    async def progress(self) -> tuple[bool, int]:
        """Return whether every telegram is there, and up to where all are, summed over the nodes.

        Pages that are full and whole are entered as they are seen: a million rows take a while.
        """
        there = sum([await self._read_on(node) for node in range(len(self._cursors))])
        return there == self._fleet.telegrams, there

    async def _read_on(self, node: int) -> int:
        """Return how many telegrams of a node are there without a gap."""
        while True:
            rows, cursor = await self._page(node)
            entered = self._ledger.arrived_of(node)
            whole = range(entered + 1, entered + len(rows) + 1)
            if [row["sequence"] for row in rows] != list(whole):
                return entered
            if cursor is None:
                return entered + len(rows)
            self._enter(node, rows)
            self._cursors[node] = cursor

    async def ledger(self) -> Ledger:
        """Return what the API tells of every node."""
        for node in range(len(self._cursors)):
            cursor: str | None = self._cursors[node]
            while cursor is not None:
                self._cursors[node] = cursor
                rows, cursor = await self._page(node)
                self._enter(node, rows)
        return self._ledger

    async def _page(self, node: int) -> tuple[list[dict[str, Any]], str | None]:
        node_id = self._fleet.node_ids[node]
        return await self._operator.ledger_page(node_id, self._cursors[node])

    def _enter(self, node: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Note what came as it was sent; what came otherwise is as good as lost."""
        for row in rows:
            sequence = row["sequence"]
            if row["registers"] == {OBIS: self._fleet.register(node, sequence)}:
                stored_s = datetime.fromisoformat(row["stored_at"]).timestamp()
                is_first = self._ledger.record(row["node_id"], sequence, stored_s)
                self._ledger.duplicated += not is_first


@asynccontextmanager
async def _running(root: Path, fleet: Fleet) -> AsyncIterator[Site]:
    ground = Ground(root)
    http_port, https_port, broker_port = grounds.free_ports(3)
    url = f"http://127.0.0.1:{http_port}"
    environment = {
        "CLOUD_DATA_DIR": str(ground.cloud),
        "CLOUD_HTTP_PORT": str(http_port),
        "CLOUD_HTTPS_PORT": str(https_port),
        "CLOUD_PUBLIC_URL": url,
    }
    cloud = Program(
        "cloud", [console_script("iskar-cloud"), "serve"], ground.log("cloud"), environment
    )
    link = Link(https_port)
    await link.start()
    await cloud.start()
    client = CloudClient(url)
    await client.ready(cloud.check)
    await client.close()
    await commissioning.make_tokens(ground, environment)
    operator = CloudClient(url, ground.remembered()["operator"])
    await asyncio.gather(
        _register(operator, fleet),
        commissioning.enrol_gateways(ground, url, {GATEWAY_ID: broker_port}),
    )
    await commissioning.enrol_nodes(ground, url, _plan(fleet, broker_port))
    broker, gateway = _programs(ground, link)
    for program in (broker, gateway):
        await program.start()
    await gateway.has_said("broker_connected")
    try:
        yield Site(
            door=Door(
                port=broker_port,
                until="acknowledged",
                server_name=GATEWAY_ID,
                tls=[_tls(ground.nodes / node_id / "flash" / "pki") for node_id in fleet.node_ids],
            ),
            link=link,
            broker=broker,
            gateway=gateway,
            backend=CloudBackend(ground, fleet, operator),
        )
    finally:
        for program in (gateway, broker):
            await program.stop()
        await cloud.stop()
        await operator.close()
        await link.stop()


def _programs(ground: Ground, link: Link) -> tuple[Measured, Measured]:
    directory = ground.gateway(GATEWAY_ID)
    environment = {
        "GATEWAY_CLOUD_URL": f"https://127.0.0.1:{link.port}",
        "GATEWAY_CLOUD_CA_FILE": str(directory / "pki" / "ca.crt"),
    }
    command = console_script("iskar-gateway")
    words: list[str | Path] = ["--env-file", directory / "gateway.env"]
    return (
        Measured("broker", [command, "broker", *words], ground.log("broker"), environment),
        Measured("gateway", [command, "run", *words], ground.log("gateway"), environment),
    )


async def _register(operator: CloudClient, fleet: Fleet) -> None:
    names = {"bg": "Сравнение", "en": "Scorecard"}
    await operator.put(
        f"/api/v1/premises/{_PREMISES}",
        {"name": names, "kind": "residential", "address": "-", "district": "-"}
        | {"latitude": 42.7, "longitude": 23.3, "households": 30, "floor_area_m2": 3000},
    )
    for node_id in fleet.node_ids:
        meter = {"serial": node_id, "make": "-", "model": "-", "q3_l_per_h": 4000, "households": 1}
        await operator.put(f"/api/v1/meters/m-{node_id}", meter)
        point = {"premises_id": _PREMISES, "name": names, "reading_type": "cold_water"}
        await operator.put(
            f"/api/v1/service-points/sp-{node_id}", point | {"parent_service_point_id": None}
        )


def _plan(fleet: Fleet, broker_port: int) -> Mapping[str, Any]:
    installed_at = datetime.fromtimestamp(fleet.begins_s - SAMPLE_S, UTC)
    return {
        "site": SITE,
        "installed_at": installed_at.isoformat(),
        "broker": {"host": "127.0.0.1", "port": broker_port, "tls": True},
        "nodes": [
            {
                "node_id": node_id,
                "gateway_id": GATEWAY_ID,
                "sample_interval_s": SAMPLE_S,
                "wifi": {"ssid": "iskar", "password": ""},
                "channels": [
                    {"service_point_id": f"sp-{node_id}", "meter_id": f"m-{node_id}", "obis": OBIS}
                    | {"kind": "pulse", "input": 0, "per_pulse": [1000, 1], "start": 0}
                ],
            }
            for node_id in fleet.node_ids
        ],
    }


def _tls(pki: Path) -> ssl.SSLContext:
    """Return what a node believes and shows, from its flash."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=(pki / "ca.der").read_bytes())
    certificate = pki / "node.crt.pem"
    key = ssl.DER_cert_to_PEM_cert((pki / "node.key.der").read_bytes())
    certificate.write_text(
        ssl.DER_cert_to_PEM_cert((pki / "node.crt.der").read_bytes())
        + key.replace("CERTIFICATE", "EC PRIVATE KEY")
    )
    context.load_cert_chain(certificate)
    return context


ISKAR = System(name="iskar", version=lambda: f"Iskar {version('iskar')}", running=_running)
