# SPDX-License-Identifier: EUPL-1.2
"""The scorecard itself: which systems there are, one run of each, and how it is told."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.table import Table

from simulators.errors import UnknownSystemError
from simulators.scorecard.fleet import Fleet
from simulators.scorecard.iskar import ISKAR
from simulators.scorecard.match import Score, play
from simulators.scorecard.mosquitto_bridge import MOSQUITTO_BRIDGE
from simulators.scorecard.schedule import Kind, Strike, schedule
from simulators.scorecard.system import System
from simulators.scorecard.thingsboard import THINGSBOARD

log = structlog.get_logger()

SYSTEMS: dict[str, tuple[System, ...]] = {
    "iskar": (ISKAR,),
    "thingsboard-gateway": THINGSBOARD,
    "mosquitto-bridge": (MOSQUITTO_BRIDGE,),
}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What every system is put through."""

    seed: int
    telegrams: int
    per_s: float
    faults: int
    kinds: Sequence[Kind] = tuple(Kind)

    def strikes(self) -> list[Strike]:
        """Return the faults, the same each time."""
        return schedule(self.seed, self.telegrams / self.per_s, self.faults, self.kinds)


def systems(names: str) -> list[System]:
    """Return the systems in a list parted by commas, or raise UnknownSystemError."""
    unknown = [name for name in names.split(",") if name not in SYSTEMS]
    if unknown:
        raise UnknownSystemError(unknown[0], SYSTEMS)
    return [system for name in names.split(",") for system in SYSTEMS[name]]


async def run(chosen: Sequence[System], terms: Terms, root: Path) -> list[Score]:
    """Put one system after the other through the same telegrams and faults."""
    fleet = Fleet(telegrams=terms.telegrams, seed=terms.seed, until_s=int(time.time()))
    scores = []
    for system in chosen:
        log.info("system_begins", system=system.name)
        scores.append(await play(system, root / system.name, fleet, terms.per_s, terms.strikes()))
    return scores


def as_table(scores: Sequence[Score]) -> Table:
    """Return the scores for people."""
    versions = "; ".join(dict.fromkeys(score.version for score in scores))
    table = Table(title=versions, title_justify="left")
    table.add_column("")
    for score in scores:
        table.add_column(score.system, justify="right", overflow="fold")
    for name in scores[0].as_dict():
        if name not in ("system", "version"):  # versions are too long for a column
            table.add_row(name, *(_in_words(score.as_dict()[name]) for score in scores))
    return table


def as_json(scores: Sequence[Score], terms: Terms) -> str:
    """Return one line with everything."""
    kinds = Counter(strike.kind.value for strike in terms.strikes())
    told = {"seed": terms.seed, "telegrams_per_s": terms.per_s, "strikes": kinds}
    return json.dumps(told | {"systems": [score.as_dict() for score in scores]})


def _in_words(figure: object) -> str:
    return (
        "-" if figure is None else f"{figure:,}" if isinstance(figure, int | float) else str(figure)
    )
