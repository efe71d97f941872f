# SPDX-License-Identifier: EUPL-1.2
"""Sensus iPERL and iPERL+: flow that never falls under a limit for a day or more.

iPERL: not once below its starting flow in 24 hours. iPERL+: 25 l/h or more (0.11 gpm) for 24, 48
or 72 hours; and 5.7 m3/h or more (25 gpm) for an hour. Source: the meters' data sheets.
"""

from functools import partial

from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.rival import DAY_S, FINELY, HOUR_S, Rival, episodes, flows, runs_s
from tests.benchmark.leaks.scoring import Episode

STARTING_L_PER_H = 1.0  # of an iPERL DN 15, as we recall it; the sheet at hand doesn't tell
PLUS_L_PER_H = 25.0
PLUS_HIGH_L_PER_H = 5700.0


def held(
    flow_l_per_h: float, for_s: int, readings: Readings, _learned: object, _threshold: float
) -> list[Episode]:
    """Raise when no less has flowed for that long; clear as soon as it is less."""
    steps = FINELY if flow_l_per_h == PLUS_HIGH_L_PER_H else 1
    flowing = flows(readings, flow_l_per_h, steps=steps)
    at_s = readings.read_at_s
    return episodes(at_s, runs_s(at_s, flowing) >= for_s, ~flowing)


_SHEET = "Sensus, iPERL and iPERL+ data sheets"
RIVALS = (
    Rival(name="iPERL 24 h", source=_SHEET, alarms=partial(held, STARTING_L_PER_H, DAY_S)),
    *(
        Rival(
            name=f"iPERL+ {days * 24} h",
            source=_SHEET,
            alarms=partial(held, PLUS_L_PER_H, days * DAY_S),
            history_s=(days + 2) * DAY_S,
        )
        for days in (1, 2, 3)
    ),
    Rival(name="iPERL+ high", source=_SHEET, alarms=partial(held, PLUS_HIGH_L_PER_H, HOUR_S)),
)
