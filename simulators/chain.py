# SPDX-License-Identifier: EUPL-1.2
"""The chain: every part of an installation, running on this machine, with ways to break it.

Dials, nodes, brokers, gateways, cloud: the real programs, each a process of its own, set up with
the same commands that a technician uses. Between a gateway and the cloud lies a ``Link``.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from simulators import commissioning, registry
from simulators import ground as grounds
from simulators.audit import Entry, Key, Place, Verdict, audit
from simulators.city import City, read_city
from simulators.cloud_client import CloudClient
from simulators.days import LOCAL
from simulators.errors import NodeDiedError, NotReadyError
from simulators.faults import Fault, FaultKind
from simulators.ground import Ground, console_script
from simulators.history import HISTORY_DAYS, GatewayBatch, History
from simulators.link import Link
from simulators.meters.dial import Dial
from simulators.processes import Program, kill_postgres
from simulators.usage import Usage
from simulators.virtual_node import VirtualNode
from simulators.world import World
from wire.telegram import Telegram

log = structlog.get_logger()

SETTLE_S = 4.0  # two samples and what they need to be journaled
DRAIN_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a chain is to be run; ``http_port`` 0 means a free one."""

    installed_at: str  # RFC 3339; of the meters, so not later than their history begins
    http_port: int = 0
    sample_interval_s: int = 1
    embedded_broker: bool = False  # also where Mosquitto is installed


