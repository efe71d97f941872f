# SPDX-License-Identifier: EUPL-1.2
"""Budgets as this module keeps them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

EURO = "EUR"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What somebody wants a building's utility to cost or use in a month at most.

    Either ``euro`` is told, or ``amount`` in the unit of the utility's reading types; ``owner`` is
    the subject of the person whose wish it is.
    """

    budget_id: int
    owner: str
    premises_id: str
    utility: str
    euro: Decimal | None
    amount: int | None
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Warned:
    """What a person is told once of a month: the figures as they were when it was decided.

    All are in ``unit``: EUR, or that of the utility's reading types. ``low``, ``middle`` and
    ``high`` are of the month's end, None where nobody could tell.
    """

    budget_id: int
    month: date
    subscription_key: str
    unit: str
    budget: Decimal
    so_far: Decimal
    low: Decimal | None
    middle: Decimal | None
    high: Decimal | None
    days_left: int
    is_passed: bool
