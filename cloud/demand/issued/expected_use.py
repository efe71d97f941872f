# SPDX-License-Identifier: EUPL-1.2
"""What forecasts say of hours, days, and of all that is still to come of a period.

A day has the range that was made for days; where it has none, and for parts of days, the ranges of
the hours are added: their errors are taken to go together wholly, so that the range is rather too
wide than too narrow (as in ``cloud.demand.bills.foretold``). Nothing is expected below nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from cloud.demand.runs.repository import Run
from cloud.demand.series import HOUR, Floats
from cloud.kit.hypertable import ZONE

A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Rest:
    """What is expected of [since, until): quantiles of it, (levels,)."""

    since: datetime
    until: datetime
    quantiles: Floats


def of_interval(run: Run, start: datetime, end: datetime) -> Floats | None:
    """Return what a forecast says of [start, end), (levels,): whole hours, or one local day.

    None where it doesn't reach over all of it.
    """
    first, last = (start - run.issued_at) // HOUR, (end - run.issued_at) // HOUR
    if not 0 <= first < last <= len(run.quantiles):
        return None
    told = _of_day(run, start) if end == next_midnight(start) else None
    if told is None:
        told = run.quantiles[first:last].sum(axis=0)
    return np.maximum(told, 0.0)


def rest(run: Run, now: datetime, end: datetime) -> Rest | None:
    """Return what is expected from ``now`` until ``end``, a midnight; None where nothing is.

    Until the last whole day that the forecast reaches, where it doesn't reach so far.
    """
    until = min(end, _midnight(run.issued_at + HOUR * len(run.quantiles)))
    quantiles = np.zeros(run.quantiles.shape[1])
    at = now
    while at < until:
        hour = run.issued_at + HOUR * ((at - run.issued_at) // HOUR)
        is_midnight = at == _midnight(at)
        following = min(next_midnight(at) if is_midnight else hour + HOUR, until)
        begun = at if is_midnight else hour
        told = of_interval(run, begun, following)
        if told is None:  # it was issued for later, or has run out
            return None
        quantiles += told * ((following - at) / (following - begun))
        at = following
    return Rest(since=now, until=until, quantiles=quantiles) if now < until else None


def next_midnight(at: datetime) -> datetime:
    """Return the next local midnight after an instant."""
    local = at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return (local + A_DAY).astimezone(UTC)  # a day later by the clock: after 23, 24 or 25 hours


def _midnight(at: datetime) -> datetime:
    """Return the local midnight before an instant, or that instant."""
    local = at.astimezone(ZONE)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _of_day(run: Run, start: datetime) -> Floats | None:
    """Return the quantiles that the local day from ``start`` on has of its own, None for none."""
    if run.sums is None or run.first_day is None or start != _midnight(start):
        return None
    at = (start.astimezone(ZONE).date() - run.first_day).days
    return run.sums[at] if 0 <= at < len(run.sums) else None
