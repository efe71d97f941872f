# SPDX-License-Identifier: EUPL-1.2
"""``python -m tests.benchmark.leaks.hanoi [first seed] [years]``: the table, then JSON."""

import json
import sys

from rich.console import Console
from rich.table import Table

from tests.benchmark.leaks.hanoi.contest import TEST_SEED, YEARS, contest

PUBLISHED = {  # Vrachimis et al. (2018), 500 scenario-years
    "MNF10": (69.0, 67.0, 50.0, 45.9),
    "MNF20": (39.9, 99.6, 56.5, 32.4),
    "MNF30": (32.9, 99.9, 49.4, 26.8),
}


def main(first_seed: int = TEST_SEED, years: int = YEARS) -> None:
    """Print everybody's score."""
    scores = contest(first_seed, years)
    table = Table(title=f"LeakDB on the Hanoi network, {years} scenario-years; (published)")
    for column in ("algorithm", "TPR %", "TNR %", "F1 %", "early detection %"):
        table.add_column(column, justify="left" if column == "algorithm" else "right")
    for name, score in scores.items():
        known = PUBLISHED.get(name, (None,) * 4)
        cells = [
            f"{ours:.1f}" + (f" ({theirs})" if theirs is not None else "")
            for ours, theirs in zip(score, known, strict=True)
        ]
        table.add_row(name, *cells)
    Console().print(table)
    print(json.dumps({name: score._asdict() for name, score in scores.items()}))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
