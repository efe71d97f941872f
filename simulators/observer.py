# SPDX-License-Identifier: EUPL-1.2
"""What somebody with the app open sees: registers and alerts as they come, and how late."""

import asyncio
import time
from typing import Any

from simulators.cloud_client import CloudClient
from simulators.latency import LatencyTracker


class Observer:
    """Follows the live stream of all premises until cancelled."""

    def __init__(self, cloud: CloudClient, latency: LatencyTracker) -> None:
        self.latency = latency
        self.alerts: dict[str, list[tuple[float, dict[str, Any]]]] = {}
        self._cloud = cloud
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Take what comes; ``alerts`` has (Unix time of arrival in s, alert) by service point."""
        async for name, content in self._cloud.live():
            arrived_s = time.time()
            if name == "reading" and content.get("register") is not None:
                self.latency.observe(content["service_point_id"], content["register"], arrived_s)
            elif name == "alert":
                self.alerts.setdefault(content["service_point_id"], []).append((arrived_s, content))
                self._changed.set()

    async def alert_at(self, service_point_id: str) -> tuple[float, dict[str, Any]]:
        """Wait for an alert of a service point; return when it came, and what it says."""
        while service_point_id not in self.alerts:
            self._changed.clear()
            await self._changed.wait()
        return self.alerts[service_point_id][0]
