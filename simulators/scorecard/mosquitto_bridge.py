# SPDX-License-Identifier: EUPL-1.2
"""A Mosquitto that bridges to a Mosquitto: what many a gateway is."""

import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulators import ground as grounds
from simulators.link import Link
from simulators.scorecard import mqtt_backend
from simulators.scorecard.fleet import Fleet
from simulators.scorecard.mqtt_backend import Told
from simulators.scorecard.programs import Measured
from simulators.scorecard.senders import Door
from simulators.scorecard.system import Site, System


def read(_: str, payload: bytes) -> Iterator[Told]:
    """Yield the telegram; nothing tells a repeat from another, so each has a mark of its own."""
    telegram = json.loads(payload)
    yield telegram["id"], telegram["seq"], object()


@asynccontextmanager
async def _running(root: Path, fleet: Fleet) -> AsyncIterator[Site]:
    async with mqtt_backend.serving(root / "backend", fleet, read) as (backend, backend_port):
        link = Link(backend_port)
        await link.start()
        [port] = grounds.free_ports(1)
        configuration = mqtt_backend.configured(
            root / "bridge", "mosquitto-bridge.conf", port=port, uplink_port=link.port
        )
        command: list[str | Path] = [mqtt_backend.mosquitto(), "-c", configuration]
        bridge = Measured("bridge", command, root / "logs" / "bridge.log", {})
        await bridge.start()
        try:
            yield Site(
                door=Door(port=port, until="puback"),
                link=link,
                broker=bridge,
                gateway=bridge,
                backend=backend,
            )
        finally:
            await bridge.stop()
            await link.stop()


def version() -> str:
    """Return Mosquitto's version, as it tells it."""
    told = subprocess.run(
        [mqtt_backend.mosquitto(), "-h"], capture_output=True, text=True, check=False
    ).stdout
    found = re.search(r"version (\S+)", told)
    return f"Mosquitto {found.group(1) if found else 'of unknown version'}"


MOSQUITTO_BRIDGE = System(name="mosquitto-bridge", version=version, running=_running)
