# SPDX-License-Identifier: EUPL-1.2
"""The tables, as Markdown, and where they go: between two markers of the rules' README."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.benchmark.figures import Figures
from tests.benchmark.leaks.bank import NAME
from tests.benchmark.leaks.cells import COMPARED, Batch
from tests.benchmark.leaks.headline import Row, hours, rate_told
from tests.benchmark.leaks.injection import GRID_SHAPES, SIZES_L_PER_H
from tests.benchmark.leaks.scoring import Delays, Rate
from tests.benchmark.leaks.summary import Summary
from tests.benchmark.leaks.trial import label

BEGIN = "<!-- figures of make bench-leaks: begin -->"
END = "<!-- figures of make bench-leaks: end -->"
SURE = 0.99  # a share found beyond which only the delay is told


def headline(rows: Iterable[Row]) -> str:
    """Return the table of what was asked for."""
    return _table(
        ("case", "must reach", "measured", "best rival within the same limit of alarms"),
        (
            (
                row.case,
                row.target,
                f"{'' if row.is_reached else '**missed** '}{row.measured}",
                row.rival,
            )
            for row in rows
        ),
    )


def rivals(batch: Batch, by_detector: Mapping[str, Summary]) -> str:
    """Return how everybody does in one batch: alarms, then the median delay by leak."""
    leaks = [label(*kind) for kind in dict.fromkeys((*COMPARED, *batch.extra))]
    is_clean = (
        bool(by_detector[NAME].clean_s) and by_detector[NAME].clean_s != by_detector[NAME].every_s
    )
    names = [NAME, *sorted(name for name in by_detector if name != NAME)]
    rates = (
        "alarms per meter-year",
        *(("of clean ones", "of these unconfirmed") if is_clean else ()),
    )
    return _table(
        ("rule", *rates, *leaks),
        (
            (
                name,
                rate_told(one.rate),
                *(rate_told(rate) for rate in _clean_rates(one) if is_clean),
                *(told(one.delays(leak, is_clean=is_clean)) for leak in leaks),
            )
            for name in names
            for one in (by_detector[name],)
        ),
    )


def _clean_rates(one: Summary) -> tuple[Rate, Rate]:
    return one.clean_rate, one.clean_unconfirmed_rate


def grid(batch: Batch, ours: Summary) -> str:
    """Return our median delays by shape and size."""
    return _table(
        ("", *(f"{size:g} l/h" for size in SIZES_L_PER_H)),
        (
            (shape, *(told(ours.delays(label(shape, size))) for size in SIZES_L_PER_H))
            for shape in GRID_SHAPES
            if any(kind[0] == shape for kind in batch.leaks)
        ),
    )


def figures(measured: Figures) -> str:
    """Return what benchmarks of their own have measured."""
    return _table(
        ("figure", "measured", "what it says"),
        ((one.name, f"{one.amount:.3g}", one.meaning) for one in measured),
    )


def title(batch: Batch) -> str:
    """Return what was read and how, in words."""
    sources = {
        "home": "simulated homes",
        "main": f"mains of {batch.households} simulated homes",
        "real_home": "real homes (DAIAD)",
        "real_main": f"mains of {batch.households} real homes (DAIAD)",
        "house": "the house of AMPds2",
    }
    every = "hour" if batch.interval_s == 3600 else f"{batch.interval_s // 60} min"
    return f"{sources[batch.source]}, every {every}, steps of {batch.pulse_ml / 1000:g} l"


def told(delays: Delays | None) -> str:
    """Return the median delay, and the share found where it is not all."""
    if delays is None:
        return ""
    if not any(one is not None for one in delays.each_s):
        return "–"
    share = "" if delays.found >= SURE else f" ({delays.found:.0%})"
    median_h = delays.quantile_h(0.5)
    return f"{'–' if median_h is None else hours(median_h)}{share}"


def put(path: Path, text: str) -> None:
    """Replace what stands between the markers of a file."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        raise ValueError(f"{path} has no place for figures: {BEGIN} … {END}")
    path.write_text(f"{before}{BEGIN}\n{text.strip()}\n{END}{after}")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
