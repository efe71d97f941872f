# SPDX-License-Identifier: EUPL-1.2
"""Expected bills as they are answered. Money is texts, so that no float ever rounds it."""

from datetime import date
from decimal import Decimal

from pydantic import AwareDatetime, BaseModel

from cloud.demand.bills.expected import Reason
from cloud.kit.schemas import Name

EURO = "EUR"


class ExpectedAmounts(BaseModel):
    """What is to be paid in the end, VAT and standing charges included.

    Nine times of ten it lies between ``low_eur`` and ``high_eur``; all three are the bill itself
    once the month is over, and null where nobody can tell. ``so_far_eur`` is the bill up to now.
    """

    so_far_eur: Decimal
    expected_eur: Decimal | None
    low_eur: Decimal | None
    high_eur: Decimal | None


class ExpectedPointBill(ExpectedAmounts):
    """What one service point's supply costs in the end, and what it will have used.

    ``known_until``: what comes after is expected: two weeks by a forecast, if there is one, the
    rest as past use tells. ``is_fallback``: no forecast by the weather is behind any of it, only
    the past use. ``reason``: why nobody can tell.
    """

    service_point_id: str
    name: Name
    utility: str
    supplier_id: str | None
    unit: str
    used: int | None
    expected_usage: int | None
    low_usage: int | None
    high_usage: int | None
    known_until: AwareDatetime | None
    is_fallback: bool
    is_assumed: bool
    is_complete: bool
    reason: Reason | None
    leaves_out: list[Name]


class ExpectedBill(ExpectedAmounts):
    """What a building's supply costs in a month: the sum of its service points that have a price.

    ``unknown``: those of them that nobody can tell, so that the sum can't be told either.
    """

    premises_id: str
    month: str
    first_day: date
    last_day: date
    currency: str = EURO
    is_over: bool
    is_fallback: bool
    is_assumed: bool
    is_complete: bool
    unpriced: list[str]
    unknown: list[str]
    bills: list[ExpectedPointBill]
