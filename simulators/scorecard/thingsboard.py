# SPDX-License-Identifier: EUPL-1.2
"""The ThingsBoard IoT Gateway from PyPI in an environment of its own, a Mosquitto before it."""

import json
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from simulators import ground as grounds
from simulators.ground import console_script
from simulators.link import Link
from simulators.processes import run_to_end
from simulators.scorecard import mqtt_backend
from simulators.scorecard.fleet import Fleet
from simulators.scorecard.mosquitto_bridge import version as mosquitto_version
from simulators.scorecard.mqtt_backend import CONFIGURATIONS, Told
from simulators.scorecard.programs import Measured
from simulators.scorecard.senders import Door
from simulators.scorecard.system import Site, System

VERSION = "3.8.5"
_LOCK = Path(__file__).parent / "thingsboard.lock"
_ENVIRONMENT = Path("var") / f"thingsboard-gateway-{VERSION}"
_INSTALL_S = 600.0
_TELEMETRY = "v1/gateway/telemetry"


def read(topic: str, payload: bytes) -> Iterator[Told]:
    """Yield the telegrams of a pack; the platform files what has the same time under one row."""
    if topic != _TELEMETRY:
        return
    for node_id, entries in json.loads(payload).items():
        for entry in entries:
            if "seq" in entry["values"]:
                yield node_id, entry["values"]["seq"], entry["ts"]


async def _installed() -> Path:
    """Return the environment's folder, made from the lock file if it is not there."""
    environment = _ENVIRONMENT.resolve()
    if not (environment / "complete").exists():
        await run_to_end([sys.executable, "-m", "venv", "--clear", environment])
        words = ["pip", "sync", "--quiet", "--require-hashes", "--python"]
        uv: list[str | Path] = [console_script("uv"), *words]
        uv += [environment / "bin" / "python", _LOCK]
        await run_to_end(uv, timeout_s=_INSTALL_S)
        (environment / "complete").touch()
    return environment


@asynccontextmanager
async def _running(root: Path, fleet: Fleet, *, kind: str, broker_kind: str) -> AsyncIterator[Site]:
    environment = await _installed()
    async with mqtt_backend.serving(root / "backend", fleet, read) as (backend, backend_port):
        link = Link(backend_port)
        await link.start()
        [port] = grounds.free_ports(1)
        configuration = mqtt_backend.configured(
            root / "broker", f"local-{broker_kind}.conf", port=port
        )
        command: list[str | Path] = [mqtt_backend.mosquitto(), "-c", configuration]
        broker = Measured("broker", command, root / "logs" / "broker.log", {})
        directory = root / "gateway"
        _configure(directory, environment, kind, port, link.port)
        gateway = Measured(
            "gateway",
            [environment / "bin" / "thingsboard-gateway"],
            root / "logs" / "gateway.log",
            {"TB_GW_CONFIG_DIR": str(directory / "config"), "PYTHONPATH": ""},
            cwd=directory,
        )
        for program in (broker, gateway):
            await program.start()
        await gateway.has_said("Gateway started.")
        await gateway.has_said("Nodes connected to")
        try:
            yield Site(
                door=Door(port=port, until="puback"),
                link=link,
                broker=broker,
                gateway=gateway,
                backend=backend,
            )
        finally:
            for program in (gateway, broker):
                await program.stop()
            await link.stop()


def _configure(
    directory: Path, environment: Path, kind: str, broker_port: int, uplink_port: int
) -> None:
    """Write its configuration with our ports in it, its logging as the package brings it."""
    config = directory / "config"
    config.mkdir(parents=True)
    (directory / "logs").mkdir()
    [packages] = (environment / "lib").glob("python*/site-packages")
    for name in ("logs.json", "list.json"):
        shutil.copy(packages / "thingsboard_gateway" / "config" / name, config)
    places = (("tb_gateway.json", "thingsboard", uplink_port), ("mqtt.json", "broker", broker_port))
    for name, section, port in places:
        content = json.loads((CONFIGURATIONS / f"thingsboard-{kind}" / name).read_text())
        content[section]["port"] = port
        (config / name).write_text(json.dumps(content))


def _version() -> str:
    return f"ThingsBoard IoT Gateway {VERSION}, {mosquitto_version()}"


def _system(kind: str, broker: str) -> System:
    return System(
        name=f"thingsboard-gateway-{kind}",
        version=_version,
        running=partial(_running, kind=kind, broker_kind=broker),
    )


THINGSBOARD = (
    _system("default", "default"),
    _system("sqlite", "durable"),
    _system("file", "durable"),
)
