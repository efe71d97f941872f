# SPDX-License-Identifier: EUPL-1.2
"""A month of a building with every sort of thing in it, and its water meters, for papers."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from cloud.alerts.models import Alert
from cloud.kit.hypertable import ZONE
from cloud.meters.models import Installation
from cloud.papers.monthly import Month, RegisterThen, UtilityMonths
from cloud.papers.self_reading import Sheet, WaterMeter
from cloud.premises.models import Premises, ServicePoint
from cloud.readings.models import IntervalUsage, Known
from cloud.readings.registers import RegisterAt
from cloud.readings.usage import boundaries
from cloud.tariffs import documents
from cloud.tariffs.costs import Reckoned
from cloud.tariffs.models import Use
from cloud.tariffs.pricing import bill
from cloud.tariffs.timeline import Timeline
from wire import quality

FIRST, END = date(2026, 10, 1), date(2026, 11, 1)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BOUNDS = (datetime(2026, 9, 30, 21, tzinfo=UTC), datetime(2026, 10, 31, 22, tzinfo=UTC))
HOUSE = Premises(
    premises_id="mladost-17",
    name_bg="Жилищен блок „Младост“ 17",
    name_en="Mladost 17 apartment block",
    kind="residential",
    address="ул. „Йерусалим“ 17, 1784 София",
    district="Младост",
    latitude=42.65,
    longitude=23.37,
    households=12,
    floor_area_m2=900,
)
TARIFFS = {
    "water": "sofiyska-voda-household",
    "electricity": "electrohold-household",
    "gas": "overgas-household",
    "heat": "toplofikatsia-sofia-household",
}
DAILY = {"water": 3_600_000, "electricity": 48_000, "gas": 22_000, "heat": 210_000}


def a_point(name: str = "cold", bg: str = "Студена вода", **changes: Any) -> ServicePoint:
    fields = {
        "service_point_id": f"sp-home-{name}",
        "premises_id": HOUSE.premises_id,
        "name_bg": bg,
        "name_en": "Cold water",
        "reading_type": "cold_water",
        "parent_service_point_id": None,
        "supplier_id": "sofiyska-voda",
        **changes,
    }
    return ServicePoint(**fields)


POINTS = (
    a_point(),
    a_point("hot", "Топла вода", name_en="Hot water", reading_type="hot_water"),
    a_point("power", "Ток", name_en="Electricity", reading_type="electricity_import"),
    a_point("gas", "Газ", name_en="Gas", reading_type="gas"),
    a_point("heat", "Топлоенергия", name_en="Heat", reading_type="heat"),
)


def days(
    first: date,
    end: date,
    daily: int,
    *,
    estimated: Collection[int] = (),
    missing: Collection[int] = (),
) -> list[IntervalUsage]:
    """Return the use of local days, a little more from day to day of the week."""
    found = []
    for start, stop in pairwise(boundaries("day", first, end, ZONE)):
        local = start.astimezone(ZONE)
        bits = quality.ESTIMATED if local.day in estimated else 0
        bits |= quality.MISSING if local.day in missing else 0
        used = None if local.day in missing else daily * (85 + 5 * local.weekday()) // 100
        found.append(IntervalUsage(start=start, end=stop, usage=used, quality=bits))
    return found


def a_register(
    at: datetime, register: int | None, bits: int = 0, *, is_read: bool = True, is_old: bool = False
) -> RegisterAt:
    """Return a register as it was read, or between two readings, or after the last."""
    hung = Installation(
        installation_id=1,
        service_point_id="sp-home-cold",
        meter_id="m-1",
        node_id="n-1",
        obis="8-0:1.0.0",
        valid_from=datetime(2025, 1, 1, tzinfo=UTC),
        valid_to=None,
    )
    before = Known(
        read_at=at if is_read else at - timedelta(minutes=7),
        register=(register or 8_412_377_900) - (0 if is_read else 400),
        quality=0,
    )
    after = Known(read_at=at + timedelta(minutes=8), register=(register or 0) + 900, quality=0)
    return RegisterAt(
        at=at,
        installation=hung,
        register=None if is_old else register,
        quality=bits,
        before=before,
        after=None if is_old or is_read else after,
    )


def an_alert(number: int = 1, kind: str = "continuous_flow", **changes: Any) -> Alert:
    at = datetime(2026, 10, 3, 4, tzinfo=UTC)
    fields = {
        **dict.fromkeys(Alert.__dataclass_fields__),
        "alert_id": f"al-{number}",
        "premises_id": HOUSE.premises_id,
        "service_point_id": "sp-home-cold",
        "utility": "water",
        "kind": kind,
        "kinds": [kind],
        "state": "raised",
        **dict.fromkeys(("raised_at", "started_at", "opened_at", "reported_at"), at),
        "volume_l": 3120,
        "confidence": 90,
        "explanation": "It runs.",
        "cost_eur": 12.7,
        **changes,
    }
    return Alert(**fields)


def reckoned(point: ServicePoint, used: list[IntervalUsage]) -> Reckoned:
    """Return what days cost at the prices of most homes."""
    utility = point.type.utility
    tariff = documents.shipped_tariff(TARIFFS[utility])
    periods = Timeline(assignments=[], tariffs={}, assumed=tariff).periods(FIRST, END)
    uses = [Use(start=u.start, end=u.end, amount=u.usage, quality=u.quality) for u in used]
    made = bill(utility, uses, periods)
    return Reckoned(point=point, periods=periods, uses=uses, bill=made, is_final=True)


def a_month(**changes: Any) -> Month:
    """Return October 2026 with four utilities, days estimated and missing, and three alerts."""
    main = {one.type.utility: one for one in reversed(POINTS)}
    ours = {
        utility: days(
            FIRST, END, daily, estimated=(7, 8), missing=(19, 20) if utility == "gas" else ()
        )
        for utility, daily in DAILY.items()
    }
    fields = {
        "premises": HOUSE,
        "first": FIRST,
        "end": END,
        "now": NOW,
        "is_over": True,
        "whole_days": 31,
        "since": None,
        "utilities": [
            UtilityMonths(
                utility=utility,
                unit=main[utility].type.unit,
                days=used,
                month_before=days(date(2026, 9, 1), FIRST, DAILY[utility] * 8 // 7),
                year_before=[]
                if utility == "heat"
                else days(date(2025, 10, 1), date(2025, 11, 1), DAILY[utility] * 5 // 6),
            )
            for utility, used in ours.items()
        ],
        "reckoned": [reckoned(main[utility], used) for utility, used in ours.items()],
        "registers": [
            RegisterThen(
                point=point,
                at=at,
                serial="17-4402913",
                found=None
                if point is POINTS[3]
                else a_register(at, 8_412_377_900 + late * 104_400_000, is_read=not late),
            )
            for point in POINTS
            for late, at in enumerate(BOUNDS)
        ],
        "alerts": [
            an_alert(),
            an_alert(2, "burst", resolved_at=datetime(2026, 10, 6, 4, tzinfo=UTC)),
            an_alert(3, "intermittent_flow", label="pool"),
        ],
        "names": {one.service_point_id: one for one in POINTS},
        **changes,
    }
    return Month(**fields)


def a_meter(**changes: Any) -> WaterMeter:
    """Return a water meter that was read in the morning."""
    fields = {
        "point": POINTS[0],
        "supplier": "Софийска вода АД",
        "client_number": "1002003004",
        "serial": "17-4402913",
        "found": a_register(datetime(2026, 10, 31, 9, 12, tzinfo=UTC), 8_412_377_900),
        **changes,
    }
    return WaterMeter(**fields)


def a_sheet(*meters: WaterMeter) -> Sheet:
    return Sheet(premises=HOUSE, day=date(2026, 10, 31), now=NOW, meters=meters or (a_meter(),))
