# SPDX-License-Identifier: EUPL-1.2
"""One system's run: telegrams in, faults meanwhile, and what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from simulators.scorecard import senders
from simulators.scorecard.fleet import NODES, Fleet
from simulators.scorecard.programs import Watch
from simulators.scorecard.schedule import Strike
from simulators.scorecard.senders import Sender
from simulators.scorecard.striking import strike_all
from simulators.scorecard.system import Site, System

log = structlog.get_logger()

POLL_S = 1.0
# Without any progress, before what is missing counts as lost. ThingsBoard's gateway waits 5 s
# before it connects again, then twice as long each time, up to 120 s (tb_device_mqtt's connect,
# paho's reconnect_delay_set): it may come a minute and more after the uplink is back.
PATIENCE_S = 180.0


@dataclass(frozen=True, kw_only=True)
class Score:
    """Figures of one system; a time is None where nothing came that it could be told of."""

    system: str
    version: str
    telegrams: int
    faults: int
    lost: int
    duplicated: int
    out_of_order: int
    late_p50_s: float | None
    late_p99_s: float | None
    peak_memory_mb: float  # of broker and gateway together
    written_bytes_per_telegram: float  # likewise
    backlog: int  # telegrams that came after the last fault was over
    backlog_drain_s: float | None
    took_s: float

    @property
    def is_bad(self) -> bool:
        """True if anything was lost or doubled."""
        return bool(self.lost or self.duplicated)

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON, without more digits than it has."""
        return {
            name: round(figure, 2) if isinstance(figure, float) else figure
            for name, figure in asdict(self).items()
        }


async def play(
    system: System, root: Path, fleet: Fleet, per_s: float, strikes: Sequence[Strike]
) -> Score:
    """Run ``system`` once, from the first telegram to the last that comes."""
    async with system.running(root, fleet) as site:
        nodes = [Sender(fleet, node, site.door) for node in range(NODES)]
        watch = Watch(site.programs)
        began_s = time.time()
        async with _meanwhile(watch, nodes):
            async with asyncio.TaskGroup() as group:
                group.create_task(senders.produce(nodes, fleet, per_s))
                group.create_task(strike_all(site, strikes))
            over_s = time.time()
            await settle(site, nodes)
        ledger = await site.backend.ledger()
    late_s = ledger.late_s([node.produced_at_s for node in nodes])
    return Score(
        system=system.name,
        version=system.version(),
        telegrams=fleet.telegrams,
        faults=len(strikes),
        lost=ledger.lost,
        duplicated=ledger.duplicated,
        out_of_order=ledger.out_of_order,
        late_p50_s=_quantile(late_s, 0.50),
        late_p99_s=_quantile(late_s, 0.99),
        peak_memory_mb=watch.peak_bytes / 1e6,
        written_bytes_per_telegram=watch.written_bytes / fleet.telegrams,
        backlog=ledger.arrived_since(over_s),
        backlog_drain_s=ledger.last_arrival_s - over_s if ledger.arrived_since(over_s) else None,
        took_s=time.time() - began_s,
    )


@asynccontextmanager
async def _meanwhile(watch: Watch, nodes: Sequence[Sender]) -> AsyncIterator[None]:
    """Keep the nodes sending and the programs watched; what ends one of them ends the run."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch.run())]
        tasks += [group.create_task(node.run()) for node in nodes]
        yield
        for task in tasks:
            task.cancel()


async def settle(site: Site, nodes: Sequence[Sender]) -> None:
    """Return once everything has arrived, or nothing has moved for ``PATIENCE_S``."""
    loop = asyncio.get_running_loop()
    seen, moved_s = (0, 0), loop.time()
    while loop.time() - moved_s < PATIENCE_S:
        has_all, arrived = await site.backend.progress()
        if has_all:
            return
        now = (arrived, sum(node.forgotten for node in nodes))
        if now != seen:
            seen, moved_s = now, loop.time()
        await asyncio.sleep(POLL_S)
    log.info("nothing_moves", arrived=seen[0], forgotten=seen[1], waited_s=PATIENCE_S)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest figure that ``share`` of all do not exceed."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else None
