# SPDX-License-Identifier: EUPL-1.2
"""The backend of the rivals: a real Mosquitto that loses nothing, and a subscriber that records.

Towards a ThingsBoard gateway it speaks that platform's MQTT gateway API as far as the gateway needs
it to start. Source: thingsboard.io, "MQTT Gateway API"; "MQTT Device API" (attributes, client RPC).
"""

import asyncio
import getpass
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from simulators import ground as grounds
from simulators.errors import ToolMissingError
from simulators.processes import Program
from simulators.scorecard.fleet import Fleet
from simulators.scorecard.ledger import Ledger
from simulators.scorecard.mqtt import Connection, MqttError
from simulators.scorecard.programs import frozen

CONFIGURATIONS = Path(__file__).parent / "configurations"
START_S = 15.0
_LIMITS = {"maxPayloadSize": 65536, "maxInflightMessages": 100, "rateLimits": {}}
_ASKED = re.compile(r"v1/devices/me/(rpc|attributes)/request/(\d+)")

Told = tuple[str, int, object]  # node id, sequence, and under which mark the backend files it
Read = Callable[[str, bytes], Iterator[Told]]


class MqttBackend:
    """Records each telegram that comes; what comes again under another mark is a second row."""

    def __init__(self, fleet: Fleet, server: Program, read: Read) -> None:
        self._ledger = Ledger(fleet)
        self._server = server
        self._read = read
        self._connection = Connection(self._received)
        self._marks: dict[tuple[str, int], object] = {}
        self._more: set[Told] = set()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Freeze the server: it keeps its connections and confirms nothing."""
        assert self._server.pid is not None  # noqa: S101 - it is never killed
        with frozen(self._server.pid, "mosquitto"):
            yield

    async def progress(self) -> tuple[bool, int]:
        """Return whether every telegram is there, and how many are."""
        return self._ledger.lost == 0, self._ledger.arrived

    async def ledger(self) -> Ledger:
        """Return all that has come."""
        self._ledger.duplicated = len(self._more)
        return self._ledger

    async def run(self, port: int) -> None:
        """Subscribe and record until cancelled."""
        async with asyncio.timeout(START_S):
            while True:
                try:
                    await self._connection.open(port, "recorder")
                    break
                except MqttError:
                    await asyncio.sleep(0.1)
        self._connection.subscribe("v1/#", "iskar/v1/#")
        await self._connection.run()

    def _received(self, topic: str, payload: bytes) -> None:
        if asked := _ASKED.fullmatch(topic):
            kind, number = asked.groups()
            answer = _LIMITS if kind == "rpc" else {}
            to = f"v1/devices/me/{kind}/response/{number}"
            self._connection.publish([(to, json.dumps(answer).encode())])
            return
        now_s = time.time()
        for node_id, sequence, mark in self._read(topic, payload):
            key = (node_id, sequence)
            if self._ledger.record(node_id, sequence, now_s):
                self._marks[key] = mark
            elif self._marks[key] != mark:
                self._more.add((node_id, sequence, mark))


@asynccontextmanager
async def serving(root: Path, fleet: Fleet, read: Read) -> AsyncIterator[tuple[MqttBackend, int]]:
    """Give the backend and its port."""
    [port] = grounds.free_ports(1)
    shutil.copy(CONFIGURATIONS / "backend.acl", _made(root))
    command: list[str | Path] = [mosquitto(), "-c", configured(root, "backend.conf", port=port)]
    server = Program("backend", command, root / "logs" / "backend.log", {})
    await server.start()
    backend = MqttBackend(fleet, server, read)
    recording = asyncio.create_task(backend.run(port), name="recorder")
    try:
        await asyncio.sleep(1.0)
        yield backend, port
        if recording.done():
            recording.result()
    finally:
        recording.cancel()
        await server.stop()


def configured(root: Path, name: str, **places: object) -> Path:
    """Write the configuration ``name`` with its places filled in; return its path."""
    path = _made(root) / name
    user = getpass.getuser()  # else Mosquitto drops to a user who may not write here
    path.write_text((CONFIGURATIONS / name).read_text().format(directory=root, user=user, **places))
    return path


def mosquitto() -> Path:
    """Return the path of Mosquitto, or raise ToolMissingError."""
    found = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        raise ToolMissingError("mosquitto", "On Debian: apt-get install mosquitto")
    return Path(found)


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory
