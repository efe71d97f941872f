# SPDX-License-Identifier: EUPL-1.2
"""Savings as they are asked for and answered. Money is texts, so that no float ever rounds it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from cloud.demand.bills.expected import Reason
from cloud.kit.schemas import Body, Name
from cloud.savings.kinds import Kind, NotCompared, State

Utility: TypeAlias = Literal["water", "electricity", "gas", "heat"]
Euro = Annotated[Decimal, Field(ge=Decimal("0.01"), le=Decimal(99_999_999), decimal_places=2)]
Amount = Annotated[int, Field(ge=1, le=2**53 - 1)]


class BudgetBody(Body):
    """What a month may cost in euro, or use in the unit of the utility's reading types."""

    euro: Euro | None = None
    amount: Amount | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.euro is None) == (self.amount is None):
            raise ValueError("tell either euro or amount")
        return self


class Budget(BaseModel):
    """A budget as it stands; one of ``euro`` and ``amount`` is null."""

    utility: str
    euro: Decimal | None
    amount: int | None
    changed_at: AwareDatetime


class BudgetState(Budget):
    """A budget, and how the running month will end beside it, all in ``unit``.

    Nine times of ten it ends between ``low`` and ``high``; null where nobody can tell, and
    ``reason`` says why. ``state``: passed already, over more probably than not, near (it may be
    passed), under, unknown. ``warned_at``: when its owner was told of it this month.
    """

    unit: str
    limit: Decimal
    so_far: Decimal | None
    low: Decimal | None
    expected: Decimal | None
    high: Decimal | None
    days_left: int
    state: State
    reason: Reason | None
    warned_at: AwareDatetime | None


class BudgetMonth(BaseModel):
    """The caller's budgets in the running local month, and whether they may set any."""

    premises_id: str
    may_be_set: bool
    month: str
    first_day: date
    last_day: date
    items: list[BudgetState]


class Standing(BaseModel):
    """What runs all night, over the nights before the mornings ``first_day`` to ``last_day``.

    ``rate`` is in ``unit`` an hour, the median of the least hours from 02:00 to 05:00; null where
    ``coverage`` (0 to 1) of these hours is under 0.9.
    """

    first_day: date
    last_day: date
    rate: float | None
    coverage: float
    nights: int


class Night(Standing):
    """What runs at night at a service point; ``best`` is its lowest of the last half year.

    ``a_year`` and ``euro_a_year`` are what that comes to in a year, at present prices and without
    standing charges; null where it isn't known.
    """

    service_point_id: str
    name: Name
    utility: str
    unit: str
    a_year: int | None
    euro_a_year: Decimal | None
    best: Standing | None


class Range(BaseModel):
    """A difference, and the ends that nine of ten keep to."""

    low: float
    middle: float
    high: float


class Years(BaseModel):
    """Twelve months from ``first_day`` to ``last_day`` beside the twelve before, in ``unit``.

    ``now`` less ``before`` is ``by_weather`` and ``by_rest``; ``by_weather`` is null where use
    doesn't follow temperature. ``is_ready`` is false while they are being worked out; ``reason``
    says why they can't be compared.
    """

    service_point_id: str
    name: Name
    utility: str
    unit: str
    first_day: date
    last_day: date
    is_ready: bool
    reason: NotCompared | None
    before: float | None
    now: float | None
    by_weather: Range | None
    by_rest: Range | None
    is_certain: bool


class Action(BaseModel):
    """Something worth doing, and what it rests on.

    ``euro`` is what it is worth over ``period``, null where nobody can tell; ``amount`` is what
    runs or was used in ``unit``, ``usual`` what it is compared with, both of the local days from
    ``first_day`` to ``last_day``.
    """

    kind: Kind
    utility: str
    service_point_id: str | None
    alert_id: str | None
    alert_kind: str | None
    euro: Decimal | None
    period: Literal["year", "month"]
    unit: str
    amount: float | None
    usual: float | None
    first_day: date
    last_day: date


class Saving(BaseModel):
    """What there is to save in a building: budgets, nights, years, and actions by their worth."""

    premises_id: str
    budgets: BudgetMonth
    nights: list[Night]
    years: list[Years]
    actions: list[Action]
