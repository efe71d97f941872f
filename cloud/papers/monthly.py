# SPDX-License-Identifier: EUPL-1.2
"""A month's report: what it says, in words and figures, from what was gathered. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from cloud.alerts.models import Alert
from cloud.kit.hypertable import ZONE
from cloud.papers import figures
from cloud.papers.figures import NOTHING, bill_unit, euro, number, quantity
from cloud.papers.words import ALERTS, PER, Language, say
from cloud.premises.models import Premises, ServicePoint
from cloud.readings.models import IntervalUsage
from cloud.readings.registers import RegisterAt
from cloud.tariffs.costs import Reckoned
from cloud.tariffs.pricing import Bill, Line
from wire import quality

A_DAY = timedelta(days=1)
MAX_ALERTS = 40
MAX_PLACES = 5  # of a price


@dataclass(frozen=True, kw_only=True)
class UtilityMonths:
    """Use of one utility by day: this month's, and the same days of the two it is compared with."""

    utility: str
    unit: str
    days: Sequence[IntervalUsage]
    month_before: Sequence[IntervalUsage]
    year_before: Sequence[IntervalUsage]


@dataclass(frozen=True, kw_only=True)
class RegisterThen:
    """A register at a bound of the month; None where nothing is known of it."""

    point: ServicePoint
    at: datetime
    serial: str | None
    found: RegisterAt | None


@dataclass(frozen=True, kw_only=True)
class Month:
    """All that a report tells. ``until`` is where it ends: the month's end, or now."""

    premises: Premises
    first: date
    end: date
    now: datetime
    is_over: bool
    whole_days: int  # of the month that are over
    since: date | None  # from when on the caller sees the building, where that is in the month
    utilities: Sequence[UtilityMonths]
    reckoned: Sequence[Reckoned]
    registers: Sequence[RegisterThen]
    alerts: Sequence[Alert]
    names: Mapping[str, ServicePoint]


def told(month: Month, language: Language) -> dict[str, Any]:
    """Return what the template shows: texts only, and the heights of bars."""
    labels = (
        *("report", "summary", "utility", "use", "cost", "this_month", "month_before"),
        *("year_before", "per_day", "costs", "line", "quantity", "price", "net", "net_total"),
        *("total", "grand_total", "bill_note", "registers", "point", "meter", "at", "register"),
        *("quality", "alerts", "raised", "what", "lost", "state", "page"),
        *("legend_measured", "legend_estimated", "legend_missing"),
    )
    name = month.premises.name_bg if language == "bg" else month.premises.name_en
    title = f"{say('report', language)}: {name}, {figures.month(month.first, language)}"
    return {
        "language": language,
        "title": title,
        "labels": {one: say(one, language) for one in labels},
        "name": name,
        "address": month.premises.address,
        "comma": figures.comma(language),
        "month": figures.month(month.first, language),
        "made": say("made", language, at=figures.moment(month.now, language)),
        "notices": _notices(month, language),
        "summary": [_summary(month, one, language) for one in month.utilities],
        "charts": [_chart(one, language) for one in month.utilities],
        "bills": [_bill(one, language) for one in month.reckoned if one.has_price],
        "grand_total": _grand_total(month, language),
        "bill_notes": _bill_notes(month, language),
        "registers": [_register(one, language) for one in month.registers],
        "alerts": [_alert(one, month.names, language) for one in month.alerts[:MAX_ALERTS]],
        "alerts_note": _alerts_note(month, language),
    }


def _notices(month: Month, language: Language) -> list[str]:
    found = []
    if month.first > month.now.astimezone(ZONE).date():
        found.append(say("not_begun", language))
    elif not month.is_over:
        found.append(say("incomplete", language, at=figures.moment(month.now, language)))
        if month.whole_days:
            found.append(say("same_days", language, n=month.whole_days))
    if month.since is not None:
        found.append(say("since", language, at=figures.day(month.since, language)))
    if not all(one.is_final for one in month.reckoned):
        found.append(say("not_final", language))
    return found


