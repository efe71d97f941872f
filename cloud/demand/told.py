# SPDX-License-Identifier: EUPL-1.2
"""What commands tell: figures by series as text or JSON, and forecasts as a file.

Times are written as they were read: local times stay local times without an offset (an hour that
the clock shows twice comes twice), instants are written in UTC.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from cloud.demand.series import Floats

Figures = Mapping[str, float | None]
Facts = Mapping[str, Any]  # what else JSON can hold

_LOCAL = "%Y-%m-%dT%H:%M:%S"


def figures_told(
    by_series: Mapping[str, Figures],
    whole: Figures,
    *,
    as_json: bool,
    facts: Mapping[str, Facts] | None = None,
) -> str:
    """Return figures as one JSON object or as lines, with the ``warnings`` of facts below."""
    facts = facts or {}
    if as_json:
        told = {name: {**figures, **facts.get(name, {})} for name, figures in by_series.items()}
        return json.dumps(plain({"series": told, "overall": whole}))
    lines = []
    for name, figures in {**by_series, "overall": whole}.items():
        lines.append(f"{name}: {'  '.join(_figure(*one) for one in figures.items())}")
        if saved := facts.get(name, {}).get("savings"):
            lines.append(f"  {_saved(**saved)}")
        lines += [f"  {warning}" for warning in facts.get(name, {}).get("warnings", ())]
    return "\n".join(lines)


def _saved(*, used: float, saved: Mapping[str, float], is_certain: bool, **_: object) -> str:
    low, middle, high = (f"{saved[name]:.4g}" for name in ("p05", "p50", "p95"))
    doubt = "" if is_certain else ", which may be chance"
    return f"used {used:.4g}, saved {middle} ({low} to {high}){doubt}"


def _figure(name: str, amount: float | None) -> str:
    return f"{name} {'-' if amount is None else f'{amount:.4g}'}"


def forecast_table(
    name: str, issued_at: datetime, starts: Sequence[datetime], quantiles: Floats
) -> pl.DataFrame:
    """Return one forecast of one series as rows; ``quantiles`` is (intervals, levels)."""
    low, middle, high = quantiles.T
    return pl.DataFrame(
        {
            "series_id": [name] * len(starts),
            "issued_at": [issued_at] * len(starts),
            "interval_start": list(starts),
            "p05": low,
            "p50": middle,
            "p95": high,
        },
        schema_overrides={
            "issued_at": pl.Datetime("us", "UTC"),
            "interval_start": pl.Datetime("us", "UTC"),
        },
    )


def write_forecasts(
    tables: Iterable[pl.DataFrame], path: Path, zone: tzinfo, *, is_local: bool
) -> None:
    """Write rows to a CSV or Parquet file; with ``is_local`` as local times of ``zone``."""
    table = pl.concat(tables)
    if is_local:
        columns = ("issued_at", "interval_start")
        table = table.with_columns(
            pl.Series(name, [at.astimezone(zone).replace(tzinfo=None) for at in table[name]])
            for name in columns
        )
    if path.suffix == ".parquet":
        table.write_parquet(path)
    else:
        table.write_csv(path, datetime_format=_LOCAL if is_local else f"{_LOCAL}Z")


def plain(told: Any) -> Any:
    """Return what JSON can hold: None for what is no number, plain types for NumPy's."""
    if isinstance(told, dict):
        return {name: plain(one) for name, one in told.items()}
    if isinstance(told, list | tuple):
        return [plain(one) for one in told]
    if isinstance(told, np.generic):
        return plain(told.item())
    if isinstance(told, float):
        return told if np.isfinite(told) else None
    return told
