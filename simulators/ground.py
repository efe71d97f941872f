# SPDX-License-Identifier: EUPL-1.2
"""The ground a chain stands on: its folders, its ports, and what this machine must have."""

import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.errors import DiskFullError, PortInUseError, ToolMissingError

NEEDED_MB = 1500
_SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


@dataclass(frozen=True)
class Ground:
    """Where one installation keeps its things."""

    root: Path

    @property
    def cloud(self) -> Path:
        """The cloud's data directory."""
        return self.root / "cloud"

    @property
    def field(self) -> Path:
        """What the technician's command line remembers."""
        return self.root / "field"

    @property
    def plan(self) -> Path:
        """The installation plan."""
        return self.root / "plan.json"

    @property
    def world(self) -> Path:
        """Where the dials are kept."""
        return self.root / "world"

    @property
    def nodes(self) -> Path:
        """A folder per node."""
        return self.root / "nodes"

    @property
    def credentials(self) -> Path:
        """Tokens and passwords that were made for this installation; for its owner's eyes."""
        return self.root / "credentials.json"

    def gateway(self, gateway_id: str) -> Path:
        """A gateway's data directory."""
        return self.root / "gateways" / gateway_id

    def log(self, program: str) -> Path:
        """Where a program's output goes."""
        return self.root / "logs" / f"{program}.log"

    def note_plan(self, plan: Mapping[str, Any]) -> None:
        """Keep the installation plan for this start and later ones."""
        _replace(self.plan, json.dumps(plan, indent=2))

    def noted_plan(self) -> dict[str, Any]:
        """Return the installation plan of an earlier start, empty if this is the first."""
        if not self.plan.exists():
            return {}
        noted: dict[str, Any] = json.loads(self.plan.read_text())
        return noted

    def begun_ms(self, now_ms: int) -> int:
        """Return when this installation was first started (Unix time), which is now if never."""
        mark = self.root / "begun_ms"
        if not mark.exists():
            _replace(mark, str(now_ms))
        return int(mark.read_text())

    def remember(self, name: str, secret: str) -> None:
        """Keep a credential, readable by this user alone."""
        _replace(self.credentials, json.dumps(self.remembered() | {name: secret}, indent=2))

    def remembered(self) -> dict[str, str]:
        """Return the credentials by name."""
        if not self.credentials.exists():
            return {}
        known: dict[str, str] = json.loads(self.credentials.read_text())
        return known


def _replace(path: Path, text: str) -> None:
    """Write a file that this user alone may read, whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)  # else it would keep its mode
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)


def check_tools() -> None:
    """Raise ToolMissingError unless every program of the chain is in this environment."""
    for name in ("iskar-cloud", "iskar-gateway", "iskar-field", "micropython"):
        console_script(name)


def console_script(name: str) -> Path:
    """Return the path of a program of this environment, or raise ToolMissingError."""
    script = Path(sys.executable).parent / name
    if not script.exists():
        raise ToolMissingError(name, "Run `make setup` to install it.")
    return script


def has_mosquitto() -> bool:
    """Tell whether a Mosquitto is installed."""
    return shutil.which("mosquitto", path=_SEARCHED) is not None


def check_disk(directory: Path, needed_mb: int = NEEDED_MB) -> None:
    """Raise DiskFullError where there is too little room."""
    directory.mkdir(parents=True, exist_ok=True)
    free_mb = shutil.disk_usage(directory).free // 2**20
    if free_mb < needed_mb:
        raise DiskFullError(directory, free_mb, needed_mb)


def check_port(port: int) -> None:
    """Raise PortInUseError if something listens on ``port`` of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PortInUseError(port) from None


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that are free now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