class Chain:
    """One installation; starting sets up what is not there yet, ``stop`` leaves it for later."""

    def __init__(self, ground: Ground, city: City, world: World, options: Options) -> None:
        self.ground = ground
        self.city = city
        self.world = world
        self.options = options
        self.has_tls = grounds.has_mosquitto() and not options.embedded_broker
        self.gateway_ids = sorted({p.gateway_id for p in city.premises.values()})
        self.nodes: dict[str, VirtualNode] = {}
        self.links: dict[str, Link] = {}
        self.programs: dict[str, Program] = {}
        self.environment: dict[str, str] = {}  # of the cloud, once it has started
        self._http_port = options.http_port or grounds.free_ports(1)[0]
        self._operator: CloudClient | None = None
        self._utility: CloudClient | None = None
        self._turning: asyncio.Task[None] | None = None
        self._restarting = asyncio.Lock()  # of nodes: each kill has a process of its own
        self._killing_postgres = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where the app is."""
        return f"http://127.0.0.1:{self._http_port}"

    @property
    def operator(self) -> CloudClient:
        """The operator's access to the cloud, once it has started."""
        if self._operator is None:
            raise NotReadyError("The cloud", 0.0, "Call start_cloud first.")
        return self._operator

    @property
    def utility(self) -> CloudClient:
        """The water utility's access to the cloud, once it has started."""
        if self._utility is None:
            raise NotReadyError("The cloud", 0.0, "Call start_cloud first.")
        return self._utility

    # -- setting up ----------------------------------------------------------------------------

    async def start_cloud(self) -> None:
        """Start the cloud, make what credentials are lacking, and enter the city's registry."""
        https_port = grounds.free_ports(1)[0]
        environment = self.environment = {
            "CLOUD_DATA_DIR": str(self.ground.cloud),
            "CLOUD_HTTP_PORT": str(self._http_port),
            "CLOUD_HTTPS_PORT": str(https_port),
            "CLOUD_PUBLIC_URL": self.url,
            "CLOUD_WEBHOOK_ALLOWED_NETWORKS": '["127.0.0.0/8"]',  # the sample receiver is here
            # so that the demonstration's utility can sign in with what is printed
            "CLOUD_REQUIRE_SECOND_FACTOR_OF": '["operator", "technician", "municipality"]',
        }
        self.links = {gateway_id: Link(https_port) for gateway_id in self.gateway_ids}
        for link in self.links.values():
            await link.start()
        await self._run("cloud", [console_script("iskar-cloud"), "serve"], environment)
        anonymous = CloudClient(self.url)
        await anonymous.ready(self.programs["cloud"].check)
        await anonymous.close()
        await commissioning.make_tokens(self.ground, environment)
        self._operator = CloudClient(self.url, self.ground.remembered()["operator"])
        for path, body in registry.registry(self.city):
            await self.operator.put(path, body)
        await commissioning.make_owner(self.ground, environment, list(self.city.premises))
        water_utility, _ = registry.SUPPLIERS["water"]
        await commissioning.make_utility(self.ground, environment, water_utility)
        await commissioning.make_planner(self.ground, environment, water_utility)
        self._utility = CloudClient(self.url, self.ground.remembered()[water_utility])

    async def enrol(self) -> None:
        """Enrol gateways and nodes with the technician's own commands."""
        ports = dict(zip(self.gateway_ids, grounds.free_ports(len(self.gateway_ids)), strict=True))
        noted = self.ground.noted_plan()  # of an earlier start: what was read at the meters holds
        channels = {node["node_id"]: node["channels"] for node in noted.get("nodes", ())}
        plan = registry.plan(
            self.city,
            broker_ports=ports,
            tls=self.has_tls,
            sample_interval_s=self.options.sample_interval_s,
            installed_at=noted.get("installed_at", self.options.installed_at),
            channels=channels.__getitem__ if channels else self.world.channels,
        )
        await commissioning.enrol_gateways(self.ground, self.url, ports)
        await commissioning.enrol_nodes(self.ground, self.url, plan)

    def gateway_token(self, gateway_id: str) -> str:
        """Return the token that an enrolled gateway posts with."""
        return _setting(self.ground.gateway(gateway_id) / "gateway.env", "GATEWAY_CLOUD_TOKEN")

    async def ingest_history(self, one: GatewayBatch) -> None:
        """Post a batch of history as its gateway would."""
        gateway = CloudClient(self.url, self.gateway_token(one.gateway_id))
        await gateway.ingest(one.request)
        await gateway.close()

    async def start_gateways(self) -> None:
        """Start a broker and a gateway for each building."""
        gateway: str | Path = console_script("iskar-gateway")
        for gateway_id in self.gateway_ids:
            env_file = self.ground.gateway(gateway_id) / "gateway.env"
            environment = {
                "GATEWAY_CLOUD_URL": f"https://127.0.0.1:{self.links[gateway_id].port}",
                "GATEWAY_CLOUD_CA_FILE": str(self.ground.gateway(gateway_id) / "pki" / "ca.crt"),
                "GATEWAY_BROKER_TLS": str(self.has_tls).lower(),
            }
            broker: list[str | Path] = [gateway, "broker", "--env-file", env_file]
            if not self.has_tls:
                port = _setting(env_file, "GATEWAY_BROKER_PORT")
                directory = self.ground.gateway(gateway_id) / "broker"
                broker = [console_script("python"), "-m", "simulators.embedded_broker"]
                broker += [port, directory]
            await self._run(f"broker-{gateway_id}", broker, environment)
            await self._run(gateway_id, [gateway, "run", "--env-file", env_file], environment)

    async def start_nodes(self) -> None:
        """Wire every node to its meters, let the dials turn, and power the nodes."""
        for node_id in self.city.nodes:
            line = self.world.line(node_id)
            node = VirtualNode(self.ground.nodes / node_id, uart=line.path if line else None)
            for point in self.city.read_by(node_id):
                pulse_input = self.city.meters[point.meter_id].input
                if pulse_input is not None:
                    self.world.attach(node_id, pulse_input, node.pulse_input(pulse_input))
            self.nodes[node_id] = node
        self._turning = asyncio.create_task(self.world.run(), name="world")
        for node in self.nodes.values():
            await node.start()

    async def start(self) -> None:
        """Start all of it, without history."""
        await self.start_cloud()
        await self.enrol()
        await self.start_gateways()
        await self.start_nodes()

    async def stop(self) -> None:
        """Stop all of it in the order of the flow, so that the outboxes are as empty as can be."""
        await asyncio.gather(*(node.stop() for node in self.nodes.values()))
        if self._turning is not None:
            self._turning.cancel()
            await asyncio.gather(self._turning, return_exceptions=True)
        for name in sorted(self.programs, key=_stop_order):
            await self.programs[name].stop()
        for link in self.links.values():
            await link.stop()
        for client in (self._operator, self._utility):
            if client is not None:
                await client.close()

    async def _run(
        self, name: str, command: list[str | Path], environment: Mapping[str, str]
    ) -> None:
        program = Program(name, command, self.ground.log(name), environment)
        self.programs[name] = program
        await program.start()

    # -- breaking it ---------------------------------------------------------------------------

    async def strike(self, fault: Fault) -> None:
        """Do what ``fault`` says; return when it is over.

        Something that is just starting is killed once it runs, so each fault strikes.
        """
        gateway_id = self.gateway_ids[fault.victim % len(self.gateway_ids)]
        node = list(self.nodes.values())[fault.victim % len(self.nodes)]
        match fault.kind:
            case FaultKind.UPLINK_CUT:
                self.links[gateway_id].cut()
                await asyncio.sleep(fault.lasts_s)
                self.links[gateway_id].restore()
            case FaultKind.UPLINK_BLACK_HOLE:
                self.links[gateway_id].black_hole()
                await asyncio.sleep(fault.lasts_s)
                self.links[gateway_id].restore()
            case FaultKind.WIFI_CUT:
                node.set_wifi(False)
                await asyncio.sleep(fault.lasts_s)
                node.set_wifi(True)
            case FaultKind.BROKER_RESTART:
                await self.programs[f"broker-{gateway_id}"].kill(signal.SIGTERM)
            case FaultKind.BROKER_KILL:
                await self.programs[f"broker-{gateway_id}"].kill()
            case FaultKind.NODE_KILL:
                async with self._restarting:
                    _check_node(node)  # else the restart would hide that it had died by itself
                    await node.restart()
            case FaultKind.GATEWAY_KILL:
                await self.programs[gateway_id].kill()
            case FaultKind.CLOUD_KILL:
                await self.programs["cloud"].kill()
            case FaultKind.POSTGRESQL_KILL:
                async with self._killing_postgres:
                    await kill_postgres(self.ground.cloud / "postgres" / "data")
                self.programs["cloud"].forgive()

    # -- looking at it -------------------------------------------------------------------------

    def check(self) -> None:
        """Raise what ended a program, or the turning of the dials, for good."""
        for program in self.programs.values():
            program.check()
        if self._turning is not None and self._turning.done():
            self._turning.result()

    async def audit(self) -> Verdict:
        """Stop all use, let the chain drain, and compare what came with what was sent."""
        await self.world.freeze()
        await asyncio.sleep(SETTLE_S)
        self.check()
        for node in self.nodes.values():
            _check_node(node)
        produced = list(self._produced())
        keys = {entry.key for entry in produced}
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + DRAIN_S
        while True:
            stored = [entry async for entry in self._stored()]
            shown, charted, dials = await self._shown(), await self._charted(), self._dials()
            drained = keys <= {entry.key for entry in stored} and shown == charted == dials
            if drained or loop.time() > give_up_at:
                break
            await asyncio.sleep(1.0)
        since = {entry.key for entry in self._produced()} - keys
        return audit(produced, stored, dials, shown, charted, since)

    def _dials(self) -> dict[Place, int]:
        """Return what every meter shows."""
        return {
            (self.city.meters[meter_id].node_id, obis): shown
            for (meter_id, obis), shown in self.world.dials().items()
        }

    async def _shown(self) -> dict[Place, int | None]:
        """Return what the app shows of every meter."""
        shown = {}
        for premises_id in self.city.premises:
            building = await self.operator.get(f"/api/v1/premises/{premises_id}")
            for told in building["service_points"]:
                point = self.city.service_points[told["service_point_id"]]
                node_id = self.city.meters[point.meter_id].node_id
                shown[node_id, point.obis] = told["register"]
        return shown

    async def _charted(self) -> dict[Place, int | None]:
        """Return what every meter must show by the app's charts since the local day it all began.

        That is its first register of that day, which is one at midnight or the first of all, and
        the use of every hour since.
        """
        now_ms = time.time_ns() // 1_000_000
        since = _local_day(self.ground.begun_ms(now_ms))
        days = {"from": str(since), "to": str(_local_day(now_ms) + timedelta(days=1))}
        charted: dict[Place, int | None] = {}
        for point in self.city.service_points.values():
            path = f"/api/v1/service-points/{point.service_point_id}"
            first = (await self.operator.get(f"{path}/readings", limit=1, **days))["items"]
            usage = await self.operator.get(f"{path}/usage", resolution="hour", **days)
            used = sum(hour["usage"] or 0 for hour in usage["intervals"])
            place = self.city.meters[point.meter_id].node_id, point.obis
            charted[place] = first[0]["register"] + used if first else None
        return charted

    def dials(self) -> dict[str, Dial]:
        """Return the dial of every service point."""
        return {
            point.service_point_id: self.world.dial(point.meter_id, point.obis)
            for point in self.city.service_points.values()
        }

    def _produced(self) -> Iterator[Entry]:
        for node_id, node in self.nodes.items():
            for one in node.journaled():
                key = Key(node_id, one.boot, one.sequence)
                message = one.message
                registers = message.registers if isinstance(message, Telegram) else None
                yield Entry(key=key, registers=registers)

    async def _stored(self) -> AsyncIterator[Entry]:
        for node_id in self.nodes:
            for item in await self.operator.ledger(node_id):
                key = Key(node_id, item["boot"], item["sequence"])
                yield Entry(key=key, registers=item["registers"])


