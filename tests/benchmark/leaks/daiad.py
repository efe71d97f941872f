# SPDX-License-Identifier: EUPL-1.2
"""Real homes: a year of hourly registers of 92 water meters in Alicante, cleaned and split.

Source: DAIAD trial A (CC BY-SA), https://github.com/DAIAD/data; times are Spanish local time.

What is cleaned, and how:

- the same line twice, or two registers at the same second: the larger register counts;
- the hour that comes twice when summer time ends is left out, for nobody can tell which is which;
- registers that run back (a meter that flutters by a litre, two meters under one key for a few
  hours): the fewest readings are left out that leave a register that never falls;
- a step of more than a meter of this size can pass (2.5 x Q3) is taken for a new meter: the
  register goes on from where it was;
- numbers such as ``4e+05`` are read as what they are.

No gap is filled. A home is kept if it was metered for at least 300 days: the time between readings
no more than 90 min apart. The homes kept, in the order of their keys: every fourth is a *prior*
home, for priors and thresholds; the others are *test* homes, which nobody looks at before the final
run.

The *clean* cohort is chosen by other weeks than those whose alarms are counted: a home counts in
the even weeks if in the odd ones at least 99.5 % of its nights (midnight to six) had a still hour,
and the other way round. It tells homes without lasting leaks by their habit. It does not tell that
nothing leaked in the weeks that count: a tap that drips for a day is an alarm there too.
"""

import zipfile
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tests.needs import shared_data

TIMEZONE = "Europe/Madrid"
METERED_S = 5400  # longer between two readings is a gap
LEAST_METERED_S = 300 * 86_400
MOST_L_PER_H = 2.5 * 2500  # twice the overload flow of a home's meter (ISO 4064-1, Q4 = 1.25 Q3)
PRIOR_EVERY = 4
WEEK_S = 7 * 86_400
MONDAY_S = 4 * 86_400  # 1970-01-05
NIGHT_HOURS = 6
LEAST_READ = 4  # times, for a night to count
CLEAN_NIGHTS = 0.995
PARTS = ("prior", "test", "all")


@dataclass(frozen=True)
class History:
    """What one meter has shown: Unix s, strictly rising, and the register in ml, never falling."""

    meter_id: str
    read_at_s: NDArray[np.int64]
    register_ml: NDArray[np.int64]

    @property
    def metered_s(self) -> int:
        """Return for how long it was read at least every 90 min."""
        lengths_s = np.diff(self.read_at_s)
        return int(lengths_s[lengths_s <= METERED_S].sum())


def homes(part: str) -> list[History]:
    """Return the ``prior``, the ``test`` or ``all`` homes, in the order of their keys."""
    if part not in PARTS:
        raise ValueError(f"{part} is not one of {', '.join(PARTS)}.")
    kept = _kept(shared_data("water_daiad/swm_trialA.zip"))
    return [
        home
        for index, home in enumerate(kept)
        if part == "all" or (index % PRIOR_EVERY == 0) == (part == "prior")
    ]


def clean_weeks(home: History) -> frozenset[int]:
    """Return of which weeks the home belongs to the clean cohort: 0 the even, 1 the odd ones.

    Weeks as ``week_parity`` counts them.
    """
    zone = ZoneInfo(TIMEZONE)
    length_s, passed_ml = np.diff(home.read_at_s), np.diff(home.register_ml)
    still: dict[int, list[bool]] = {}
    for at_s, for_s, ml in zip(
        home.read_at_s[1:].tolist(), length_s.tolist(), passed_ml.tolist(), strict=True
    ):
        middle = datetime.fromtimestamp(at_s - for_s // 2, zone)
        if for_s <= METERED_S and middle.hour < NIGHT_HOURS:
            still.setdefault(at_s // 86_400, []).append(ml == 0)
    nights: dict[int, list[bool]] = {0: [], 1: []}
    for day, hours in still.items():
        if len(hours) >= LEAST_READ:
            nights[week_parity(day * 86_400)].append(any(hours))
    return frozenset(1 - odd for odd, each in nights.items() if np.mean(each) >= CLEAN_NIGHTS)


def week_parity(at_s: int) -> int:
    """Return 0 or 1 by turns, week after week from Monday 0:00 UTC."""
    return week_s(at_s) // WEEK_S % 2


def week_s(at_s: int) -> int:
    """Return when that week began, Monday 0:00 UTC."""
    return (at_s - MONDAY_S) // WEEK_S * WEEK_S + MONDAY_S


@cache
def _kept(path: Path) -> tuple[History, ...]:
    cleaned = [
        clean(str(key), rows["read_at_s"].to_numpy(), rows["register_l"].to_numpy())
        for (key,), rows in _rows(path).group_by("user key", maintain_order=True)
    ]
    return tuple(home for home in cleaned if home.metered_s >= LEAST_METERED_S)


def _rows(path: Path) -> pl.DataFrame:
    with zipfile.ZipFile(path) as archive:
        text = archive.read("swm_trialA.csv")
    local = pl.col("datetime").str.to_datetime("%d/%m/%Y %H:%M:%S")
    utc = local.dt.replace_time_zone(TIMEZONE, ambiguous="null", non_existent="null")
    return (
        pl.read_csv(text, separator=";", infer_schema=False)
        .select(
            "user key",
            read_at_s=utc.dt.epoch("s"),
            register_l=pl.col("meter reading").cast(pl.Float64),
        )
        .drop_nulls()
        .group_by("user key", "read_at_s")
        .agg(pl.col("register_l").max())
        .sort("user key", "read_at_s")
    )


def clean(meter_id: str, read_at_s: NDArray[np.int64], register_l: NDArray[np.float64]) -> History:
    """Return the history without what cannot be; the times must rise."""
    kept = _never_falling(register_l)
    read_at_s, register_ml = read_at_s[kept], np.rint(register_l[kept] * 1000).astype(np.int64)
    steps_ml = np.diff(register_ml)
    most_ml = MOST_L_PER_H * np.diff(read_at_s) / 3.6
    steps_ml[steps_ml > most_ml] = 0
    start_ml = register_ml[:1]
    return History(meter_id, read_at_s, np.concatenate([start_ml, start_ml + np.cumsum(steps_ml)]))


def _never_falling(register_l: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places of a longest run of registers, not all neighbours, that never falls."""
    lasts: list[float] = []  # the smallest register that ends a run of each length
    places: list[int] = []
    before = np.full(len(register_l), -1)
    for place, register in enumerate(register_l.tolist()):
        length = bisect_right(lasts, register)
        if length == len(lasts):
            lasts.append(register)
            places.append(place)
        else:
            lasts[length], places[length] = register, place
        if length:
            before[place] = places[length - 1]
    run = []
    place = places[-1] if places else -1
    while place >= 0:
        run.append(place)
        place = int(before[place])
    return np.array(run[::-1], dtype=np.int64)
