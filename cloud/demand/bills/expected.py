# SPDX-License-Identifier: EUPL-1.2
"""Expected bills: what a month costs in the end, from what it used so far and what days ahead use.

What was used is priced as the bill prices it; what lies ahead at the prices that apply then, with
standing charges up to the month's end. The days ahead are a forecast's where one is there, else,
and beyond it, as past use tells. A bill only grows with use, so the range of use is priced and not
the other way round.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

import numpy as np

from cloud.demand.bills.foretold import Foretold, foretold
from cloud.demand.issued.points import PointForecast
from cloud.demand.models.days_ahead import HIGH, LOW, MIN_ERRORS, Ahead, days_ahead, quantile_of
from cloud.demand.series import DAY_H, Floats
from cloud.kit.hypertable import ZONE
from cloud.readings.models import IntervalUsage
from cloud.tariffs.costs import Course, Reckoned
from cloud.tariffs.models import Use
from cloud.tariffs.pricing import Bill, bill, midnight
from wire import quality

Reason: TypeAlias = Literal["no_price", "too_little_history", "too_far_ahead"]

NO_PRICE: Reason = "no_price"
TOO_LITTLE: Reason = "too_little_history"
TOO_FAR: Reason = "too_far_ahead"
HISTORY_DAYS = 3 * 366
PROFILE_DAYS = 28
MAX_AHEAD_DAYS = 62  # to the end of next month
EPOCH = date(1970, 1, 1)
A_DAY = timedelta(days=1)
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One way that a month may end: what it used, in the reading type's unit, and its bill."""

    usage: int
    total_eur: Decimal


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a service point's month costs in the end; ``reason``: why nobody can tell.

    ``known_until``: when use is known up to; None for a month that is over. ``ahead`` is None where
    there is nothing ahead.
    """

    so_far: Reckoned
    low: Outcome | None = None
    middle: Outcome | None = None
    high: Outcome | None = None
    ahead: Ahead | None = None
    known_until: datetime | None = None
    reason: Reason | None = None
    is_over: bool = False

    @property
    def is_fallback(self) -> bool:
        """Tell whether something lies ahead and no forecast tells any of it, only past use."""
        return self.ahead is not None and not isinstance(self.ahead, Foretold)


@dataclass(frozen=True, kw_only=True)
class Total:
    """What all of a building's supply costs in the end."""

    low_eur: Decimal
    middle_eur: Decimal
    high_eur: Decimal


def expected(
    course: Course,
    now: datetime,
    first: date,
    end: date,
    forecast: PointForecast | None = None,
) -> Expected:
    """Return what the month [first, end) costs at one service point in the end."""
    today = now.astimezone(ZONE).date()
    so_far = course.so_far
    if not any(one.version is not None for one in course.periods):
        return Expected(so_far=so_far, reason=NO_PRICE, is_over=end <= today)
    if end <= today:
        return _over(so_far)
    if (end - today).days > MAX_AHEAD_DAYS:
        return Expected(so_far=so_far, reason=TOO_FAR)
    used, last = _days(course.days, today)
    profile = _profile(course.hours, today)
    begin = last + A_DAY if last else today
    known_today = _known_hours(course.hours, today) if begin == today else []
    known_until = known_today[-1].end if known_today else midnight(begin)
    left = _left(profile, known_until, today) if known_today else 1.0
    days = [begin + A_DAY * at for at in range((end - begin).days)]
    shares = [0.0 if day < first else left if day == today else 1.0 for day in days]
    if not len(used):
        return Expected(so_far=so_far, known_until=known_until, reason=TOO_LITTLE)
    past = _known_uses(course, first, begin, used, profile)
    past += [_use(one.start, one.end, one.usage or 0) for one in known_today if today >= first]
    if not any(shares):  # a school's last evening: nobody uses anything until midnight
        outcome = _outcome(course, past, [])
        return Expected(
            so_far=so_far, low=outcome, middle=outcome, high=outcome, known_until=known_until
        )
    ahead = days_ahead(used, shares, (begin - EPOCH).days)
    if ahead is None:
        return Expected(so_far=so_far, known_until=known_until, reason=TOO_LITTLE)
    if forecast is not None:
        ahead = foretold(ahead, forecast, used, shares, days, known_until, profile)
    outcomes = [
        _outcome(course, past, _uses_ahead(course, days, known_until, profile, of_days))
        for of_days in _stretched(ahead, shares)
    ]
    low, middle, high = outcomes
    return Expected(
        so_far=so_far, low=low, middle=middle, high=high, ahead=ahead, known_until=known_until
    )


def total(found: Sequence[Expected]) -> Total | None:
    """Return what these cost together, None where one of them can't be told.

    Errors of one building's supplies go together as they did in the past: gas and heat do, by the
    weather. Where that isn't known they are taken to go together wholly.
    """
    lows, middles, highs = [], [], []
    for one in found:
        if one.low is None or one.middle is None or one.high is None:
            return None
        lows.append(one.low.total_eur)
        middles.append(one.middle.total_eur)
        highs.append(one.high.total_eur)
    low, middle, high = (sum(some, Decimal("0.00")) for some in (lows, middles, highs))
    errors = _joint([one for one in found if one.ahead is not None])
    if errors is not None and len(errors):
        count = max(len(one.ahead.days) for one in found if one.ahead is not None)
        low = max(low, middle + _money(min(0.0, quantile_of(errors, LOW, count))))
        high = min(high, middle + _money(max(0.0, quantile_of(errors, HIGH, count))))
    return Total(low_eur=low, middle_eur=middle, high_eur=high)


