# SPDX-License-Identifier: EUPL-1.2
"""A week without the cloud: the gateway's memory, and how fast and how lively it comes back.

30 nodes send a telegram a minute for seven days, as fast as they are taken, while the uplink is
cut and the forwarder keeps trying. Then the link is mended: 302,400 telegrams go to the real cloud
(its own process, PostgreSQL with fsync, HTTPS under its own authority), and all the while the nodes
go on and findings are made, each timed until its alert is in the cloud's database.

This process is the gateway, with its nodes' telegrams offered to intake in place of a broker.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
from pydantic import SecretStr

from cloud.kit.embedded_postgres import EmbeddedPostgres
from edge_gateway.clock import SystemClock
from edge_gateway.feed import Feed
from edge_gateway.forwarder import Cloud, Forwarder
from edge_gateway.intake import Intake
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.settings import Settings
from edge_gateway.store import entries, outbox
from edge_gateway.store.database import Store
from simulators.ground import free_ports
from simulators.link import Link
from tests.benchmark.figures import Figure, Figures
from tests.integration.cloud.builders import COLD, Caller, a_finding, a_premises
from tests.integration.cloud.process import CloudProcess
from wire import acknowledgement, batch, telegram, topics
from wire.telegram import Telegram

SITE, GATEWAY, NODES, DAYS = "sofia", "gw-outage", 30, 7
MINUTES = DAYS * 1440
ALERT_EVERY_S = 0.25
LOOK_EVERY_S = 0.02
SETTLED_IN = 0.1  # of the outage: caches are full, and memory is measured from here on


def _node(number: int) -> str:
    return f"n-outage-{number:02}"


class _Nodes:
    """The nodes' end of the broker: they hear up to where their telegrams are stored."""

    def __init__(self) -> None:
        self._stored_up_to: dict[str, int] = {}

    async def publish(self, topic: str, payload: bytes) -> None:
        """Hear an acknowledgement."""
        _, self._stored_up_to[topic] = acknowledgement.decode(payload)

    @property
    def acknowledged(self) -> int:
        """How many telegrams are known to be on the gateway's disk."""
        return sum(self._stored_up_to.values())


