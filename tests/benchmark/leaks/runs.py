# SPDX-License-Identifier: EUPL-1.2
"""All trials, two at a time; what was worked out before by the same code is not worked out again.

Outcomes lie under ``var/bench-leaks``, in a folder named by the code that made them. A run that was
broken off goes on where it was.
"""

import asyncio
import hashlib
import importlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.benchmark.figures import Figures
from tests.benchmark.leaks import cells, trial, tuning
from tests.benchmark.leaks.cells import Batch
from tests.benchmark.leaks.trial import Outcome

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "var" / "bench-leaks"
PROCESSES = 2
_HERE = "tests/benchmark/leaks"
# What both depend on: the meters, the leaks, the scores.
_SHARED = (
    "simulators/homes",
    *(
        f"{_HERE}/{name}.py"
        for name in (
            "cases",
            "daiad",
            "injection",
            "intervals",
            "mains",
            "readings",
            "running",
            "scoring",
            "trial",
        )
    ),
)
_OURS = (*_SHARED, "edge_gateway/leaks", f"{_HERE}/bank.py")
_THEIRS = (*_SHARED, f"{_HERE}/rivals", f"{_HERE}/tuning.py")

# Benchmarks of their own in this folder, with ``async def measure() -> Figures``.
OTHERS = tuple(
    f"tests.benchmark.leaks.{name}" for name in ("hanoi.contest", "energies", "balances")
)

Results = dict[str, list[Outcome]]  # by the batch's name


def run(
    batches: list[Batch], others: Iterable[str], say: Callable[[str], None]
) -> tuple[Results, Figures]:
    """Return the outcomes of all batches, and what the others measure."""
    # polars hangs in a process that was forked.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        measuring = [pool.submit(_measured, name) for name in others]
        _tune(pool, [batch for batch in batches if batch.has_rivals], say)
        waiting = {
            pool.submit(work, batch, index): batch.name
            for batch in batches
            for index in range(batch.cases)
            for work in ((_ours, _theirs) if batch.has_rivals else (_ours,))
        }
        results: Results = {batch.name: [] for batch in batches}
        left = dict.fromkeys(results, 0)
        for name in waiting.values():
            left[name] += 1
        for future in as_completed(waiting):
            name = waiting[future]
            results[name] += future.result()
            left[name] -= 1
            if not left[name]:
                say(name)
        return results, [figure for one in measuring for figure in one.result()]


def _measured(module: str) -> Figures:
    figures: Figures = asyncio.run(importlib.import_module(module).measure())
    return figures


def _tune(pool: ProcessPoolExecutor, batches: list[Batch], say: Callable[[str], None]) -> None:
    tunings = list(dict.fromkeys(cells.tuning(batch) for batch in batches))
    for future in as_completed([pool.submit(_thresholds, one) for one in tunings]):
        future.result()
    say("thresholds of the rivals")


def _thresholds(batch: Batch) -> dict[str, float]:
    return _kept(
        _path(_THEIRS, batch, "thresholds"), lambda: tuning.thresholds(batch, KEPT / "water")
    )


def _ours(batch: Batch, index: int) -> list[Outcome]:
    def work() -> list[Outcome]:
        return trial.ours(batch.case(index, KEPT / "water"), batch)

    return _kept(_path(_OURS, batch, f"ours-{index}"), work)


def _theirs(batch: Batch, index: int) -> list[Outcome]:
    def work() -> list[Outcome]:
        known = _thresholds(cells.tuning(batch))
        return trial.theirs(batch.case(index, KEPT / "water"), batch, known)

    return _kept(_path(_THEIRS, batch, f"theirs-{index}"), work)


def _path(code: tuple[str, ...], batch: Batch, name: str) -> Path:
    digest = hashlib.sha256(repr(batch).encode())
    for source in _sources(code):
        digest.update(source.read_bytes())
    return KEPT / batch.name / f"{digest.hexdigest()[:16]}-{name}.json"


def _sources(code: tuple[str, ...]) -> Iterator[Path]:
    for name in code:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else (path,)


def _kept(path: Path, work: Callable[[], Any]) -> Any:
    if path.exists():
        return json.loads(path.read_text())
    done = work()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(done))
    draft.replace(path)
    return done