def _stop_order(name: str) -> int:
    """Gateways first, then brokers, then the cloud."""
    return 2 if name == "cloud" else 1 if name.startswith("broker-") else 0


def _local_day(unix_ms: int) -> date:
    return datetime.fromtimestamp(unix_ms / 1000, LOCAL).date()


def _check_node(node: VirtualNode) -> None:
    """Raise NodeDiedError if the firmware has ended and nobody asked it to."""
    if not node.is_running:
        raise NodeDiedError(node.directory)


def _setting(env_file: Path, name: str) -> str:
    for line in env_file.read_text().splitlines():
        if line.startswith(f"{name}="):
            return line.partition("=")[2].strip("\"'")
    raise NotReadyError(f"{name} of {env_file}", 0.0, "Enrol the gateway again.")


@asynccontextmanager
async def assembled(
    ground: Ground,
    *,
    seed: int = 1,
    with_history: bool = False,
    http_port: int = 0,
    embedded_broker: bool = False,
) -> AsyncIterator[tuple[Chain, History]]:
    """Give the chain on ``ground``, not yet started, and its past; stop it at the end.

    Without history the dials begin as the city's tables say, else where the past ends.
    """
    city, begun_ms = read_city(), ground.begun_ms(time.time_ns() // 1_000_000)
    usage = Usage(city, seed=seed)
    past = History(city, usage, days=HISTORY_DAYS, until_ms=begun_ms)
    registers = past.final_registers if with_history else None
    installed_at = datetime.fromtimestamp(begun_ms // 1000, UTC) - timedelta(HISTORY_DAYS + 1)
    async with World(city, usage, ground.world, registers=registers) as world:
        options = Options(
            installed_at=installed_at.isoformat(),
            http_port=http_port,
            embedded_broker=embedded_broker,
        )
        chain = Chain(ground, city, world, options)
        try:
            yield chain, past
        finally:
            await chain.stop()
