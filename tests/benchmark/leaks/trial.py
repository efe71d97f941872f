# SPDX-License-Identifier: EUPL-1.2
"""One meter's trial: without a leak, then with each leak at each start; ours, and the rivals.

The run without a leak is the twin of all the others: it tells the alarms, and it is what a
detection must differ from. Ours learns once; its memory at each start is kept, and only the week
with the leak is shown again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import TypedDict

from tests.benchmark.leaks import bank, rivals
from tests.benchmark.leaks.cases import Case, Span
from tests.benchmark.leaks.cells import Batch, Kind
from tests.benchmark.leaks.injection import Leak
from tests.benchmark.leaks.readings import Readings
from tests.benchmark.leaks.rivals.rival import Rival
from tests.benchmark.leaks.scoring import YEAR_S, Episode, delay_s

Shown = Callable[[Leak], Readings]  # the register with a leak


class Outcome(TypedDict):
    """What one detector did at one meter; delays in s by ``shape size``, null if not found."""

    detector: str
    years: float
    alarms: int
    clean_years: float
    clean_alarms: int
    clean_unconfirmed: int  # of these; see ``running``
    unconfirmed: int
    is_clean: bool
    delays_s: dict[str, list[int | None]]
    by_rule: dict[str, int]
    of_meter: int
    us_per_reading: float
    state_bytes: int


def ours(case: Case, batch: Batch) -> list[Outcome]:
    """Return what our bank does at this meter."""
    starts_s = case.starts_s(batch.starts)
    watched = bank.watch(case.readings(batch.interval_s, batch.pulse_ml), starts_s)

    def found(leak: Leak, leaking: Readings) -> Iterable[Episode]:
        return bank.replay(watched.memories[leak.started_at_s], leaking)

    shown = partial(case.readings, batch.interval_s, batch.pulse_ml)
    delays_s = _delays(case, batch, batch.every_leak, watched.episodes, found, shown)
    outcome = _outcome(bank.NAME, case, watched.episodes, delays_s)
    outcome["by_rule"], outcome["of_meter"] = watched.by_rule, watched.of_meter
    outcome["us_per_reading"] = watched.spent_s * 1e6 / watched.readings
    outcome["state_bytes"] = watched.state_bytes
    return [outcome]


def theirs(case: Case, batch: Batch, thresholds: Mapping[str, float]) -> list[Outcome]:
    """Return what every rival does that can work on such readings."""
    readings = case.readings(batch.interval_s, batch.pulse_ml)
    leaking = cache(partial(case.readings, batch.interval_s, batch.pulse_ml))
    outcomes = []
    for rival in rivals.discover():
        if batch.interval_s <= rival.longest_interval_s:
            tuned = replace(rival, threshold=thresholds.get(rival.name, rival.threshold))
            outcomes.append(_their(tuned, case, batch, readings, leaking))
    return outcomes


def _their(rival: Rival, case: Case, batch: Batch, readings: Readings, shown: Shown) -> Outcome:
    learned = rival.learn(readings.between(0, case.learned_at_s))
    twin = rival.alarms(readings, learned, rival.threshold)

    def found(leak: Leak, leaking: Readings) -> Iterable[Episode]:
        start_s = leak.started_at_s
        before = readings.between(start_s - rival.history_s, start_s)
        now = leaking.between(start_s, int(leaking.read_at_s[-1]) + 1)
        return rival.alarms(before.then(now), learned, rival.threshold)

    delays_s = _delays(case, batch, batch.compared, twin, found, shown)
    return _outcome(rival.name, case, twin, delays_s)


def _delays(
    case: Case,
    batch: Batch,
    kinds: Iterable[Kind],
    twin: list[Episode],
    found: Callable[[Leak, Readings], Iterable[Episode]],
    shown: Shown,
) -> dict[str, list[int | None]]:
    delays_s: dict[str, list[int | None]] = {}
    for shape, size in kinds:
        for start_s in case.starts_s(batch.starts):
            leak = Leak(shape=shape, size_l_per_h=size, started_at_s=start_s)
            delay = delay_s(found(leak, shown(leak)), twin, start_s)
            delays_s.setdefault(label(shape, size), []).append(delay)
    return delays_s


def label(shape: str, size_l_per_h: float) -> str:
    """Return a leak's name among the outcomes."""
    return f"{shape} {size_l_per_h:g}"


def _outcome(
    detector: str, case: Case, twin: list[Episode], delays_s: dict[str, list[int | None]]
) -> Outcome:
    def within(spans: tuple[Span, ...]) -> tuple[float, int, int]:
        years = sum(until_s - from_s for from_s, until_s in spans) / YEAR_S
        raised_at_s = [
            one.raised_at_s
            for one in twin
            if any(from_s <= one.raised_at_s < until_s for from_s, until_s in spans)
        ]
        confirmed = sum(case.running.confirms(at_s) for at_s in raised_at_s)
        return years, len(raised_at_s), len(raised_at_s) - confirmed

    years, alarms, unconfirmed = within(case.counted)
    clean_years, clean_alarms, clean_unconfirmed = within(case.clean)
    return Outcome(
        detector=detector,
        years=years,
        alarms=alarms,
        clean_years=clean_years,
        clean_alarms=clean_alarms,
        clean_unconfirmed=clean_unconfirmed,
        unconfirmed=unconfirmed,
        is_clean=bool(case.clean),
        delays_s=delays_s,
        by_rule={},
        of_meter=0,
        us_per_reading=0.0,
        state_bytes=0,
    )
