# SPDX-License-Identifier: EUPL-1.2
"""Meters under test: what each truly passed, from when it counts, and how it is read.

Simulated homes: seeds below 10,000 are for tuning, the others for the test. Their days are local
and have 24 hours, so their time is called UTC. Real homes and sums of them: see ``daiad`` and
``mains``. The house of AMPds2 (Makonin 2016, CC BY 4.0) is for the test only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from simulators.homes import household
from tests.benchmark.leaks import daiad, mains
from tests.benchmark.leaks.injection import Leak, metered_ml, stepped_ml
from tests.benchmark.leaks.readings import Ints, Readings
from tests.benchmark.leaks.running import Running
from tests.benchmark.leaks.scoring import DAY_S, HORIZON_S, TWIN_SILENT_S
from tests.needs import shared_data

TEST, TUNING = "test", "prior"
LEARN_S = 28 * DAY_S
LEARN_HOURLY_S = 60 * DAY_S
MINUTE_S = 60
STARTING_L_PER_H = 2.0  # of a home's meter; below, water passes uncounted
FIRST_SEED = {TEST: 10_000, TUNING: 0}
FIRST_DAY = date(2024, 1, 1)
POOL = 64  # simulated homes that mains are summed from
POOL_DAYS = 28 + 63
# The next larger than the peak of homes with 1 l/s of taps each, by DIN 1988-300 (2012):
# 1.48 * sum^0.19 - 0.94 l/s, which is 4.5, 6.4 and 7.7 m3/h; the overload flow is 1.25 Q3.
Q3_L_PER_H = {1: 2500, 8: 4000, 24: 6300, 48: 10_000}

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A meter; ``true_ml`` passed by each time. What is raised in ``counted`` is an alarm.

    ``clean`` are spans in which we have reason to believe that nothing leaks lastingly.
    """

    name: str
    at_s: Ints
    true_ml: Ints
    counted: tuple[Span, ...]
    clean: tuple[Span, ...]
    households: int
    timezone: str = "UTC"
    starting_l_per_h: float = 0.0
    seed: int = 0

    @property
    def learned_at_s(self) -> int:
        """Return when it has seen enough to be judged."""
        return self.counted[0][0]

    def starts_s(self, count: int) -> list[int]:
        """Return when leaks begin: at random, if clean then, with the horizon in what counts."""
        tail_s = HORIZON_S + TWIN_SILENT_S
        counted = [(from_s, until_s - tail_s) for from_s, until_s in self.counted]
        spans = common(self.clean, counted) or common(self.counted, counted)
        if not spans:
            return []
        chance = np.random.default_rng([self.seed, 1])
        lengths_s = np.array([until_s - from_s for from_s, until_s in spans])
        at_s = chance.integers(0, lengths_s.sum(), count)
        ends_s = lengths_s.cumsum()
        index = np.searchsorted(ends_s, at_s, side="right")
        return [
            int(spans[i][0] + at - (ends_s[i] - lengths_s[i]))
            for i, at in zip(index, at_s, strict=True)
        ]

    def readings(self, interval_s: int, step_ml: int, leak: Leak | None = None) -> Readings:
        """Return the register as read every so often; with a leak, from its start to the horizon.

        The meter's phase is the same with and without the leak.
        """
        at_s, true_ml = self.at_s, self.true_ml
        if leak is not None:
            # From the reading before, so that the first step is the same one.
            first = int(np.searchsorted(at_s, leak.started_at_s, side="right")) - 1
            end = int(np.searchsorted(at_s, leak.started_at_s + HORIZON_S, side="right"))
            at_s = at_s[first:end]
            true_ml = true_ml[first:end] + leak.lost_ml(at_s)
            counted_ml = metered_ml(true_ml, at_s, self.starting_l_per_h)
            counted_ml = counted_ml + self._counted_ml[first]
        else:
            counted_ml = self._counted_ml
        phase_ml = int(np.random.default_rng([self.seed, 2]).integers(0, step_ml))
        kept = _every(at_s, interval_s, int(self.at_s[0]))
        return Readings(
            read_at_s=at_s[kept],
            register_ml=stepped_ml(counted_ml[kept], step_ml, phase_ml),
            step_ml=step_ml,
            interval_s=interval_s,
            q3_l_per_h=Q3_L_PER_H[self.households],
            households=self.households,
            timezone=self.timezone,
        )

    @cached_property
    def running(self) -> Running:
        """Return when water truly ran and when it paused."""
        return Running(self.at_s, self.true_ml)

    @cached_property
    def _counted_ml(self) -> Ints:
        return metered_ml(self.true_ml, self.at_s, self.starting_l_per_h)


