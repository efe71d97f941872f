# SPDX-License-Identifier: EUPL-1.2
"""Everybody's score on the same scenario-years."""

from collections.abc import Callable
from functools import partial

from tests.benchmark.figures import Figure, Figures
from tests.benchmark.leaks.hanoi.baseline import minimum_night_flow
from tests.benchmark.leaks.hanoi.gateway import gateway_alarms
from tests.benchmark.leaks.hanoi.network import Floats
from tests.benchmark.leaks.hanoi.scenario import scenario
from tests.benchmark.leaks.hanoi.scoring import Labels, Score, score
from tests.benchmark.leaks.hanoi.shift import shift_alarms

TEST_SEED = 10_000  # thresholds were chosen on seeds below
YEARS = 64
ALGORITHMS: dict[str, Callable[[Floats], Labels]] = {
    "MNF10": partial(minimum_night_flow, share=0.1),
    "MNF20": partial(minimum_night_flow, share=0.2),
    "MNF30": partial(minimum_night_flow, share=0.3),
    "gateway": gateway_alarms,
    "week, scale and shift": shift_alarms,
}


def contest(first_seed: int = TEST_SEED, years: int = YEARS) -> dict[str, Score]:
    """Return each algorithm's score, by its name."""
    every = [scenario(seed) for seed in range(first_seed, first_seed + years)]
    truth = [one.is_leaking for one in every]
    return {
        name: score(truth, [alarms(one.inflow_m3_per_h) for one in every])
        for name, alarms in ALGORITHMS.items()
    }


async def measure() -> Figures:
    """Return F1 and the early detection score of each, in percent."""
    figures = []
    for name, one in contest().items():
        label = name.lower().replace(",", "").replace(" ", "_")
        figures.append(Figure(f"hanoi_{label}_f1_percent", one.f1, "LeakDB's, Hanoi network"))
        figures.append(
            Figure(f"hanoi_{label}_early_percent", one.early_detection, "LeakDB's, Hanoi network")
        )
    return figures
