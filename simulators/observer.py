# SPDX-License-Identifier: EUPL-1.2
"""What somebody with the app open sees: registers and alerts as they come, and how late."""

import asyncio
import time
from datetime import datetime
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

    async def alert_at(self, service_point_id: str, since_s: float) -> tuple[float, dict[str, Any]]:
        """Wait for an alert raised at a service point since ``since_s`` (Unix time).

        Return when it came, and what it says. News of an older alert are none of it.
        """
        while True:
            self._changed.clear()
            for arrived_s, alert in self.alerts.get(service_point_id, ()):
                if datetime.fromisoformat(alert["raised_at"]).timestamp() >= since_s:
                    return arrived_s, alert
            await self._changed.wait()
