# SPDX-License-Identifier: EUPL-1.2
"""Outlook: how a month will end beside its budget.

What is expected is the middle of a range that nine in ten months keep to, so a budget below the
middle is passed more probably than not. A budget in euro is compared with the bill, standing
charges and VAT included; one in units with what the month will have used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cloud.demand.bills.expected import NO_PRICE, Expected, Reason, total
from cloud.savings.kinds import State
from cloud.savings.models import EURO, Budget


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A budget and how its month will end, all in ``unit``: EUR or the reading types' own.

    ``low``, ``middle`` and ``high`` are None where nobody can tell; ``reason`` says why.
    """

    budget: Budget
    unit: str
    limit: Decimal
    so_far: Decimal | None
    low: Decimal | None
    middle: Decimal | None
    high: Decimal | None
    days_left: int
    state: State
    reason: Reason | None

    @property
    def is_worth_a_warning(self) -> bool:
        """Tell whether the budget was passed or probably will be, and what was used is known."""
        return self.so_far is not None and self.state in (State.PASSED, State.OVER)


def outlook(budget: Budget, found: Sequence[Expected], today: date, end: date) -> Outlook:
    """Return how the month up to ``end`` will end; ``found``: the budget's utility, by point."""
    in_euro = budget.euro is not None
    limit = budget.euro if budget.euro is not None else Decimal(budget.amount or 0)
    unit = EURO if in_euro or not found else found[0].so_far.point.type.unit
    so_far = _so_far(found, in_euro=in_euro)
    range_of = _in_euro(found) if in_euro else _in_units(found)
    low, middle, high = range_of or (None, None, None)
    return Outlook(
        budget=budget,
        unit=unit,
        limit=limit,
        so_far=so_far,
        low=low,
        middle=middle,
        high=high,
        days_left=max(0, (end - today).days - 1),
        state=state_of(limit, so_far, middle, high),
        reason=None if range_of else next((one.reason for one in found if one.reason), None),
    )


def state_of(
    limit: Decimal, so_far: Decimal | None, middle: Decimal | None, high: Decimal | None
) -> State:
    """Return how a month goes by what was used and is expected of it."""
    if so_far is not None and so_far > limit:
        return State.PASSED
    if middle is None or high is None:
        return State.UNKNOWN
    if middle > limit:
        return State.OVER
    return State.NEAR if high > limit else State.UNDER


def _so_far(found: Sequence[Expected], *, in_euro: bool) -> Decimal | None:
    """Return what was spent or used; of several points a part that isn't known makes it unknown."""
    if in_euro:
        priced = [one.so_far.bill.total_eur for one in found if one.reason != NO_PRICE]
        return sum(priced, Decimal("0.00")) if len(priced) == len(found) > 0 else None
    used = [one.so_far.usage for one in found]
    known = [Decimal(one) for one in used if one is not None]
    return sum(known, Decimal(0)) if len(known) == len(used) > 0 else None


def _in_euro(found: Sequence[Expected]) -> tuple[Decimal, Decimal, Decimal] | None:
    whole = total(found) if found else None
    return (whole.low_eur, whole.middle_eur, whole.high_eur) if whole else None


def _in_units(found: Sequence[Expected]) -> tuple[Decimal, Decimal, Decimal] | None:
    """Return the range of what is used; errors of several meters are taken to go together."""
    low = middle = high = Decimal(0)
    for one in found:
        if one.low is None or one.middle is None or one.high is None:
            return None
        low, middle = low + one.low.usage, middle + one.middle.usage
        high += one.high.usage
    return (low, middle, high) if found else None
