# SPDX-License-Identifier: EUPL-1.2
"""The command ``iskar-sim scorecard``."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulators.scorecard.fleet import Fleet
from simulators.scorecard.iskar import ISKAR
from simulators.scorecard.match import Score, play
from simulators.scorecard.schedule import schedule
from simulators.scorecard.mosquitto_bridge import MOSQUITTO_BRIDGE
from simulators.scorecard.system import System
from simulators.scorecard.thingsboard import THINGSBOARD_DEFAULT, THINGSBOARD_DURABLE

SYSTEMS = {system.name: system for system in (ISKAR, THINGSBOARD_DEFAULT, THINGSBOARD_DURABLE, MOSQUITTO_BRIDGE)}


async def run(
    names: Sequence[str], seed: int, telegrams: int, faults: int, per_s: float, root: Path
) -> list[Score]:
    """Run one system after the other, through the same telegrams and faults."""
    fleet = Fleet(telegrams=telegrams, seed=seed, until_s=int(time.time()))
    strikes = schedule(seed, telegrams / per_s, faults)
    return [await play(SYSTEMS[name], root / name, fleet, per_s, strikes) for name in names]


if __name__ == "__main__":
    import sys
    root = Path(sys.argv[5]) if len(sys.argv) > 5 else Path(tempfile.mkdtemp(prefix="iskar-score-"))
    print(root)
    for score in asyncio.run(run(sys.argv[1].split(","), 1, int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), root)):
        print(json.dumps(score.as_dict()))
