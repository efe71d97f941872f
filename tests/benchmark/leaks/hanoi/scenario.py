# SPDX-License-Identifier: EUPL-1.2
"""A scenario: one year of the network's inflow each half-hour, and when leaks ran.

As LeakDB's generator: none, one or two leaks (with chances of 1, 2 and 1 in 4) at a junction each,
from any half-hour of the year to any later one, round holes of 2 to 20 cm, half of them there at
once, half growing evenly in diameter up to a time in between. Water leaves by 0.75 A sqrt(2 g h),
the discharge that wntr's leaks have. Lengths, diameters, roughness and base demands are off by up
to 0, 5, 10, 15 or 20 %. Consumers get less under 20 m of pressure. Flows are told to 1 l/s.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wntr.epanet.toolkit import ENepanet
from wntr.epanet.util import EN

from tests.benchmark.leaks.hanoi.demand import STEPS, demands
from tests.benchmark.leaks.hanoi.network import (
    BASE_M3_PER_H,
    JUNCTIONS,
    PIPES,
    Floats,
    Uncertainty,
    inp,
)

EDITION = 1  # of these files; what another one made is made anew
CACHE = Path("var/leaks/hanoi")
# Those where LeakDB has leaks: WaterFutures/EPyT-Flow, epyt_flow/data/benchmarks/leakdb_data.py.
LEAKING = ("2", "10", "12", "13", "21", "22", "23", "31", "32")
HOLE_M = (0.02, 0.2)
DISCHARGE = 0.75
GRAVITY_M_PER_S2 = 9.81
UNCERTAINTIES = (0.0, 0.05, 0.1, 0.15, 0.2)
L_PER_S_IN_M3_PER_H = 3.6


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """``inflow_m3_per_h`` and whether any leak was labelled, in each half-hour of a year."""

    inflow_m3_per_h: Floats
    is_leaking: NDArray[np.bool_]


def scenario(seed: int) -> Scenario:
    """Return a scenario, from the cache if it is there."""
    file = CACHE / f"{EDITION}-{seed}.npz"
    if file.exists():
        with np.load(file) as kept:
            return Scenario(inflow_m3_per_h=kept["inflow"].astype(float), is_leaking=kept["leak"])
    made = simulated(seed)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, inflow=made.inflow_m3_per_h.astype(np.float32), leak=made.is_leaking)
    return made


def simulated(seed: int, steps: int = STEPS) -> Scenario:
    """Return a scenario's first half-hours, simulated with EPANET."""
    chance = np.random.default_rng(seed)
    off = chance.choice(UNCERTAINTIES, 4)
    pipes = Uncertainty(*(_about(one, PIPES, chance) for one in off[:3]))
    base = BASE_M3_PER_H * _about(off[3], len(BASE_M3_PER_H), chance)
    demanded = demands(base, chance)[:steps]
    is_leaking = np.zeros(STEPS, bool)
    emitters = np.zeros((STEPS, len(JUNCTIONS)))
    for _ in range(chance.choice((0, 1, 1, 2))):
        starts = chance.integers(1, STEPS)
        ends = chance.integers(starts, STEPS) + 1
        is_leaking[starts:ends] = True
        junction = JUNCTIONS.index(chance.choice(LEAKING))
        emitters[starts:ends, junction] += _discharge(_hole_m(ends - starts, chance))
    inflow = _solved(inp(pipes), demanded, emitters[:steps])
    told = np.round(inflow / L_PER_S_IN_M3_PER_H) * L_PER_S_IN_M3_PER_H
    return Scenario(inflow_m3_per_h=told, is_leaking=is_leaking[:steps])


def _about(share: float, count: int, chance: np.random.Generator) -> Floats:
    return chance.uniform(1 - share, 1 + share, count)


def _hole_m(steps: int, chance: np.random.Generator) -> Floats:
    """Return the hole's diameter in each half-hour of a leak."""
    widest_m = chance.uniform(*HOLE_M)
    if chance.random() < 0.5:
        return np.full(steps, widest_m)
    growing = int(chance.integers(0, steps)) + 1
    return np.minimum(np.arange(steps) / growing, 1) * widest_m


def _discharge(diameter_m: Floats) -> Floats:
    """Return m3/h at 1 m of pressure; the flow goes with the pressure's root (Torricelli)."""
    area_m2 = np.pi * diameter_m**2 / 4
    return DISCHARGE * area_m2 * np.sqrt(2 * GRAVITY_M_PER_S2) * 3600


def _solved(network: str, demanded: Floats, emitters: Floats) -> Floats:
    """Return the reservoir's outflow in each step."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.inp")
        file.write_text(network)
        epanet = ENepanet()
        epanet.ENopen(str(file), str(file.with_suffix(".rpt")), str(file.with_suffix(".bin")))
        try:
            return _stepped(epanet, demanded, emitters)
        finally:
            epanet.ENclose()


def _stepped(epanet: ENepanet, demanded: Floats, emitters: Floats) -> Floats:
    nodes = [epanet.ENgetnodeindex(name) for name in JUNCTIONS]
    main = epanet.ENgetlinkindex("1")
    inflow = np.empty(len(demanded))
    before = np.zeros(len(nodes))
    epanet.ENopenH()
    for step, (wanted, leaks) in enumerate(zip(demanded.tolist(), emitters, strict=True)):
        for node, m3_per_h in zip(nodes, wanted, strict=True):
            epanet.ENsetnodevalue(node, EN.BASEDEMAND, m3_per_h)
        for place in np.flatnonzero(leaks != before):
            epanet.ENsetnodevalue(nodes[place], EN.EMITTER, float(leaks[place]))
        before = leaks
        epanet.ENinitH(0)
        epanet.ENrunH()
        inflow[step] = epanet.ENgetlinkvalue(main, EN.FLOW)
    epanet.ENcloseH()
    return inflow
