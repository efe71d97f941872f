# SPDX-License-Identifier: EUPL-1.2
"""Excursions: runs of registers that lie beyond their neighbours, so that screening left them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from cloud.validation.finding import Finding, Severity, found, stamp
from cloud.validation.screening import Screened, Verdict
from cloud.validation.series import RegisterSeries, runs

# A register that is off by no more than this many of the meter's larger steps has stepped back;
# further off, it is a false reading.
FAR_STEPS = 3
LARGE_STEP_QUANTILE = 0.99


@dataclass(frozen=True, kw_only=True)
class Excursion:
    """Readings [first, last) and the accepted ones around them, None at the end of the series.

    ``off`` is how far they lie beyond the nearer neighbour; ``back`` how far the register goes
    back.
    """

    first: int
    last: int
    before: int | None
    after: int | None
    off: int
    back: int
    is_far: bool


def excursions(series: RegisterSeries, screened: Screened, verdict: Verdict) -> Iterator[Excursion]:
    """Return the runs of readings with this verdict, SPIKE_UP or SPIKE_DOWN."""
    wrong = screened.verdict == verdict
    if not wrong.any():
        return
    accepted = screened.accepted
    far = FAR_STEPS * large_step(screened)
    register = series.register
    for first, last in zip(*(ends.tolist() for ends in runs(wrong)), strict=True):
        place = int(np.searchsorted(accepted, first))
        before = int(accepted[place - 1]) if place else None
        after = int(accepted[place]) if place < len(accepted) else None
        around = [int(register[one]) for one in (before, after) if one is not None]
        inside = register[first:last]
        if verdict == Verdict.SPIKE_UP:
            off = int(inside.max()) - max(around)
            back = int(register[last - 1]) - (around[-1] if after is not None else 0)
        else:
            off = min(around) - int(inside.min())
            back = around[0] - int(inside[0])
        yield Excursion(
            first=first,
            last=last,
            before=before,
            after=after,
            off=off,
            back=back,
            is_far=off > far,
        )


def large_step(screened: Screened) -> int:
    """Return what this meter seldom exceeds between two readings."""
    steps = np.diff(screened.continuous[screened.accepted])
    steps = steps[steps > 0]
    return int(np.quantile(steps, LARGE_STEP_QUANTILE)) if len(steps) else 0


def false_registers(
    rule: str, series: RegisterSeries, screened: Screened, verdict: Verdict
) -> Iterator[Finding]:
    """Return a finding for each excursion that is far off."""
    about = series.about
    side = "above" if verdict == Verdict.SPIKE_UP else "below"
    for one in excursions(series, screened, verdict):
        if not one.is_far:
            continue
        first_s, last_s = (int(series.read_at_s[place]) for place in (one.first, one.last - 1))
        what = f"The register of {stamp(first_s)} is"
        if one.last - one.first > 1:
            what = f"{one.last - one.first} registers from {stamp(first_s)} on are up to"
        yield found(
            rule,
            about,
            first_s,
            last_s,
            Severity.ERROR,
            f"{what} {about.amount(one.off)} {side} the readings around, and those that follow go"
            " on as if nothing had been: false, and left out of usage.",
            registers=_in_unit(series, range(one.first, one.last)),
            before=_in_unit(series, [one.before])[0],
            after=_in_unit(series, [one.after])[0],
            rows=series.row[one.first : one.last].tolist(),
        )


def _in_unit(series: RegisterSeries, places: Iterable[int | None]) -> list[float | None]:
    return [
        None if place is None else series.about.in_unit(int(series.register[place]))
        for place in places
    ]