def _summary(month: Month, one: UtilityMonths, language: Language) -> dict[str, Any]:
    paid = [each for each in month.reckoned if each.point.type.utility == one.utility]
    priced = [each.bill.total_eur for each in paid if each.has_price]
    whole = one.days if month.is_over else one.days[: month.whole_days]
    ours = _daily(whole)
    return {
        "utility": one.utility,
        "name": figures.utility(one.utility, language),
        "use": _used(one.days, whole, one.unit, language),
        "cost": euro(sum(priced, Decimal(0)) if priced else None, language),
        "per_day": _per_day(ours, one.unit, language),
        "others": [
            {
                "use": _used(days, days, one.unit, language),
                "per_day": _per_day(_daily(days), one.unit, language),
                "change": _change(ours, _daily(days), language),
            }
            for days in (one.month_before, one.year_before)
        ],
    }


def _total(days: Sequence[IntervalUsage]) -> int | None:
    known = [one.usage for one in days if one.usage is not None]
    return sum(known) if known else None


def _used(
    days: Sequence[IntervalUsage], over: Sequence[IntervalUsage], unit: str, language: Language
) -> str:
    """Return the use of days; at least that where one of those that are ``over`` isn't known whole.

    What nobody measured is no use of nothing.
    """
    total = _total(days)
    shown = quantity(total, unit, language)
    if total is None or all(_state(one) != "missing" for one in over):
        return shown
    return say("at_least", language, use=shown)


def _daily(days: Sequence[IntervalUsage]) -> Decimal | None:
    """Return the mean use of the days that are known whole; None where too few are to tell."""
    whole = [
        one.usage for one in days if one.usage is not None and not one.quality & quality.MISSING
    ]
    return Decimal(sum(whole)) / len(whole) if whole and len(whole) * 2 >= len(days) else None


def _per_day(daily: Decimal | None, unit: str, language: Language) -> str:
    if daily is None:
        return NOTHING
    return f"{quantity(int(daily), unit, language)} {say('per_day', language)}"


def _change(ours: Decimal | None, theirs: Decimal | None, language: Language) -> str:
    """Return by how much this month's mean day is above the other's, in percent."""
    if ours is None or not theirs:
        return ""
    percent = (ours / theirs - 1) * 100
    sign = "+" if percent > 0 else ""
    return f"{sign}{number(percent, 0, language)}{figures.FIXED}%"


def _chart(one: UtilityMonths, language: Language) -> dict[str, Any]:
    per, unit = bill_unit(one.unit)
    most = max((day.usage or 0 for day in one.days), default=0)
    peak = next((day for day in one.days if day.usage == most and most), None)
    name = figures.utility(one.utility, language)
    dates = [day.start.astimezone(ZONE).date() for day in one.days]
    return {
        "utility": one.utility,
        "title": say("by_day", language, utility=name),
        "unit": figures.written(unit, language),
        "most": number(Decimal(most) / per, 2, language),
        "alt": say("chart_none", language)
        if peak is None
        else say(
            "chart",
            language,
            total=quantity(_total(one.days), one.unit, language),
            day=peak.start.astimezone(ZONE).day,
            most=quantity(most, one.unit, language),
        ),
        "bars": [
            {
                "day": day.day,
                "share": (used.usage or 0) / most if most and used.usage is not None else 0,
                "state": _state(used),
            }
            for day, used in zip(dates, one.days, strict=True)
        ],
        "notes": _gaps(one, dates, language),
    }


def _state(used: IntervalUsage) -> str:
    if used.usage is None or used.quality & quality.MISSING:
        return "missing"
    return "estimated" if used.quality & quality.ESTIMATED else "measured"


def _gaps(one: UtilityMonths, dates: Sequence[date], language: Language) -> list[str]:
    states = [_state(used) for used in one.days]
    found = []
    for state, key in (("estimated", "estimated_days"), ("missing", "missing_days")):
        days = [day for day, is_so in zip(dates, states, strict=True) if is_so == state]
        if days:
            found.append(say(key, language, days=figures.days(days)))
    return found or ([say("all_measured", language)] if states else [])


def _bill(reckoned: Reckoned, language: Language) -> dict[str, Any]:
    made = reckoned.bill
    point = reckoned.point
    notes = []
    if reckoned.is_assumed:
        notes.append(say("assumed", language))
    if made.is_estimated:
        notes.append(say("bill_estimated", language))
    if not made.is_complete:
        notes.append(say("bill_incomplete", language))
    side = 0 if language == "bg" else 1
    notes += [say("leaves_out", language, what=said[side]) for said in reckoned.leaves_out]
    return {
        "utility": point.type.utility,
        "name": _name(point, language),
        "use": quantity(reckoned.usage, point.type.unit, language, 3),
        "lines": [_line(one, language) for one in made.lines],
        "net": euro(made.net_eur, language),
        "vat": _vat(made, language),
        "total": euro(made.total_eur, language),
        "notes": notes,
    }


