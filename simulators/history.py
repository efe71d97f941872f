# SPDX-License-Identifier: EUPL-1.2
"""History: the hourly telegrams that were there before the first node, as imports (boot 0).

It ends at a moment; ``final_registers`` are those of that very moment, from which the live dials go
on. The telegrams are what a node at the same meters would have sent, on the hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from simulators.city import City, Premises
from simulators.days import HOUR_S, HOURS_A_DAY
from simulators.draws import HOUR_MS
from simulators.flows import shown_by, start_registers, with_sub_meters
from simulators.usage import Usage
from wire import batch, quality, telegram
from wire.block import Packing
from wire.telegram import Telegram

STORE = "history"
HISTORY_DAYS = 400  # of the demonstration: a year to look back on, and the one before it


@dataclass(frozen=True, kw_only=True)
class GatewayBatch:
    """One post to the cloud, with the gateway whose token it needs."""

    gateway_id: str
    request: dict[str, object]  # wire.batch.request
    telegrams: int


class History:
    """``days`` days of hourly registers up to ``until_ms`` (Unix time)."""

    def __init__(self, city: City, usage: Usage, *, days: int, until_ms: int) -> None:
        self._city = city
        self._usage = usage
        self._last_hour = until_ms // HOUR_MS
        self._first_hour = self._last_hour - days * HOURS_A_DAY
        self._until_ms = until_ms

    @property
    def telegrams(self) -> int:
        """How many telegrams there are: one per node and hour, both ends included."""
        return len(self._city.nodes) * (self._last_hour - self._first_hour + 1)

    @cached_property
    def final_registers(self) -> dict[str, int]:
        """The true registers at ``until_ms``, by service point."""
        since_ms = self._last_hour * HOUR_MS
        passed = with_sub_meters(
            self._city, lambda point: self._usage.own_use(point, since_ms, self._until_ms)
        )
        return {point_id: self._hourly[point_id][-1] + passed[point_id] for point_id in passed}

    def batches(self, size: int = batch.MAX_ENTRIES) -> Iterator[GatewayBatch]:
        """Yield batches of at most ``size`` telegrams, gateway by gateway, oldest first."""
        for premises in self._city.premises.values():
            numbered = enumerate(self.telegrams_of(premises), start=1)
            while chunk := list(islice(numbered, size)):
                packing = Packing()
                for number, one in chunk:
                    packing.add(number, self._until_ms, one.time_s, quality.IMPORTED, one)
                yield GatewayBatch(
                    gateway_id=premises.gateway_id,
                    request=batch.request(premises.gateway_id, STORE, [], packing.blocks()),
                    telegrams=len(chunk),
                )

    def telegrams_of(self, premises: Premises) -> Iterator[Telegram]:
        """Yield the telegrams of a building's nodes, hour by hour."""
        nodes = [n for n in self._city.nodes.values() if n.premises_id == premises.premises_id]
        node_ids = [node.node_id for node in nodes]
        registers = {node_id: self._shown(node_id) for node_id in node_ids}
        for at, hour in enumerate(range(self._first_hour, self._last_hour + 1)):
            for node_id in node_ids:
                yield Telegram(
                    node_id,
                    batch.BOOT_OF_IMPORTS,
                    at + 1,
                    hour * HOUR_S,
                    telegram.TIME_KNOWN,
                    {obis: shown[at] for obis, shown in registers[node_id]},
                )

    def _shown(self, node_id: str) -> list[tuple[str, list[int]]]:
        """Return what the meters of a node showed at each hour, by OBIS code."""
        found = []
        for point in self._city.read_by(node_id):
            show = shown_by(self._city, point)
            found.append((point.obis, [show(r) for r in self._hourly[point.service_point_id]]))
        return found

    @cached_property
    def _hourly(self) -> dict[str, list[int]]:
        """The true register of each service point at each hour."""
        registers = {point_id: [start] for point_id, start in start_registers(self._city).items()}
        for hour in range(self._first_hour, self._last_hour):
            day, of_day = divmod(hour, HOURS_A_DAY)
            for point_id, amount in self._passed_in(day, of_day).items():
                registers[point_id].append(registers[point_id][-1] + amount)
        return registers

    def _passed_in(self, utc_day: int, hour: int) -> dict[str, int]:
        return with_sub_meters(self._city, lambda point: self._usage.hourly(point, utc_day)[hour])
