# SPDX-License-Identifier: EUPL-1.2
"""A crowd of nodes that lose their broker: TLS clients that come back as the firmware does.

The waiting is the firmware's own table, read from its source; the rest is a model of
``firmware.uplink``: full jitter up to the table's bound, further up the table after every
connection that was not a long one, be it refused or thrown off after CONNACK.
"""

import ast
import asyncio
import random
import ssl
import time
from pathlib import Path

from tests.gateway_pki import Authority
from tests.mqtt_wire import connected
from tests.needs import ROOT


def of_firmware(name: str) -> object:
    """Return a constant of ``firmware.uplink``, which this interpreter can't import."""
    tree = ast.parse((ROOT / "firmware" / "uplink.py").read_text())
    for line in tree.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == name:
            return ast.literal_eval(line.value)
    raise LookupError(name)


RETRY_MS = of_firmware("_RETRY_MS")
STABLE_S = of_firmware("_STABLE_MS") / 1000
CONNECT_S = of_firmware("_CONNECT_S")


class Crowd:
    """``size`` nodes with certificates of their own, and when each of them tried to connect."""

    def __init__(self, size: int, port: int, pki: Path, authority: Authority) -> None:
        self._port = port
        self._pki = pki
        self.names = [f"n-{number:04}" for number in range(size)]
        for name in self.names:
            authority.issue(name, pki, name)
        self.connected: set[str] = set()
        self.tried_at_s: list[float] = []
        self._random = random.Random(50)  # noqa: S311 - a test's chance

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name in self.names:
                group.create_task(self._come_back_for_ever(name))

    async def all_connected(self, within_s: float) -> float:
        """Wait until everybody is connected; return how long it took, in s."""
        began_s = time.monotonic()
        async with asyncio.timeout(within_s):
            while len(self.connected) < len(self.names):
                await asyncio.sleep(0.02)
        return time.monotonic() - began_s

    async def _come_back_for_ever(self, name: str) -> None:
        context = ssl.create_default_context(cafile=str(self._pki / "ca.crt"))
        context.load_cert_chain(self._pki / f"{name}.crt", self._pki / f"{name}.key")
        attempt = 0
        while True:
            await asyncio.sleep(self._random.uniform(0, RETRY_MS[attempt] / 1000))
            began_s = time.monotonic()
            self.tried_at_s.append(began_s)
            try:
                await self._stay_connected(name, context)
            except (OSError, EOFError, TimeoutError):
                self.connected.discard(name)
            is_stable = time.monotonic() - began_s > STABLE_S
            attempt = 0 if is_stable else min(attempt + 1, len(RETRY_MS) - 1)

    async def _stay_connected(self, name: str, context: ssl.SSLContext) -> None:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await connected(self._port, name, context)
        self.connected.add(name)
        try:
            await reader.readexactly(1)  # nobody writes to it: it ends with the connection
        finally:
            writer.transport.abort()