def _vat(made: Bill, language: Language) -> list[dict[str, str]]:
    return [
        {
            "label": say("vat", language, percent=number(one.percent, 0, language)),
            "amount": euro(one.vat_eur, language),
        }
        for one in made.vat
    ]


def _line(line: Line, language: Language) -> dict[str, str]:
    component = line.component
    last = line.end - A_DAY
    return {
        "title": component.title_bg if language == "bg" else component.title_en,
        "days": f"{line.first.day}–{last.day}" if last > line.first else str(line.first.day),
        "quantity": f"{number(line.quantity, 3, language)}{figures.FIXED}"
        f"{PER[language][component.per]}",
        "price": f"{number(component.price, _places(component.price), language)}{figures.FIXED}"
        f"{'€' if line.version.currency == 'EUR' else 'лв.' if language == 'bg' else 'BGN'}",
        "net": euro(line.net_eur, language),
    }


def _places(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    return min(max(2, -exponent if isinstance(exponent, int) else 0), MAX_PLACES)


def _grand_total(month: Month, language: Language) -> str | None:
    priced = [one.bill.total_eur for one in month.reckoned if one.has_price]
    return euro(sum(priced, Decimal(0)), language) if priced else None


def _bill_notes(month: Month, language: Language) -> list[str]:
    without = [_name(one.point, language) for one in month.reckoned if not one.has_price]
    found = [say("unpriced", language, names=", ".join(without))] if without else []
    return [*found, say("bill_note", language)]


def _register(one: RegisterThen, language: Language) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "point": _name(one.point, language),
        "meter": one.serial or NOTHING,
        "at": figures.moment(one.at, language),
        "note": "",
    }
    found, unit = one.found, one.point.type.unit
    if found is None or found.register is None:
        known = say("register_unknown", language)
        return shown | {"whole": NOTHING, "fraction": "", "unit": "", "quality": known}
    dial = figures.dial(found.register, unit, language)
    shown |= {"whole": dial.whole, "fraction": dial.fraction, "unit": dial.unit}
    shown["quality"] = figures.qualities(found.quality, language)
    is_read = found.before is not None and found.before.read_at == found.at
    if not is_read and found.before is not None and found.after is not None:
        shown["note"] = say(
            "between",
            language,
            before=dial_text(found.before.register, unit, language),
            before_at=figures.moment(found.before.read_at, language),
            after=dial_text(found.after.register, unit, language),
            after_at=figures.moment(found.after.read_at, language),
        )
    return shown


def dial_text(register: int, unit: str, language: Language) -> str:
    """Return a register in one string, as its dial shows it."""
    shown = figures.dial(register, unit, language)
    return f"{shown.whole}{figures.comma(language)}{shown.fraction}{figures.FIXED}{shown.unit}"


def _alert(alert: Alert, names: Mapping[str, ServicePoint], language: Language) -> dict[str, str]:
    point = names.get(alert.service_point_id)
    lost, unit = (alert.energy_wh, "Wh") if alert.volume_l is None else (alert.volume_l, "l")
    state = say("open", language)
    if alert.resolved_at is not None:
        state = say("resolved", language, at=figures.moment(alert.resolved_at, language))
    if alert.label is not None:
        state = say("labelled", language)
    cost = Decimal(str(alert.cost_eur)) if alert.cost_eur is not None else None
    return {
        "raised": figures.moment(alert.raised_at, language),
        "what": ALERTS[language].get(alert.kind, alert.kind),
        "point": _name(point, language) if point else alert.service_point_id,
        "lost": quantity(lost or None, unit, language),
        "cost": euro(cost, language) if cost is not None else "",
        "state": state,
    }


def _alerts_note(month: Month, language: Language) -> str:
    if not month.alerts:
        return say("alerts_none", language)
    if len(month.alerts) > MAX_ALERTS:
        return say("alerts_more", language, n=MAX_ALERTS)
    return ""


def _name(point: ServicePoint, language: Language) -> str:
    return point.name_bg if language == "bg" else point.name_en
