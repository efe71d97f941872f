# SPDX-License-Identifier: EUPL-1.2
"""A home's meter before the leak rules: what its people draw, and what leaks beside that."""

import json
import zlib
from collections.abc import Iterable

from edge_gateway.leaks.finding import RAISED, Finding
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter

NODE, COLD = "sofia-0001", "8-0:1.0.0"
MONDAY_S = 1_736_121_600  # 2025-01-06 00:00 UTC
MINUTE_S = 60
HOME = Meter(meter_id="m-home", households=1)


class HomeMeter:
    """Is read every minute and shown to a monitor, as fine as its steps."""

    def __init__(self, meter: Meter = HOME, *, step_ml: int = 1000) -> None:
        self.monitor = Monitor(timezone="UTC")
        self.monitor.know({(NODE, COLD): meter})
        self.step_ml = step_ml
        self.at_s, self.passed_ml = MONDAY_S, 0.0
        self.told: list[Finding] = []
        self.read()

    def read(self, marks: int = 0) -> None:
        """Show the register to the monitor."""
        self.told += self.monitor.look(
            node_id=NODE,
            obis=COLD,
            register=int(self.passed_ml) // self.step_ml * self.step_ml,
            read_at_s=self.at_s,
            now_s=self.at_s,
            quality=marks,
        )

    def live(
        self,
        ml_per_minute: Iterable[float],
        leak_l_per_h: float = 0,
        *,
        marks: int = 0,
        unread: bool = False,
    ) -> None:
        """Let these minutes pass with a leak beside them; unread, they are one long gap."""
        for drawn_ml in ml_per_minute:
            self.passed_ml += drawn_ml + leak_l_per_h * 1000 / 60
            self.at_s += MINUTE_S
            if not unread:
                self.read(marks)

    def raised(self, *kinds: str) -> list[Finding]:
        """Return the first word of each finding, of some kinds or of any."""
        first = {one.finding_id: one for one in reversed(self.told) if one.state == RAISED}
        return [one for one in first.values() if not kinds or one.kind in kinds]

    def hours_to_find(self, since_s: int) -> float:
        """Return how long after that the first finding was raised; fails where there is none."""
        return (min(one.raised_at_s for one in self.raised()) - since_s) / 3600


def length_remembered(memory: bytes, kind: str) -> int:
    """Return how many characters of a meter's memory are one rule's, before compression."""
    return len(
        json.dumps(json.loads(zlib.decompress(memory))["rules"][kind], separators=(",", ":"))
    )