def common(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Return what lies both in one of the spans and in one of the others."""
    both = [(max(one[0], other[0]), min(one[1], other[1])) for one in spans for other in others]
    return [(from_s, until_s) for from_s, until_s in both if from_s < until_s]


def _every(at_s: Ints, interval_s: int, from_s: int) -> np.ndarray:
    """Return which of these times to read at; all, where they are no closer than that."""
    if len(at_s) > 1 and 2 * np.median(np.diff(at_s)) <= interval_s:
        return (at_s - from_s) % interval_s == 0
    return np.ones(len(at_s), dtype=bool)


def simulated_home(part: str, index: int, days: int, cache: Path) -> Case:
    """Return a simulated home by the minute; each begins in another month."""
    seed = FIRST_SEED[part] + index
    start = FIRST_DAY + timedelta(days=30 * (index % 12))
    use_ml = _kept(cache / f"home-{seed}-{days}.npy", lambda: household(seed, days, start))
    return _by_minute(f"home {seed}", use_ml, start, 1, seed)


def simulated_main(part: str, households: int, index: int, cache: Path) -> Case:
    """Return the sum of so many simulated homes, each moved by whole weeks."""
    chance = np.random.default_rng([FIRST_SEED[part], households, index])
    picked = chance.choice(POOL, households, replace=False) + FIRST_SEED[part] + 5000
    pooled = [
        _kept(
            cache / f"flat-{seed}-{POOL_DAYS}.npy",
            lambda seed=seed: household(int(seed), POOL_DAYS, FIRST_DAY),
        )
        for seed in picked
    ]
    weeks = chance.integers(0, POOL_DAYS // 7, households)
    use_ml = np.sum(
        [np.roll(use, 7 * 1440 * week) for use, week in zip(pooled, weeks, strict=True)], axis=0
    )
    name = f"main of {households} simulated homes, {index}"
    return _by_minute(name, use_ml, FIRST_DAY, households, FIRST_SEED[part] + index)


def real_home(part: str, index: int) -> Case:
    """Return a home of DAIAD."""
    history = daiad.homes(part)[index]
    from_s, until_s = int(history.read_at_s[0]) + LEARN_HOURLY_S, int(history.read_at_s[-1])
    parities = daiad.clean_weeks(history)
    weeks = range(daiad.week_s(from_s), until_s, daiad.WEEK_S)
    clean = [(at_s, at_s + daiad.WEEK_S) for at_s in weeks if daiad.week_parity(at_s) in parities]
    return Case(
        name=history.meter_id,
        at_s=history.read_at_s,
        true_ml=history.register_ml,
        counted=((from_s, until_s),),
        clean=tuple(common(clean, [(from_s, until_s)])),
        households=1,
        timezone=daiad.TIMEZONE,
        seed=index,
    )


def real_main(part: str, households: int, index: int, count: int) -> Case:
    """Return the sum of so many homes of DAIAD."""
    history = mains.sums(part, households=households, count=count, seed=1, is_shifted=True)[index]
    edges_s = np.arange(mains.BEGINS_S, history.read_at_s[-1] + 1, mains.BLOCK_S)
    counted = tuple(
        (int(from_s), int(from_s + mains.BLOCK_S))
        for from_s in edges_s[:-1]
        if mains.is_counted(part, int(from_s)) and from_s >= mains.BEGINS_S + 2 * mains.BLOCK_S
    )
    return Case(
        name=history.meter_id,
        at_s=history.read_at_s,
        true_ml=history.register_ml,
        counted=counted,
        clean=(),
        households=households,
        timezone=daiad.TIMEZONE,
        seed=index,
    )


def house() -> Case:
    """Return the house of AMPds2, a year by the minute."""
    frame = pl.read_parquet(shared_data("house_ampds2/Water_WHW_year1.parquet"))
    read_at_s = frame[frame.columns[0]].to_numpy().astype(np.int64)
    true_ml = np.rint(frame["counter"].to_numpy() * 1000).astype(np.int64)
    span = (int(read_at_s[0]) + LEARN_S, int(read_at_s[-1]))
    return Case(
        name="AMPds2",
        at_s=read_at_s,
        true_ml=true_ml,
        counted=(span,),
        clean=(span,),
        households=1,
        timezone="America/Vancouver",
    )


def _by_minute(name: str, use_ml: Ints, start: date, households: int, seed: int) -> Case:
    from_s = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp())
    at_s = from_s + MINUTE_S * np.arange(len(use_ml) + 1, dtype=np.int64)
    span = (from_s + LEARN_S, int(at_s[-1]))
    return Case(
        name=name,
        at_s=at_s,
        true_ml=np.concatenate(([0], np.cumsum(use_ml, dtype=np.int64))),
        counted=(span,),
        clean=(span,),
        households=households,
        starting_l_per_h=STARTING_L_PER_H if households == 1 else 0.0,
        seed=seed,
    )


def _kept(path: Path, make: Callable[[], Ints]) -> Ints:
    """Return what was made before, or make it; a minute of a home is under 65 l."""
    if path.exists():
        return np.load(path)
    made = make().astype(np.uint32)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{np.random.default_rng().integers(1 << 30)}.npy")
    np.save(draft, made)
    draft.replace(path)
    return made
