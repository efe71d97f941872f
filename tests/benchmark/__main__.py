# SPDX-License-Identifier: EUPL-1.2
"""Benchmarks: ``python -m tests.benchmark [NAME]``; ``make bench NAME=…`` does the same.

A benchmark is a module of this folder with ``async def measure() -> Figures``; it is found, not
listed. A table for people comes first, one JSON object of all figures last.
"""

import asyncio
import importlib
import json
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

from tests import benchmark
from tests.benchmark.figures import Figures


def main(names: list[str]) -> int:
    """Run the benchmarks named, or all; return the exit status."""
    every = sorted(
        module.name
        for module in pkgutil.iter_modules(benchmark.__path__)
        if module.name.startswith("bench_")
    )
    chosen = [f"bench_{name}" for name in names] or every
    unknown = [name for name in chosen if name not in every]
    if unknown:
        known = ", ".join(name.removeprefix("bench_") for name in every)
        sys.stderr.write(f"No benchmark {unknown[0].removeprefix('bench_')}; there are {known}.\n")
        return 2
    found: dict[str, float] = {}
    for name in chosen:
        module = importlib.import_module(f"tests.benchmark.{name}")
        figures: Figures = asyncio.run(module.measure())
        _print(module.__doc__.splitlines()[0], figures)
        found |= {figure.name: round(figure.amount, 4) for figure in figures}
    print(json.dumps(found))
    return 0


def _print(title: str, figures: Figures) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    table.add_column("what it says")
    for figure in figures:
        table.add_row(figure.name, _short(figure.amount), figure.meaning)
    Console().print(table)


def _short(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
