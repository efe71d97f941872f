# SPDX-License-Identifier: EUPL-1.2
"""A scenario as people and programs read it."""

from dataclasses import asdict
from typing import Any

import numpy as np

from cloud.demand.studies.scenario import ONE_IN, Scenario

_NAMES = ("totals", "peak_days", "peak_hours", "coldest_c")
_EXCEEDANCE = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02)


def told_of_scenario(found: Scenario) -> dict[str, Any]:
    """Return quantiles, one year in ten and twenty, and probabilities of passing amounts."""
    return {
        "from": found.hours.start.isoformat(),
        "until": found.hours.end.isoformat(),
        "weather_years": found.years,
        "model_error": {
            "stretches": len(found.misses.stretches),
            "apart": found.misses.apart,
            "out_of_sample": found.misses.out_of_sample,
        },
        "quantiles": {
            name: {f"{level:g}": told for level, told in found.quantiles(name).items()}
            for name in _NAMES
        },
        "one_year_in": {
            name: [asdict(found.one_year_in(name, count)) for count in _told_counts(found)]
            for name in _NAMES
        },
        "exceedance": [
            {"probability": one}
            | {name: float(np.quantile(getattr(found, name), 1 - one)) for name in _NAMES[:3]}
            for one in _EXCEEDANCE
        ],
        "years_beyond_history_pct": found.beyond_pct,
        "notes": list(found.notes),
    }


def lines_of_scenario(found: Scenario) -> list[str]:
    """Return what a person reads."""
    span = f"{found.hours.start:%Y-%m-%d} to {found.hours.end:%Y-%m-%d}"
    behind = f"{found.years} weather years, {found.misses.apart} stretches of model error apart"
    lines = [f"{found.series_id}: {span}, {behind}"]
    lines.append("                      5 %        50 %        95 %")
    for name in _NAMES:
        told = found.quantiles(name)
        lines.append(f"  {name:<11} {told[0.05]:11.4g} {told[0.5]:11.4g} {told[0.95]:11.4g}")
    for count in _told_counts(found):
        cold, peak = (found.one_year_in(name, count) for name in ("coldest_c", "peak_days"))
        lines.append(
            f"  one year in {count}: coldest day {cold.told:.1f} °C ({cold.low:.1f} to"
            f" {cold.high:.1f}), peak day {peak.told:.4g} ({peak.low:.4g} to {peak.high:.4g})"
        )
    lines.append(f"  {found.beyond_pct:.0f} % of years have days beyond what the history saw")
    return lines + [f"  note: {note}" for note in found.notes]


def _told_counts(found: Scenario) -> list[int]:
    return [count for count in ONE_IN if count <= found.years]
