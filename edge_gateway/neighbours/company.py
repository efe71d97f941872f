# SPDX-License-Identifier: EUPL-1.2
"""The company: the neighbours that were asked for, and how each fares."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from edge_gateway.clock import Clock
from edge_gateway.errors import SettingsError
from edge_gateway.feed import Feed, Listener
from edge_gateway.neighbours.homeassistant import HomeAssistant
from edge_gateway.neighbours.metrics import Metrics
from edge_gateway.settings import NeighbourSettings

RESTART_AFTER_S = 60.0

log = structlog.get_logger(__name__)


class Neighbour(Protocol):
    """One program that is shown what is stored."""

    name: str
    listener: Listener

    async def run(self) -> None:
        """Show it until cancelled."""


class Company:
    """Runs the neighbours side by side; one that fails is begun anew, and nobody else notices."""

    def __init__(
        self,
        settings: NeighbourSettings,
        feed: Feed,
        clock: Clock,
        broker_is_connected: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._neighbours: list[Neighbour] = []
        if settings.homeassistant_host or settings.homeassistant_guest_port:
            self._neighbours.append(HomeAssistant(settings, feed, clock))
        if settings.influx_url:
            self._neighbours.append(_mirror(settings, feed, clock))
        if settings.metrics_port:
            self._neighbours.append(
                Metrics(settings, feed, clock, broker_is_connected, self.lost_by_neighbour)
            )

    async def run(self) -> None:
        """Run them until cancelled."""
        async with asyncio.TaskGroup() as company:
            for neighbour in self._neighbours:
                company.create_task(self._keep(neighbour), name=neighbour.name)

    def lost_by_neighbour(self) -> dict[str, int]:
        """Return how much news each has lost, for it did not keep up or was away."""
        return {neighbour.name: neighbour.listener.lost for neighbour in self._neighbours}

    async def _keep(self, neighbour: Neighbour) -> None:
        while True:
            try:
                await neighbour.run()
            except Exception as error:  # noqa: BLE001 - no fault of theirs may stop the readings
                log.error("neighbour_failed", neighbour=neighbour.name, reason=repr(error))
            await self._clock.sleep(RESTART_AFTER_S)


def _mirror(settings: NeighbourSettings, feed: Feed, clock: Clock) -> Neighbour:
    """Return the mirror; its client is of an extra, and 30 MB that most gateways are spared."""
    try:
        from edge_gateway.neighbours.influx import Mirror
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f"GATEWAY_INFLUX_URL is set, but {missing.name} is not installed; "
            "install the gateway with its extra mirror, iskar[gateway,mirror]."
        ) from None
    return Mirror(settings, feed, clock)
