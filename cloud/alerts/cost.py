# SPDX-License-Identifier: EUPL-1.2
"""Cost: what a leak has cost so far, at the prices of the days on which it ran.

How the loss is spread over its time isn't known, so it counts as even. Days before the first known
price count at that one.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time

from cloud.alerts.models import Alert
from cloud.kit.hypertable import ZONE
from cloud.kit.prices import DatedPrice

PER_UNIT = 1000  # l in a cubic metre, Wh in a kilowatt-hour


def costed(alert: Alert, prices: Sequence[DatedPrice]) -> Alert:
    """Return the alert with what it has cost."""
    until = alert.cleared_at or alert.reported_at
    cost = cost_eur(prices, alert.utility, alert.lost, alert.started_at, until)
    return replace(alert, cost_eur=cost)


def cost_eur(
    prices: Sequence[DatedPrice], utility: str, amount: int, started_at: datetime, until: datetime
) -> float | None:
    """Return what ``amount``, in l or Wh, costs in euro and cents; None without a price for it."""
    steps = sorted(
        (datetime.combine(one.since, time(), ZONE), one.eur_per_unit)
        for one in prices
        if one.utility == utility
    )
    if not steps:
        return None
    length_s = (until - started_at).total_seconds()
    if length_s <= 0:
        begun = [price for since, price in steps if since <= started_at]
        return round(amount / PER_UNIT * (begun[-1] if begun else steps[0][1]), 2)
    starts = [started_at, *(since for since, _ in steps[1:])]
    ends = [*(since for since, _ in steps[1:]), until]
    paid = 0.0
    for (_, price), start, end in zip(steps, starts, ends, strict=True):
        part_s = (min(end, until) - max(start, started_at)).total_seconds()
        paid += price * max(part_s, 0) / length_s
    return round(amount / PER_UNIT * paid, 2)
