# SPDX-License-Identifier: EUPL-1.2
"""Losses: about what a leak costs, by the prices of the days on which it ran.

How the loss is spread over its time isn't known, so it counts as even. Standing charges are due
without a leak as well, so they are no part of it. Days without a known price count at that of the
nearest version: an order of magnitude helps a person, and nobody is billed by it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from cloud.kit.hypertable import ZONE
from cloud.readings.usage import DAY, HOUR, boundaries
from cloud.tariffs.models import Period, Use, Version
from cloud.tariffs.pricing import IntervalPricing
from cloud.tariffs.rounding import cents
from cloud.tariffs.timeline import Timeline

BY_HOUR = timedelta(days=2)  # what ran for longer met each day's bands about alike


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What ran off at a service point, in l or Wh, from ``started_at`` to ``until``."""

    service_point_id: str
    utility: str
    amount: int
    started_at: datetime
    until: datetime


def cost_of(loss: Loss, timeline: Timeline) -> Decimal | None:
    """Return what a loss costs in euro and cents, VAT included; None without a price for it."""
    until = max(loss.until, loss.started_at + timedelta(seconds=1))
    first = loss.started_at.astimezone(ZONE).date()
    end = until.astimezone(ZONE).date() + timedelta(days=1)
    periods = [_for_use_alone(one) for one in _filled(timeline, first, end)]
    if not periods:
        return None
    by_hour = until - loss.started_at <= BY_HOUR
    cuts = boundaries(HOUR if by_hour else DAY, first, end, ZONE)
    in_units = loss.amount * (1000 if loss.utility == "water" else 1)  # its readings are in ml
    uses: Iterable[Use] = _spread(in_units, loss.started_at, until, cuts)
    if not by_hour:
        uses = _mixed(uses, periods)
    pricing = IntervalPricing(loss.utility, periods)
    parts = [pricing.exact(use) for use in uses]
    known = [part for part in parts if part is not None]
    return cents(sum(known, Fraction(0))) if known else None


def _filled(timeline: Timeline, first: date, end: date) -> list[Period]:
    """Return the periods of these days, each with a version: its own, or the nearest one's."""
    periods = timeline.periods(first, end)
    known = [one.version for one in periods if one.version is not None]
    if not known:
        nearest = _nearest(timeline, first)
        known = [nearest] if nearest else []
    if not known:
        return []
    filled = []
    latest = known[0]
    for one in periods:
        latest = one.version or latest
        filled.append(replace(one, version=latest))
    return filled


def _nearest(timeline: Timeline, day: date) -> Version | None:
    """Return the version that is nearest to a day on which none applies."""
    counted = [one for one in timeline.assignments if one.since <= day]
    tariff = timeline.assumed
    if counted:
        assigned = counted[-1].tariff_id
        tariff = None if assigned is None else timeline.tariffs.get(assigned)
    if tariff is None or not tariff.versions:
        return None
    begun = [one for one in tariff.versions if one.valid_from <= day]
    return begun[-1] if begun else tariff.versions[0]


def _for_use_alone(period: Period) -> Period:
    """Return a period without its standing charges."""
    if period.version is None:
        return period
    for_use = tuple(one for one in period.version.components if not one.is_standing)
    return replace(period, version=replace(period.version, components=for_use))


def _spread(
    amount: int, started_at: datetime, until: datetime, cuts: Sequence[datetime]
) -> Iterator[Use]:
    """Yield an amount spread evenly over its time, in whole units that add up to it."""
    length_s = (until - started_at).total_seconds()
    done = in_month = 0
    month = None
    for start, end in pairwise(cuts):
        passed_s = (min(max(end, started_at), until) - started_at).total_seconds()
        total = amount if passed_s >= length_s else int(amount * passed_s / length_s)
        if month != start.astimezone(ZONE).month:
            month, in_month = start.astimezone(ZONE).month, 0
        yield Use(start=start, end=end, amount=total - done, quality=0, before=in_month)
        in_month += total - done
        done = total


def _mixed(days: Iterable[Use], periods: Sequence[Period]) -> Iterator[Use]:
    """Yield each day's use by band, as much as hours of the day belong to it."""
    for use in days:
        day = use.start.astimezone(ZONE).date()
        version = next(one.version for one in periods if one.first <= day < one.end)
        if version is None or not version.has_bands or use.amount is None:
            yield use
            continue
        bands = [version.band_at(day.month, hour) for hour in range(24)]
        hours = done = 0
        for band, count in Counter(bands).items():
            hours += count
            part = use.amount * hours // 24 - done
            start = datetime.combine(day, time(bands.index(band)), ZONE).astimezone(UTC)
            yield replace(use, start=start, amount=part, before=use.before + done)
            done += part
