# SPDX-License-Identifier: EUPL-1.2
"""The picture: how late a leak is found against how often nothing is called one."""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from tests.benchmark.leaks.bank import NAME
from tests.benchmark.leaks.headline import HOURLY, MINUTES, Summaries
from tests.benchmark.leaks.summary import Summary

# Batch, leak, only clean homes, title, alarms allowed.
PANELS = (
    (MINUTES, "constant 5", False, "one home by the minute: 5 l/h", 0.25),
    (HOURLY, "constant 25", True, "real home, hourly: 25 l/h (delay in clean ones)", 1.5),
    ("real_main-24-3600s-1000ml", "constant 80", False, "main of 24 real homes: 80 l/h", 0.5),
)
# By how a rival's name begins; the last is of all that learn.
FAMILIES = (
    ("Kamstrup", "s", "#c26a00"),
    ("iPERL", "^", "#5b8c2a"),
    ("Badger", "D", "#8c2a6f"),
    ("Unitywater", "v", "#8c2a6f"),
    ("Flume", "P", "#7a7a7a"),
    ("Phyn", "X", "#7a7a7a"),
    ("Night", "o", "#4a4ab0"),
    ("", "*", "#b03a3a"),
)
LEARNING = "forest, ruptures, river"
OURS = "#0b6e99"
LEAST_RATE, MOST_RATE = 0.01, 200.0  # none at all is drawn at the left edge
LEAST_H, MOST_H = 0.8, 200.0
HOURS = (1, 2, 4, 8, 24, 48, 168)
RATES = {LEAST_RATE: "0", 0.1: "0.1", 1.0: "1", 10.0: "10", 100.0: "100"}


def draw(summaries: Summaries, path: Path) -> None:
    """Write the picture as SVG; the same figures give the same file."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "iskar", "font.size": 8})
    figure, axes = plt.subplots(1, len(PANELS), figsize=(10, 3.6), layout="constrained")
    for panel, (batch, label, is_clean, title, allowed) in zip(axes, PANELS, strict=True):
        _frame(panel, title, allowed)
        for name, one in summaries.get(batch, {}).items():
            _point(panel, name, one, _median_h(one, label, is_clean=is_clean))
    axes[0].set_ylabel("median delay, hours")
    found = {text: line for panel in axes for line, text in zip(*_legend(panel), strict=True)}
    figure.legend(
        found.values(), found, loc="outside lower center", ncols=len(found), frameon=False
    )
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _median_h(one: Summary, label: str, *, is_clean: bool) -> float | None:
    delays = one.delays(label, is_clean=is_clean)
    return delays.quantile_h(0.5) if delays else None


def _frame(panel: Axes, title: str, allowed: float) -> None:
    panel.set(xscale="log", yscale="log", title=title, xlabel="alarms per meter-year")
    panel.set(xlim=(LEAST_RATE * 0.8, MOST_RATE), ylim=(LEAST_H, MOST_H))
    panel.set_xticks(list(RATES), list(RATES.values()))
    panel.set_yticks(HOURS, [str(hours) for hours in HOURS])
    panel.minorticks_off()
    panel.grid(color="#e5e5e5", lw=0.5)
    panel.axvspan(LEAST_RATE * 0.8, allowed, color="#eef5ee", zorder=0)  # what is allowed


def _point(panel: Axes, name: str, one: Summary, median_h: float | None) -> None:
    if median_h is None:
        return
    at = (max(one.rate.per_year, LEAST_RATE), min(max(median_h, LEAST_H), MOST_H))
    if name != NAME:
        begin, marker, colour = next(kind for kind in FAMILIES if name.startswith(kind[0]))
        label = begin or LEARNING
        panel.plot(*at, marker, color=colour, ms=4, alpha=0.8, label=label)
        return
    ends = [max(end, LEAST_RATE) for end in one.rate.range_per_year]
    panel.plot(ends, [at[1]] * 2, color=OURS, lw=1.2)
    panel.plot(*at, "o", color=OURS, ms=8, label=NAME)


def _legend(panel: Axes) -> tuple[list[object], list[str]]:
    lines, texts = panel.get_legend_handles_labels()
    return list(lines), list(texts)
