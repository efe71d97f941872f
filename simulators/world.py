# SPDX-License-Identifier: EUPL-1.2
"""The simulated city, alive: every dial turns, contacts close, Modbus meters answer.

    async with World(city, usage, directory, registers=history.final_registers) as world:
        ...                                       # write settings from world.channels(node_id)
        world.attach("n-mladost-01", 0, board)    # anything with feed([(at_us, level), ...])
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(world.run())
            ...
            await world.freeze()                  # dials stand, contacts are told
            world.dial("w-1007", "8-0:1.0.0").shown

Dials are kept in ``directory`` and go on from there at the next start; in between, the city stands
still. That holds too when the process is stopped or the clock jumps.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import structlog

from simulators.city import City, ServicePoint
from simulators.errors import SimulatorError
from simulators.flows import family, shown_by, start_registers, with_sub_meters
from simulators.meters.contact import Contact, PulseInput
from simulators.meters.dial import Dial
from simulators.meters.kept import KeptDials
from simulators.meters.leak_valve import LeakValve
from simulators.meters.modbus import ModbusLine, ModbusMeter
from simulators.register_maps import read_register_maps
from simulators.usage import Usage
from simulators.weather import Weather
from wire import reading_types

TICK_S = 0.1
STANDSTILL_MS = 5000  # a longer gap between ticks was a stop, not use
POWER_FLOW = reading_types.POWER_IMPORT.obis
DIALS_FILE = "dials.json"

log = structlog.get_logger(__name__)


class WorldError(SimulatorError):
    """The world can't run as it was put together; the message says what is missing."""


