# SPDX-License-Identifier: EUPL-1.2
"""The gateway's own rules, shown the inflow as the register of one large meter."""

import numpy as np

from edge_gateway.leaks import rules
from edge_gateway.leaks.finding import CLEARED
from edge_gateway.leaks.fusion import LEAK
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import Meter
from tests.benchmark.leaks.hanoi.demand import STEP_S
from tests.benchmark.leaks.hanoi.network import Floats
from tests.benchmark.leaks.hanoi.scoring import Labels

KEY = ("network", "8-0:1.0.0")
Q3_L_PER_H = 10_000_000
HOUSEHOLDS = 10_000  # 5500 m3/h are even more; the rules ask whether they are many
BEGAN_S = 1_704_067_200  # Monday, 1 January 2024, UTC
ML_PER_M3 = 1_000_000
LEAKS = {kind for kind, rule in rules.discover().items() if rule.group == LEAK}


def gateway_alarms(inflow: Floats) -> Labels:
    """Return for each step whether a finding of the group leak was open at its end."""
    monitor = Monitor(timezone="UTC")
    monitor.know({KEY: Meter(q3_l_per_h=Q3_L_PER_H, households=HOUSEHOLDS)})
    alarms = np.zeros(len(inflow), bool)
    volumes_ml = np.round(inflow * STEP_S / 3600 * ML_PER_M3).astype(int)
    registers_ml = [0, *np.cumsum(volumes_ml).tolist()]
    is_open = False
    for step, register in enumerate(registers_ml):
        at_s = BEGAN_S + step * STEP_S
        node_id, obis = KEY
        told = monitor.look(
            node_id=node_id, obis=obis, register=register, read_at_s=at_s, now_s=at_s
        )
        for finding in told:
            if finding.kind in LEAKS:
                is_open = finding.state != CLEARED
        if step:
            alarms[step - 1] = is_open
    return alarms