def _joint(found: Sequence[Expected]) -> Floats | None:
    """Return errors of the sum of several bills, in euro, at the origins that all share."""
    if len(found) < 2:
        return None
    shared = found[0].ahead.origins if found[0].ahead else np.empty(0, np.int64)
    for one in found[1:]:
        if one.ahead is not None:
            shared = np.intersect1d(shared, one.ahead.origins)
    if len(shared) < MIN_ERRORS:
        return None
    errors = np.zeros(len(shared))
    for one in found:
        if one.ahead is None or one.low is None or one.high is None:
            continue
        reach = one.ahead.quantile(HIGH) - one.ahead.quantile(LOW)
        per_unit = float(one.high.total_eur - one.low.total_eur) / reach if reach else 0.0
        errors += per_unit * one.ahead.errors[np.isin(one.ahead.origins, shared)]
    return errors


def _money(amount_eur: float) -> Decimal:
    return Decimal(amount_eur).quantize(CENT)


def _over(so_far: Reckoned) -> Expected:
    outcome = Outcome(usage=so_far.usage or 0, total_eur=so_far.bill.total_eur)
    return Expected(so_far=so_far, low=outcome, middle=outcome, high=outcome, is_over=True)


def _days(known: Sequence[IntervalUsage], today: date) -> tuple[Floats, date | None]:
    """Return what each day before today used from the first that is known to the last, and that."""
    until = midnight(today)
    amounts = np.array(
        [
            np.nan if one.usage is None or one.quality & quality.MISSING else float(one.usage)
            for one in known
            if one.start < until
        ]
    )
    places = np.flatnonzero(~np.isnan(amounts))
    if not len(places):
        return np.empty(0), None
    first, last = int(places[0]), int(places[-1])
    return amounts[first : last + 1], known[last].start.astimezone(ZONE).date()


def _known_hours(hours: Sequence[IntervalUsage], today: date) -> list[IntervalUsage]:
    """Return today's hours up to the first that isn't known in full."""
    found = []
    for one in hours:
        if one.start < midnight(today):
            continue
        if one.usage is None or one.quality & quality.MISSING:
            break
        found.append(one)
    return found


def _profile(hours: Sequence[IntervalUsage], today: date) -> Floats:
    """Return which share of a day each of its local hours has, by the whole days of the past.

    Even ones where nothing is known.
    """
    since, until = midnight(today - (PROFILE_DAYS - 1) * A_DAY), midnight(today)
    sums = np.zeros(DAY_H)
    for one in hours:
        if since <= one.start < until:
            sums[one.start.astimezone(ZONE).hour] += max(0, one.usage or 0)
    whole = sums.sum()
    return sums / whole if whole else np.full(DAY_H, 1 / DAY_H)


def _left(profile: Floats, known_until: datetime, today: date) -> float:
    """Return which share of a day the hours of today have that aren't known yet."""
    count = (midnight(today + A_DAY) - known_until) // timedelta(hours=1)
    starts = [known_until + timedelta(hours=at) for at in range(count)]
    return float(sum(profile[one.astimezone(ZONE).hour] for one in starts))


def _known_uses(
    course: Course, first: date, begin: date, used: Floats, profile: Floats
) -> list[Use]:
    """Return the month's uses before ``begin``, what is missing of them as on other days."""
    a_day = float(np.nanmean(used[-PROFILE_DAYS:]))
    found = []
    for one in course.so_far.uses:
        if not midnight(first) <= one.start < midnight(begin):
            continue
        if one.amount is None or one.quality & quality.MISSING:
            length_h = (one.end - one.start) / timedelta(hours=1)
            share = 1.0 if length_h > 1 else float(profile[one.start.astimezone(ZONE).hour])
            usual = max(one.amount or 0, round(a_day * share))
            found.append(replace(one, amount=usual, quality=quality.ESTIMATED))
        else:
            found.append(one)
    return found


def _stretched(ahead: Ahead, shares: Sequence[float]) -> list[Floats]:
    """Return the days ahead so that they add up to the sum's low end, middle and high end."""
    even = np.asarray(shares) / sum(shares)
    found = []
    for whole in (ahead.quantile(LOW), ahead.middle, ahead.quantile(HIGH)):
        if ahead.middle > 0:
            found.append(ahead.days * (whole / ahead.middle))
        else:
            found.append(even * whole)
    return found


def _uses_ahead(
    course: Course, days: Sequence[date], known_until: datetime, profile: Floats, amounts: Floats
) -> list[Use]:
    """Return uses of the days ahead; by the hour where prices depend on the time of day."""
    has_bands = any(one.version is not None and one.version.has_bands for one in course.periods)
    found = []
    for day, amount in zip(days, amounts, strict=True):
        start, end = max(midnight(day), known_until), midnight(day + A_DAY)
        if not has_bands:
            found.append(_use(start, end, round(amount)))
            continue
        starts = [start + timedelta(hours=at) for at in range((end - start) // timedelta(hours=1))]
        shares = profile[[one.astimezone(ZONE).hour for one in starts]]
        whole = shares.sum()
        for one, share in zip(starts, shares, strict=True):
            part = share / whole if whole else 1 / len(starts)
            found.append(_use(one, one + timedelta(hours=1), round(amount * part)))
    return found


def _use(start: datetime, end: datetime, amount: int) -> Use:
    return Use(start=start, end=end, amount=amount, quality=0)


def _outcome(course: Course, past: Sequence[Use], ahead: Sequence[Use]) -> Outcome:
    made: Bill = bill(course.point.type.utility, _in_months([*past, *ahead]), course.periods)
    known = [one.amount or 0 for one in (*past, *ahead)]
    return Outcome(usage=sum(known), total_eur=made.total_eur)


def _in_months(uses: Sequence[Use]) -> list[Use]:
    """Return the uses with what the month had used before each."""
    found, so_far = [], 0
    for one in uses:
        found.append(replace(one, before=so_far))
        so_far += one.amount or 0
    return found
