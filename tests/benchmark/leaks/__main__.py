# SPDX-License-Identifier: EUPL-1.2
"""``python -m tests.benchmark.leaks [--quick]``; ``make bench-leaks`` does the same.

Prints the table of what was asked for and, as the last line, one JSON object of its figures. The
whole run also writes the tables and the picture into ``edge_gateway/leaks``. ``--quick`` shows in
two minutes that everything runs; it looks at homes that thresholds are tuned on, for nobody is to
look at the others in passing, and its figures are not to be quoted.
"""

import json
import sys
import time

from tests.benchmark.figures import Figures
from tests.benchmark.leaks import cells, headline, picture, runs, tables
from tests.benchmark.leaks.bank import NAME
from tests.benchmark.leaks.cells import Batch
from tests.benchmark.leaks.headline import Summaries
from tests.benchmark.leaks.summary import summed

FOLDER = runs.ROOT / "edge_gateway" / "leaks"
PICTURE = "![Median delay against alarms per meter-year, ours and the others](figures.svg)"
NETWORK = "hanoi_"
QUICK = "A quick look, at homes that thresholds were tuned on: not to be quoted.\n"
USAGE = "python -m tests.benchmark.leaks [--quick]\n"


def main(options: list[str]) -> int:
    """Run all of it; return the exit status."""
    if options not in ([], ["--quick"]):
        sys.stderr.write(USAGE)
        return 2
    is_quick = bool(options)
    batches = cells.quick() if is_quick else cells.full()
    began_s = time.monotonic()
    results, measured = runs.run(
        batches,
        () if is_quick else runs.OTHERS,
        lambda name: print(f"{time.monotonic() - began_s:6.0f} s  {name}", flush=True),
    )
    summaries = {name: summed(outcomes) for name, outcomes in results.items()}
    rows = headline.rows(summaries)
    short = _short(batches, summaries, measured)
    print(f"\n{short}")
    if is_quick:
        print(QUICK)
        picture.draw(summaries, runs.KEPT / "figures.svg")
    else:
        tables.put(FOLDER / "README.md", f"{PICTURE}\n\n{short}")
        tables.put(FOLDER / "FIGURES.md", _long(batches, summaries, measured))
        picture.draw(summaries, FOLDER / "figures.svg")
    found = {row.name: row.amount for row in rows} | {one.name: one.amount for one in measured}
    print(json.dumps(found))
    return 0


def _short(batches: list[Batch], summaries: Summaries, measured: Figures) -> str:
    parts = [tables.headline(headline.rows(summaries))]
    networks = [one for one in measured if one.name.startswith(NETWORK)]
    if networks:
        parts += ["### A network of mains (LeakDB's scores)", tables.figures(networks)]
    for batch in batches:
        if batch.has_rivals:
            parts += [f"### {_capital(batch)}", tables.rivals(batch, summaries[batch.name])]
    return "\n".join(parts)


def _long(batches: list[Batch], summaries: Summaries, measured: Figures) -> str:
    parts = []
    for batch in batches:
        if not batch.leaks:
            continue
        ours = summaries[batch.name][NAME]
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(ours.by_rule.items()))
        rate = f"Alarms per meter-year: {headline.rate_told(ours.rate)}."
        kinds = f"First raised, of all runs: {told or 'nothing'}."
        of_meter = f"Findings of the meter itself: {ours.of_meter}."
        parts += [f"## {_capital(batch)}", f"{rate} {kinds} {of_meter}\n", tables.grid(batch, ours)]
    energies = [one for one in measured if not one.name.startswith(NETWORK)]
    if energies:
        parts += ["## Gas, electricity, and mains less their meters\n", tables.figures(energies)]
    return "\n".join(parts)


def _capital(batch: Batch) -> str:
    title = tables.title(batch)
    return title[:1].upper() + title[1:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
