# SPDX-License-Identifier: EUPL-1.2
"""What days ahead use where a forecast is there: its hours, and past use for what it leaves out.

Its days keep the ranges that it has for them. How the errors of its days go together, and with
those of what comes after, isn't known: they are taken to go together wholly, so that the range is
rather too wide than too narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from cloud.demand.issued.points import PointForecast
from cloud.demand.models.days_ahead import HIGH, LOW, Ahead, days_ahead
from cloud.demand.series import Floats
from cloud.kit.hypertable import ZONE
from cloud.tariffs.pricing import midnight

HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Foretold(Ahead):
    """Days ahead by a forecast, as far as it reaches: ``low`` and ``high`` are of the whole sum."""

    low: float
    high: float

    def quantile(self, level: float) -> float:
        """Return the sum's quantile, of those two that are told."""
        return self.low if level < 0.5 else self.high


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What a forecast tells of a day: its middle, how far it reaches below and above.

    ``left`` is the share of the day that it leaves out.
    """

    middle: float = 0.0
    below: float = 0.0
    above: float = 0.0
    left: float = 1.0


def foretold(
    own: Ahead,
    forecast: PointForecast,
    used: Floats,
    shares: Sequence[float],
    days: Sequence[date],
    known_until: datetime,
    profile: Floats,
) -> Ahead:
    """Return the days ahead by a forecast; ``own`` itself where it covers none of their hours.

    Args:
        own: what past use alone tells of them.
        used: (days,) past amounts, NaN where unknown.
        shares: how much of each day counts.
        days: the days ahead, the first from ``known_until`` on.
        profile: (24,) the share of a day that each local hour has.
    """
    parts = [
        _part(forecast, day, max(midnight(day), known_until), profile) if share else _Part()
        for day, share in zip(days, shares, strict=True)
    ]
    left = np.array([one.left for one in parts])
    if (left == 1).all():
        return own
    amounts = np.array([one.middle for one in parts]) + own.days * left
    below, above = sum(one.below for one in parts), sum(one.above for one in parts)
    weights = np.asarray(shares) * left
    rest = days_ahead(used, list(weights), 0) if weights.any() else None
    if rest is not None:
        below += rest.middle - rest.quantile(LOW)
        above += rest.quantile(HIGH) - rest.middle
    middle = float(amounts.sum())
    low, high = max(0.0, middle - max(0.0, below)), middle + max(0.0, above)
    reach = own.quantile(HIGH) - own.quantile(LOW)
    # How errors go with those of other supplies is told by those of the past, as wide as these.
    return Foretold(
        days=amounts,
        origins=own.origins if reach else own.origins[:0],
        errors=own.errors * ((high - low) / reach) if reach else own.errors[:0],
        low=low,
        high=high,
    )


def _part(forecast: PointForecast, day: date, start: datetime, profile: Floats) -> _Part:
    """Return what a forecast tells of a day from ``start`` on."""
    count = (midnight(day + A_DAY) - start) // HOUR
    starts = [start + HOUR * at for at in range(count)]
    at = np.array([(one - forecast.start) // HOUR for one in starts], dtype=np.int64)
    inside = (at >= 0) & (at < len(forecast.quantiles))
    if not inside.any():
        return _Part()
    weights = profile[[one.astimezone(ZONE).hour for one in starts]]
    weights = weights if weights.sum() else np.ones(count)
    low, middle, high = np.maximum(forecast.quantiles[at[inside]].sum(axis=0), 0.0)
    if inside.all() and start == midnight(day):
        low, high = _range_of(forecast, day) or (low, high)
    return _Part(
        middle=float(middle),
        below=float(middle - low),
        above=float(high - middle),
        left=float(weights[~inside].sum() / weights.sum()),
    )


def _range_of(forecast: PointForecast, day: date) -> tuple[float, float] | None:
    """Return the range that a whole day's sum has, None for none."""
    if forecast.sums is None or forecast.first_day is None:
        return None
    at = (day - forecast.first_day).days
    if not 0 <= at < len(forecast.sums):
        return None
    return float(forecast.sums[at, 0]), float(forecast.sums[at, -1])