class Gateway:
    """The gateway's own parts, and what its nodes have sent."""

    def __init__(self, settings: Settings, store: Store, client: Cloud) -> None:
        clock = SystemClock(trust="assumed")
        self.store = store
        self._nodes = _Nodes()
        self.intake = Intake(
            site=SITE,
            gateway_id=GATEWAY,
            store=store,
            publisher=self._nodes,
            clock=clock,
            watch=Monitor(),
            feed=Feed(),
        )
        self.forwarder = Forwarder(settings, store, client, clock)
        self.telegrams = 0

    async def take_minute(self, minute: int, time_s: int) -> None:
        """Take a telegram of each node; once a hundred a node are out, wait for the disk."""
        # water runs for five minutes of each half hour: no leak, as a household has it
        register = 2000 * (minute // 30 * 5 + min(minute % 30, 5))
        for number in range(NODES):
            name = _node(number)
            sent = Telegram(name, 1, minute + 1, time_s, telegram.TIME_KNOWN, {COLD: register})
            topic = topics.topic(SITE, GATEWAY, name, topics.TELEGRAM)
            self.intake.offer(topic, telegram.encode(sent))
        self.telegrams += NODES
        while self.telegrams - self._nodes.acknowledged > 100 * NODES:
            await asyncio.sleep(LOOK_EVERY_S)

    async def find(self, finding_id: str, number: int) -> None:
        """Have a finding stored, as the leak rules do."""
        body = a_finding()["body"] | {"finding_id": finding_id, "node_id": _node(number % NODES)}
        now_ms = time.time_ns() // 1_000_000

        def append(db: sqlite3.Connection) -> None:
            outbox.append(
                db,
                kind=batch.FINDING,
                received_at_ms=now_ms,
                read_at_s=now_ms // 1000,
                body=body,
            )

        await self.store.write(append)
        self.store.outbox_grew.set()


async def measure() -> Figures:
    """Cut the link for a week, mend it, and look on."""
    with tempfile.TemporaryDirectory(prefix="iskar-bench-") as directory:
        https_port = free_ports(1)[0]
        cloud = CloudProcess(Path(directory), CLOUD_HTTPS_PORT=str(https_port))
        await cloud.start()
        try:
            await cloud.until_ready()
            link = Link(https_port)
            await link.start()
            async with _gateway(cloud, link, Path(directory) / "gateway") as gateway:
                return await _measure(gateway, cloud, link)
        finally:
            await cloud.stop()


async def _measure(gateway: Gateway, cloud: CloudProcess, link: Link) -> Figures:
    link.cut()
    services = [
        asyncio.create_task(gateway.intake.run()),
        asyncio.create_task(gateway.forwarder.run()),
    ]
    began_s = time.perf_counter()
    resident = [bytes_ async for bytes_ in _week(gateway)]
    outage_s = time.perf_counter() - began_s
    settled = resident[int(len(resident) * SETTLED_IN)]
    with psycopg.connect(
        EmbeddedPostgres(cloud.directory / "postgres").dsn, autocommit=True
    ) as database:
        backlog_up_to = await gateway.store.read(entries.last_number)
        link.restore()
        began_s = time.perf_counter()
        while not (await gateway.store.read(outbox.delivered)).highest:
            await asyncio.sleep(LOOK_EVERY_S)  # until the next try, 15 s at most
        async with _alerts(gateway, database) as late_s:
            while await gateway.store.read(outbox.forgotten_up_to) < backlog_up_to:
                await asyncio.sleep(0.1)
            drain_s = time.perf_counter() - began_s
        while await gateway.store.read(outbox.depth):
            await asyncio.sleep(0.1)
        stored = database.execute("select count(*) from readings").fetchone()
    for one in services:
        one.cancel()
    await asyncio.gather(*services, return_exceptions=True)
    late_s.sort()
    grown = max(resident[int(len(resident) * SETTLED_IN) :]) / settled - 1
    return [
        Figure("outage_telegrams", NODES * MINUTES, "taken in a week without the cloud"),
        Figure("outage_take_per_s", NODES * MINUTES / outage_s, "durable"),
        Figure("outage_memory_mb", settled / 2**20, "resident, a tenth into the outage"),
        Figure("outage_memory_growth", grown, "at most, from there to the end"),
        Figure("outage_drain_s", drain_s, "until the cloud had all of the week"),
        Figure("outage_drain_per_s", NODES * MINUTES / drain_s, "telegrams"),
        Figure("outage_alerts", len(late_s), "made during the drain"),
        Figure("outage_alert_p50_s", late_s[len(late_s) // 2], "from store to alert"),
        Figure("outage_alert_p99_s", late_s[len(late_s) * 99 // 100], "from store to alert"),
        Figure("outage_lost", gateway.telegrams - (stored[0] if stored else 0), "telegrams"),
    ]


async def _week(gateway: Gateway) -> AsyncIterator[int]:
    """Take a week's telegrams; yield the resident memory after each hour of them."""
    process = psutil.Process()
    begins_s = int(time.time()) - MINUTES * 60
    for minute in range(MINUTES):
        await gateway.take_minute(minute, begins_s + minute * 60)
        if minute % 60 == 59:
            yield process.memory_info().rss


@asynccontextmanager
async def _alerts(gateway: Gateway, database: psycopg.Connection) -> AsyncIterator[list[float]]:
    """Let nodes and findings go on; give how late each alert was, complete at the end."""
    made: dict[str, float] = {}
    late_s: list[float] = []

    async def make() -> None:
        minute = MINUTES
        while True:
            finding_id = f"live-{len(made) + len(late_s)}"
            made[finding_id] = time.perf_counter()
            await gateway.find(finding_id, len(late_s))
            if len(made) % 40 == 0:
                await gateway.take_minute(minute, int(time.time()))
                minute += 1
            await asyncio.sleep(ALERT_EVERY_S)

    async def look() -> None:
        while True:
            for (finding_id,) in database.execute(
                "select finding_id from alerts where finding_id = any(%s)", [list(made)]
            ):
                late_s.append(time.perf_counter() - made.pop(finding_id))
            await asyncio.sleep(LOOK_EVERY_S)

    making, looking = asyncio.create_task(make()), asyncio.create_task(look())
    yield late_s
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    async with asyncio.timeout(60):
        while made:
            await asyncio.sleep(LOOK_EVERY_S)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


@asynccontextmanager
async def _gateway(cloud: CloudProcess, link: Link, data_dir: Path) -> AsyncIterator[Gateway]:
    """Give a gateway whose nodes the cloud knows."""
    said = await cloud.run("token", "add", "--role", "operator", "--label", "bench")
    async with httpx.AsyncClient(base_url=cloud.url, timeout=60) as http:
        operator = Caller(http, said["token"])
        for path, body in _registry():
            await operator.put(path, body)
        token = (await operator.post(f"/gateways/{GATEWAY}/token"))["token"]
        authority = (await operator.ask("GET", "/ca")).text
    settings = _settings(data_dir, link.port, token, authority)
    store = await Store.open(data_dir)
    async with Cloud(settings, SystemClock(trust="assumed")) as client:
        yield Gateway(settings, store, client)
    await store.close()


def _settings(data_dir: Path, port: int, token: str, authority: str) -> Settings:
    data_dir.mkdir()
    (data_dir / "cloud.crt").write_text(authority)
    return Settings(
        id=GATEWAY,
        site=SITE,
        data_dir=data_dir,
        cloud_url=f"https://127.0.0.1:{port}",
        cloud_ca_file=data_dir / "cloud.crt",
        cloud_token=SecretStr(token),
        forget_every_s=1,  # so that the end of the drain is seen when it comes
    )


def _registry() -> Iterator[tuple[str, dict[str, object]]]:
    """Yield what must be put on record before the gateway is believed."""
    yield "/premises/p-outage", a_premises()
    yield f"/gateways/{GATEWAY}", {"site": SITE, "name": "Basement"}
    for number in range(NODES):
        point, meter, node = f"sp-outage-{number}", f"m-outage-{number}", _node(number)
        name = {"bg": f"Вода {number}", "en": f"Water {number}"}
        yield (
            f"/service-points/{point}",
            {"premises_id": "p-outage", "name": name, "reading_type": "cold_water"},
        )
        yield f"/meters/{meter}", {"serial": str(number), "make": "Zenner", "model": "ETK"}
        yield f"/nodes/{node}", {"gateway_id": GATEWAY, "board": "esp32"}
        yield (
            f"/installations/{point}",
            {
                "meter_id": meter,
                "node_id": node,
                "obis": COLD,
                "installed_at": "2025-01-01T00:00:00Z",
            },
        )
