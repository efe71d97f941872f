# SPDX-License-Identifier: EUPL-1.2
"""Which meters, read how, with which leaks: the grid, and what is counted more closely.

A batch is one way to read one kind of meter; its cells are its leaks. The sizes are chosen so that
all of it takes two cores twenty-five minutes: eighty samples and more of what was asked for, ten
of every other cell.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmark.leaks import cases, daiad
from tests.benchmark.leaks.cases import TEST, TUNING, Case
from tests.benchmark.leaks.injection import GRID_SHAPES, SIZES_L_PER_H

MINUTE_S = 60
INTERVALS_S = (60, 900, 3600)
PULSES_ML = (100, 1000, 10_000)
HOUSEHOLDS = (1, 8, 24, 48)
HOME, MAIN, REAL_HOME, REAL_MAIN, HOUSE = "home", "main", "real_home", "real_main", "house"
SAMPLES = 10  # of a cell of the grid that nothing was asked of
HOME_DAYS = 28 + 188  # 80 homes make 41 meter-years
COST_INTERVALS_S = (60, 900, 1800, 3600)

Kind = tuple[str, float]  # a leak's shape and size in l/h
GRID: tuple[Kind, ...] = tuple((shape, size) for shape in GRID_SHAPES for size in SIZES_L_PER_H)
# What rivals are run on; the grid is ours alone, for time.
COMPARED: tuple[Kind, ...] = (
    *(("constant", size) for size in SIZES_L_PER_H),
    ("toilet", 5),
    ("ramp", 12.5),
    ("burst", 160),
)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """``allowed`` is the issue's limit on alarms per meter-year; rivals are tuned to it."""

    source: str
    households: int
    interval_s: int
    pulse_ml: int
    cases: int
    starts: int  # of each leak at each meter
    allowed: float
    leaks: tuple[Kind, ...] = GRID
    extra: tuple[Kind, ...] = ()  # beside the grid
    has_rivals: bool = False
    part: str = TEST

    @property
    def name(self) -> str:
        """Return a name that is also one of a folder."""
        return f"{self.source}-{self.households}-{self.interval_s}s-{self.pulse_ml}ml"

    @property
    def every_leak(self) -> tuple[Kind, ...]:
        """Return the leaks that ours is shown."""
        return tuple(dict.fromkeys((*self.leaks, *self.extra)))

    @property
    def compared(self) -> tuple[Kind, ...]:
        """Return the leaks that rivals are shown."""
        return tuple(dict.fromkeys((*COMPARED, *self.extra))) if self.has_rivals else ()

    def case(self, index: int, cache: Path) -> Case:
        """Return one of its meters."""
        part = self.part
        if self.source == HOME:
            return cases.simulated_home(part, index, HOME_DAYS, cache)
        if self.source == MAIN:
            return cases.simulated_main(part, self.households, index, cache)
        if self.source == REAL_HOME:
            return cases.real_home(part, index)
        if self.source == REAL_MAIN:
            return cases.real_main(part, self.households, index, self.cases)
        return cases.house()


ALLOWED = {HOME: 0.25, HOUSE: 0.25, MAIN: 0.5, REAL_HOME: 1.5, REAL_MAIN: 0.5}
HEADLINE_MINUTES = Batch(
    source=HOME,
    households=1,
    interval_s=MINUTE_S,
    pulse_ml=1000,
    cases=80,
    starts=2,
    allowed=ALLOWED[HOME],
    extra=(("constant", 3.8), ("toilet", 10), ("pausing", 190)),
    has_rivals=True,
)
HALF_HOURS = Batch(  # for its cost only
    source=HOME,
    households=1,
    interval_s=1800,
    pulse_ml=1000,
    cases=8,
    starts=0,
    allowed=ALLOWED[HOME],
    leaks=(),
)
REAL_EXTRA: dict[int, tuple[Kind, ...]] = {
    8: (("constant", 20),),
    24: (("constant", 40), ("constant", 80)),
    48: (("constant", 80),),
}


def full() -> list[Batch]:
    """Return every batch, those that matter most first."""
    return [HEADLINE_MINUTES, *_real(), *_simulated(), HALF_HOURS]


def quick() -> list[Batch]:
    """Return a few, small, to see that all of it runs; their figures mean little."""
    few = {HOME: 2, REAL_HOME: 8, REAL_MAIN: 4}
    chosen = [HEADLINE_MINUTES, *_real()]
    leaking = [
        replace(batch, cases=few[batch.source], starts=1, leaks=COMPARED, part=TUNING)
        for batch in chosen
        if batch.source in few and batch.pulse_ml == 1000
    ]
    timed = [
        replace(HALF_HOURS, interval_s=interval_s, cases=1, part=TUNING)
        for interval_s in COST_INTERVALS_S
        if interval_s != MINUTE_S
    ]
    return [*leaking, *timed]


def _real() -> list[Batch]:
    homes = len(daiad.homes(TEST))
    hourly = [
        Batch(
            source=REAL_HOME if households == 1 else REAL_MAIN,
            households=households,
            interval_s=3600,
            pulse_ml=pulse_ml,
            # Of registers in tens of litres only the grid is told.
            cases=(homes if households == 1 else 80) if pulse_ml == 1000 else SAMPLES,
            starts=(3 if households == 1 else 2) if pulse_ml == 1000 else 1,
            allowed=ALLOWED[REAL_HOME if households == 1 else REAL_MAIN],
            extra=REAL_EXTRA.get(households, ()) if pulse_ml == 1000 else (),
            has_rivals=pulse_ml == 1000,
        )
        for pulse_ml in (1000, 10_000)  # the registers were read to the litre
        for households in HOUSEHOLDS
    ]
    house = Batch(
        source=HOUSE,
        households=1,
        interval_s=MINUTE_S,
        pulse_ml=1000,
        cases=1,
        starts=12,
        allowed=ALLOWED[HOUSE],
        has_rivals=True,
    )
    return [*hourly, house]


def _simulated() -> list[Batch]:
    return [
        batch
        for interval_s in INTERVALS_S
        for households in HOUSEHOLDS
        for pulse_ml in PULSES_ML
        if (batch := _of_grid(households, interval_s, pulse_ml)).name != HEADLINE_MINUTES.name
    ]


def _of_grid(households: int, interval_s: int, pulse_ml: int) -> Batch:
    source = HOME if households == 1 else MAIN
    return Batch(
        source=source,
        households=households,
        interval_s=interval_s,
        pulse_ml=pulse_ml,
        cases=SAMPLES,
        starts=1,
        allowed=ALLOWED[source],
    )


def tuning(batch: Batch) -> Batch:
    """Return the meters, read hourly, that a rival's threshold for this batch is chosen on."""
    source = HOME if batch.source == HOUSE else batch.source
    count = {HOME: 24, MAIN: 12, REAL_MAIN: 24}.get(source) or len(daiad.homes(TUNING))
    if batch.part == TUNING:  # for a look only
        count = batch.cases
    return replace(
        batch, source=source, interval_s=3600, pulse_ml=1000, cases=count, extra=(), part=TUNING
    )
