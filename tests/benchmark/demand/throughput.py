# SPDX-License-Identifier: EUPL-1.2
"""Throughput: a thousand meters and two years of hours are learnt and forecast on two cores.

Groups as in operation, two at a time, each a program on one core: a model is fitted with its
walk-forward check, then a day and a fortnight are forecast for all. Limit: ten minutes and 4 GB,
all programs together.
"""

import argparse
import json
import os
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import TypedDict
from zoneinfo import ZoneInfo

import numpy as np

from cloud.demand.runs.asking import ONE_CORE
from cloud.demand.runs.inputs import MAX_SERIES
from cloud.demand.series import DAY_H, WEEK_H, Floats, Hours, Usage, Weather

SERIES, YEARS, HORIZON_H, CORES = 1000, 2, 336, 2
LIMIT_S, LIMIT_GB = 600, 4.0
START = datetime(2023, 12, 31, 22, tzinfo=UTC)  # New Year 2024 in Sofia


class Told(TypedDict):
    """What one group took, and how its forecasts came out."""

    fit_s: float
    day_s: float
    fortnight_s: float
    peak_mb: float
    coverage90_pct: float
    mase: float
    fallbacks: int


def some_meters(first: int, count: int, hours_h: int) -> tuple[Usage, Weather]:
    """Return meters that heat more or less, live by the week, are noisy, and have gaps."""
    hours = Hours(start=START, count=hours_h + HORIZON_H, zone=ZoneInfo("Europe/Sofia"))
    temperature = _temperature(hours)
    random = np.random.default_rng(1000 + first)
    morning, evening = random.normal(8, 1.5, (count, 1)), random.normal(20, 1, (count, 1))
    hour = hours.hour_of_day[None]
    day = 1 + 0.6 * np.exp(-(((hour - morning) / 3) ** 2)) + np.exp(-(((hour - evening) / 3) ** 2))
    week = 1 - random.uniform(0, 0.3, (count, 1)) * (hours.weekday >= 5)[None]
    heated = random.uniform(0, 1.5, (count, 1)) * np.maximum(0, 16 - temperature)[None] / 16
    drift = 1 + random.normal(0, 0.1, (count, 1)) * np.linspace(0, 1, hours.count)[None]
    level = random.lognormal(5, 1, (count, 1))
    amounts = level * (day * week + heated) * drift * random.gamma(20, 1 / 20, day.shape)
    for row in range(count):
        for at in random.integers(0, hours_h - WEEK_H, 6):
            amounts[row, at : at + int(random.integers(1, 72))] = np.nan
        if row % 20 == 0:  # some came later
            amounts[row, : int(random.integers(0, hours_h // 2))] = np.nan
    names = tuple(f"m-{first + row}" for row in range(count))
    weather = Weather(hours=hours, columns={"temperature_c": temperature})
    return Usage(series_ids=names, hours=hours, amounts=amounts), weather


def _temperature(hours: Hours) -> Floats:
    noise = np.random.default_rng(1).normal(0, 1, hours.count)
    year = 11 - 11 * np.cos(2 * np.pi * hours.year_fraction)
    day = 4 * np.cos(2 * np.pi * (hours.hour_of_day - 15) / DAY_H)
    told: Floats = year + day + np.convolve(noise, np.ones(96) / 5, "same")
    return told


def run_group(first: int, count: int, hours_h: int) -> Told:
    """Fit a group's model and make its forecasts, as the program of a run does."""
    from cloud.demand.models.forecast import default_forecaster
    from cloud.demand.runs.groups import fit, forecast
    from cloud.demand.scores import naive_error_of, overall, score

    whole, weather = some_meters(first, count, hours_h)
    usage = whole.until(hours_h)
    fitted, _, fit_s = fit(default_forecaster, usage, weather)
    began = time.perf_counter()
    forecast(fitted, usage, weather.between(0, hours_h + DAY_H), DAY_H)
    between = time.perf_counter()
    told = forecast(fitted, usage, weather, HORIZON_H)
    ended = time.perf_counter()
    ahead = whole.between(hours_h, hours_h + HORIZON_H).amounts
    errors = [naive_error_of(used) for used in usage.amounts]
    scores = overall(
        [score(ahead[row], told.quantiles[row], error) for row, error in enumerate(errors)]
    )
    sys.stderr.write(f"meters from {first}: {fit_s + ended - began:.0f} s\n")
    return Told(
        fit_s=fit_s,
        day_s=between - began,
        fortnight_s=ended - between,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        coverage90_pct=scores.coverage90_pct or 0.0,
        mase=scores.mase or 0.0,
        fallbacks=sum(reason is not None for reason in told.reasons),
    )


def main() -> int:
    """Run all groups, print a table and as the last line JSON; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--years", type=float, default=YEARS)
    parser.add_argument("--cores", type=int, default=CORES)
    asked = parser.parse_args()
    os.environ.update(ONE_CORE)
    began = time.perf_counter()
    with ProcessPoolExecutor(
        asked.cores, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as programs:
        futures = [
            programs.submit(
                run_group, first, min(MAX_SERIES, asked.series - first), int(asked.years * 8760)
            )
            for first in range(0, asked.series, MAX_SERIES)
        ]
        told = [one.result() for one in futures]
    took_s = time.perf_counter() - began
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    peaks = sorted((one["peak_mb"] for one in told), reverse=True)
    peak_gb = sum(peaks[: asked.cores]) / 1024
    figures = {
        "meters": asked.series,
        "wall_s": round(took_s, 1),
        "cpu_s": round(cpu.ru_utime + cpu.ru_stime, 1),
        "fit_s": round(sum(one["fit_s"] for one in told), 1),
        "forecast_day_s": round(sum(one["day_s"] for one in told), 1),
        "forecast_fortnight_s": round(sum(one["fortnight_s"] for one in told), 1),
        "meters_per_minute_per_core": round(asked.series / took_s * 60 / asked.cores, 1),
        "peak_gb": round(peak_gb, 2),
        "coverage90_pct": round(float(np.mean([one["coverage90_pct"] for one in told])), 1),
        "mase": round(float(np.mean([one["mase"] for one in told])), 3),
        "fallbacks": sum(one["fallbacks"] for one in told),
    }
    for name, amount in figures.items():
        print(f"{name:30} {amount}")
    print(json.dumps(figures))
    return int(took_s > LIMIT_S or peak_gb > LIMIT_GB)


if __name__ == "__main__":
    sys.exit(main())