class World:
    """All meters of the city, or those of ``nodes`` as far as contacts and lines go."""

    def __init__(
        self,
        city: City,
        usage: Usage,
        directory: Path,
        *,
        registers: Mapping[str, int] | None = None,
        nodes: Collection[str] | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Begin with the dials in ``directory``, else at ``registers``, else as the tables say."""
        self.city = city
        self._usage = usage
        self._kept = KeptDials(directory / DIALS_FILE)
        self._now_ms = now_ms
        self._nodes = city.nodes.keys() if nodes is None else nodes
        self.resumed = self._kept.exist()
        begin = registers or start_registers(city)
        if self.resumed:
            begin = self._kept.read(city.service_points)
        self._dials = {
            point_id: Dial(begin[point_id], shown_by(city, point))
            for point_id, point in city.service_points.items()
        }
        self._valves: dict[str, LeakValve] = {}
        self._contacts = {
            point_id: Contact(self._dials[point_id], point.per_pulse, f"{usage.seed}/{point_id}")
            for point_id, point in city.service_points.items()
            if point.per_pulse is not None and city.node_of(point).node_id in self._nodes
        }
        self._lines: dict[str, ModbusLine] = {}
        self._stack = AsyncExitStack()
        self._ticked_ms = now_ms()
        self._contacts_us = self._ticked_ms * 1000  # goes on where the clock steps back
        self._frozen = False

    @property
    def weather(self) -> Weather:
        """The weather that use follows."""
        return self._usage.weather

    async def __aenter__(self) -> Self:
        """Lay the Modbus lines."""
        for node_id in self._nodes:
            if meters := self._modbus_meters(node_id):
                line = ModbusLine(meters)
                self._lines[node_id] = await self._stack.enter_async_context(line)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Keep the dials and take the lines away."""
        self._keep()
        await self._stack.aclose()

    async def run(self) -> None:
        """Turn the dials until cancelled; what they have shown by then is told to the inputs."""
        if loose := [point_id for point_id, c in self._contacts.items() if not c.attached]:
            raise WorldError(f"No pulse input is attached for {', '.join(loose)}.")
        log.info("world_runs", dials=len(self._dials), resumed=self.resumed)
        try:
            while True:
                self.tick()
                await asyncio.sleep(TICK_S)
        finally:
            await asyncio.shield(self.freeze())

    def tick(self) -> None:
        """Bring every dial and contact to the present moment."""
        since_ms, self._ticked_ms = self._ticked_ms, self._now_ms()
        elapsed_ms = self._ticked_ms - since_ms
        if not self._frozen and 0 < elapsed_ms <= STANDSTILL_MS:
            self._turn(since_ms, self._ticked_ms)
        self._contacts_us += max(0, elapsed_ms) * 1000
        for contact in self._contacts.values():
            contact.follow(self._contacts_us)
        self._keep()

    async def freeze(self) -> None:
        """Stop all use, leaks too, and return once every pulse shown has been told."""
        self._frozen = True
        while any(c.pending for c in self._contacts.values() if c.attached):
            self.tick()
            await asyncio.sleep(TICK_S)
        self._keep()

    def thaw(self) -> None:
        """Let use go on from this moment."""
        self._frozen = False

    def attach(self, node_id: str, pulse_input: int, board: PulseInput) -> None:
        """Wire the meter on a node's pulse input to its board."""
        for point in self.city.read_by(node_id):
            if self.city.meters[point.meter_id].input == pulse_input:
                self._contacts[point.service_point_id].attach(board)
                return
        raise WorldError(f"Node {node_id} has no meter on pulse input {pulse_input}.")

    def line(self, node_id: str) -> ModbusLine | None:
        """Return the RS-485 line of a node; None if it has no Modbus meter."""
        return self._lines.get(node_id)

    def dial(self, meter_id: str, obis: str) -> Dial:
        """Return the dial of one register of a meter; ``obis`` with the node's channel."""
        return self._dials[self._point(meter_id, obis).service_point_id]

    def dials(self) -> dict[tuple[str, str], int]:
        """Return what every meter shows now, by meter and OBIS code."""
        return {
            (point.meter_id, point.obis): self._dials[point_id].shown
            for point_id, point in self.city.service_points.items()
        }

    def leak_valve(self, service_point_id: str) -> LeakValve:
        """Return the valve behind a water meter; what it lets run turns the mains' dials too."""
        if self.city.service_points[service_point_id].reading_type.utility != "water":
            raise WorldError(f"{service_point_id} carries no water to leak.")
        return self._valves.setdefault(service_point_id, LeakValve())

    def channels(self, node_id: str) -> list[dict[str, Any]]:
        """Return what a technician writes down at a node's meters, for the installation plan.

        Of a pulse meter that is what it shows now, so the input must count from here on.
        """
        return [self._channel(point) for point in self.city.read_by(node_id)]

    def _channel(self, point: ServicePoint) -> dict[str, Any]:
        meter = self.city.meters[point.meter_id]
        written: dict[str, Any] = {
            "service_point_id": point.service_point_id,
            "meter_id": point.meter_id,
            "obis": point.obis,
        }
        if meter.register_map is None:
            start = self._dials[point.service_point_id].shown
            return written | {
                "kind": "pulse",
                "input": meter.input,
                "per_pulse": [point.per_pulse, 1],
                "start": start,
            }
        also = [POWER_FLOW] if point.reading_type is reading_types.ELECTRICITY_IMPORT else []
        return written | {
            "kind": "modbus",
            "map": meter.register_map,
            "unit_id": meter.unit_id,
            "also": also,
        }

    def _turn(self, since_ms: int, now_ms: int) -> None:
        def own(point: ServicePoint) -> int:
            used = self._usage.own_use(point, since_ms, now_ms)
            valve = self._valves.get(point.service_point_id)
            return used if valve is None else used + valve.leaked_ml(now_ms - since_ms)

        for point_id, amount in with_sub_meters(self.city, own).items():
            self._dials[point_id].turn(amount, now_ms / 1000)

    def _modbus_meters(self, node_id: str) -> dict[int, ModbusMeter]:
        found = {}
        for point in self.city.read_by(node_id):
            meter = self.city.meters[point.meter_id]
            if meter.register_map is not None and meter.unit_id is not None:
                found[meter.unit_id] = ModbusMeter(
                    unit_id=meter.unit_id,
                    register_map=read_register_maps()[meter.register_map],
                    read=self._reader(point.meter_id),
                )
        return found

    def _reader(self, meter_id: str) -> Callable[[str], int]:
        """Return how a meter answers: its registers as they are now, its net power, else 0."""
        points = {
            point.reading_type.obis: point
            for point in self.city.service_points.values()
            if point.meter_id == meter_id
        }
        imports = points.get(reading_types.ELECTRICITY_IMPORT.obis)
        exports = points.get(reading_types.ELECTRICITY_EXPORT.obis)

        def read(obis: str) -> int:
            if obis == POWER_FLOW:
                return self._power_w(imports) - self._power_w(exports)
            return self._dials[points[obis].service_point_id].register if obis in points else 0

        return read

    def _power_w(self, point: ServicePoint | None) -> int:
        if point is None or self._frozen:
            return 0
        return sum(self._usage.own_rate(p, self._ticked_ms) for p in family(self.city, point))

    def _point(self, meter_id: str, obis: str) -> ServicePoint:
        for point in self.city.service_points.values():
            if (point.meter_id, point.obis) == (meter_id, obis):
                return point
        raise WorldError(f"No meter {meter_id} shows {obis}.")

    def _keep(self) -> None:
        """Write the dials down as far as their pulses were told."""
        self._kept.write({p: dial.register - self._untold(p) for p, dial in self._dials.items()})

    def _untold(self, point_id: str) -> int:
        contact = self._contacts.get(point_id)
        per_pulse = self.city.service_points[point_id].per_pulse
        if contact is None or per_pulse is None or not contact.attached:
            return 0
        return contact.pending * per_pulse
