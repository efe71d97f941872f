# SPDX-License-Identifier: EUPL-1.2
"""Actions: what is worth doing in a building, by what it is worth.

No advice without evidence: each action names the figures that it rests on and the days they come
from. What it is worth is known or None, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from cloud.alerts.models import Alert, topic
from cloud.kit.hypertable import ZONE
from cloud.premises.models import ServicePoint
from cloud.savings.kinds import Kind
from cloud.savings.nights import Standing
from cloud.savings.outlook import Outlook
from cloud.savings.years import Compared

DAYS_A_YEAR = 365
METER_FAULT = "meter_fault"
# A rise of the standing use that is smaller comes and goes with guests and seasons.
MIN_RISE = 0.2
MIN_EURO = Decimal(5)  # a year; less is not worth a person's evening
CENT = Decimal("0.01")
A_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Action:
    """Something worth doing.

    ``euro`` is what it saves over ``period``; None where nobody can tell. ``amount`` and ``usual``
    are the evidence, in ``unit``: what runs or was used, and what it is compared with; they come
    from the local days [first_day, end_day).
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
    end_day: date


def ranked(actions: Sequence[Action]) -> list[Action]:
    """Return actions by what they are worth, those of unknown worth last."""
    return sorted(actions, key=lambda one: (one.euro is None, -(one.euro or Decimal(0))))


def of_alert(alert: Alert) -> Action:
    """Return what an open alert asks for: to stop a leak, or to look after a meter."""
    first = alert.started_at.astimezone(ZONE).date()
    end = alert.reported_at.astimezone(ZONE).date() + A_DAY
    if topic(alert.kind) == METER_FAULT:
        return Action(
            kind="silent",
            utility=alert.utility,
            service_point_id=alert.service_point_id,
            alert_id=alert.alert_id,
            alert_kind=alert.kind,
            euro=None,
            period="year",
            unit="",
            amount=None,
            usual=None,
            first_day=first,
            end_day=end,
        )
    flow, unit = (
        (alert.flow_w, "W") if alert.utility == "electricity" else (alert.flow_l_per_h, "l/h")
    )
    return Action(
        kind="leak",
        utility=alert.utility,
        service_point_id=alert.service_point_id,
        alert_id=alert.alert_id,
        alert_kind=alert.kind,
        euro=_a_year(alert),
        period="year",
        unit=unit,
        amount=None if flow is None else float(flow),
        usual=None,
        first_day=first,
        end_day=end,
    )


def _a_year(alert: Alert) -> Decimal | None:
    """Return what a leak costs if it goes on for a year as it ran so far."""
    ran = alert.reported_at - alert.started_at
    if alert.cost_eur is None or ran < timedelta(hours=1):
        return None
    return (Decimal(alert.cost_eur) * Decimal(DAYS_A_YEAR * A_DAY / ran)).quantize(CENT)


def of_standing(
    point: ServicePoint,
    now: Standing,
    best: Standing | None,
    cost_a_year: Decimal | None,
) -> Action | None:
    """Return what rose at night above the meter's own best four weeks; None for nothing much."""
    if now.per_h is None or best is None or best.per_h is None or cost_a_year is None:
        return None
    rise = now.per_h - best.per_h
    if now.per_h <= 0 or rise < MIN_RISE * max(best.per_h, 1.0):
        return None
    euro = (cost_a_year * Decimal(rise / now.per_h)).quantize(CENT)
    if euro < MIN_EURO:
        return None
    return Action(
        kind="standing",
        utility=point.type.utility,
        service_point_id=point.service_point_id,
        alert_id=None,
        alert_kind=None,
        euro=euro,
        period="year",
        unit=f"{point.type.unit}/h",
        amount=now.per_h,
        usual=best.per_h,
        first_day=now.first_day,
        end_day=now.end_day,
    )


def of_years(
    point: ServicePoint,
    years: Compared,
    first: date,
    end: date,
    cost: Decimal | None,
) -> Action | None:
    """Return a rise that the weather doesn't explain; ``cost``: of the whole year's use."""
    if years.by_rest.low <= 0 or years.now <= 0:
        return None
    euro = None
    if cost is not None:
        euro = (cost * Decimal(years.by_rest.middle / years.now)).quantize(CENT)
        if euro < MIN_EURO:
            return None
    return Action(
        kind="rising",
        utility=point.type.utility,
        service_point_id=point.service_point_id,
        alert_id=None,
        alert_kind=None,
        euro=euro,
        period="year",
        unit=point.type.unit,
        amount=years.now,
        usual=years.now - years.by_rest.middle,
        first_day=first,
        end_day=end,
    )


def of_budget(found: Outlook, first: date, end: date) -> Action | None:
    """Return what a month will cost above its budget; None where it probably keeps to it."""
    if not found.is_worth_a_warning:
        return None
    expected = found.middle if found.middle is not None else found.so_far
    if expected is None:
        return None
    in_euro = found.budget.euro is not None
    return Action(
        kind="budget",
        utility=found.budget.utility,
        service_point_id=None,
        alert_id=None,
        alert_kind=None,
        euro=max(Decimal(0), expected - found.limit).quantize(CENT) if in_euro else None,
        period="month",
        unit=found.unit,
        amount=float(expected),
        usual=float(found.limit),
        first_day=first,
        end_day=end,
    )
