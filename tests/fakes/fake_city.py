# SPDX-License-Identifier: EUPL-1.2
"""Two plausible buildings and their use, for the fake cloud."""

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

SOFIA = ZoneInfo("Europe/Sofia")

USER = {"email": "maria@example.com", "name": "Мария Иванова", "role": "owner"}

FLOWS = {
    "cold_water": ("cold_water_flow", "l/h"),
    "electricity_import": ("power_import", "W"),
    "gas": ("gas_flow", "l/h"),
    "heat": ("heat_power", "W"),
}
UNITS = {"water": "ml", "electricity": "Wh", "gas": "l", "heat": "Wh"}
HOURLY = {"water": 62_000, "electricity": 5_400, "gas": 1_900, "heat": 21_000}
_ODD_HOURS = (3, 5)  # the one is missing, the other estimated; of days, too
_MISSING_MONTH, _ESTIMATED_MONTH = 2, 4

ALERT = {
    "alert_id": "al-1",
    "premises_id": "mladost-17",
    "service_point_id": "sp-home-cold",
    "utility": "water",
    "kind": "continuous_flow",
    "kinds": ["continuous_flow"],
    "state": "raised",
    "raised_at": None,
    "started_at": "2026-11-21T01:40:00+00:00",
    "resolved_at": None,
    "reported_at": "2026-11-21T08:10:00+00:00",
    "flow_l_per_h": 48,
    "flow_low_l_per_h": 44,
    "flow_high_l_per_h": 52,
    "flow_w": None,
    "flow_low_w": None,
    "flow_high_w": None,
    "volume_l": 312,
    "energy_wh": None,
    "cost_eur": 0.61,
    "confidence": 92,
    "explanation": "Flow never fell to zero in 6 h 30 min; the lowest quarter-hour was 44 l/h.",
    "ordinary_use": "Nobody here has used water all through a night in eight weeks.",
    "clears_when": "The meter stands still for an hour.",
    "hours": [{"started_at": "2026-11-21T01:40:00+00:00", "volume_l": 47.5, "energy_wh": None}],
    "label": None,
    "label_id": None,
}


def _a_cost(total_eur: str | None, **changes: Any) -> dict[str, Any]:
    """Return what use cost as the API gives it, sure of all of it."""
    return {
        "total_eur": total_eur,
        "is_final": True,
        "is_estimated": False,
        "is_complete": True,
        "is_assumed": False,
        "leaves_out": [],
        **changes,
    }


COSTS = {
    "water": _a_cost("1.89", is_assumed=True),
    "electricity": _a_cost("14.97"),
    "gas": _a_cost("3.02", is_complete=False, leaves_out=[{"bg": "акциз", "en": "excise"}]),
    "heat": _a_cost(None, is_complete=False),
}


def a_point(
    service_point_id: str,
    names: tuple[str, str],
    reading_type: str,
    utility: str,
    register: int | None,
    **changes: Any,
) -> dict[str, Any]:
    """Return a service point as the API gives it, read a few seconds ago."""
    read_at = None if register is None else (datetime.now(UTC) - timedelta(seconds=8)).isoformat()
    return {
        "service_point_id": service_point_id,
        "name": {"bg": names[0], "en": names[1]},
        "utility": utility,
        "reading_type": reading_type,
        "unit": UNITS[utility],
        "parent_service_point_id": None,
        "meter": {
            "meter_id": f"m-{service_point_id}",
            "serial": "17-4402913",
            "make": "ABB",
            "model": "B23",
        },
        "node_id": "n-mladost-01",
        "register": register,
        "read_at": read_at,
        "received_at": read_at,
        "quality": [],
        "instantaneous": None,
        **changes,
    }


def an_epoch(serial: str, installed_at: str, **changes: Any) -> dict[str, Any]:
    """Return a register epoch as the API gives it, that of a water meter which hangs there."""
    return {
        "serial": serial,
        "unit": "ml",
        "installed_at": installed_at,
        "removed_at": None,
        "start_register": None,
        "final_register": None,
        "events": [],
        **changes,
    }


def a_flow(reading_type: str, reading: int) -> dict[str, Any]:
    """Return the instantaneous reading that goes with a register's type, read just now."""
    name, unit = FLOWS[reading_type]
    now = datetime.now(UTC).isoformat()
    return {
        "reading_type": name,
        "unit": unit,
        "reading": reading,
        "read_at": now,
        "quality": [],
    }


def buildings() -> dict[str, dict[str, Any]]:
    """Return two buildings by id, as the API gives them, read just now."""
    return {
        "mladost-17": {
            "premises_id": "mladost-17",
            "name": {"bg": "Жилищен блок „Младост“ 17", "en": "Mladost 17 apartment block"},
            "kind": "residential",
            "address": "ул. „Йерусалим“ 17, 1784 София",
            "service_points": [
                a_point(
                    "sp-home-cold",
                    ("Студена вода, главен", "Cold water, main"),
                    "cold_water",
                    "water",
                    8_412_377_450,
                    instantaneous={
                        "reading_type": "cold_water_flow",
                        "unit": "l/h",
                        "reading": 412,
                    },
                ),
                a_point(
                    "sp-home-hot", ("Топла вода", "Hot water"), "hot_water", "water", 3_077_912_000
                ),
                a_point(
                    "sp-home-flat",
                    ("Студена вода, ап. 3", "Cold water, flat 3"),
                    "cold_water",
                    "water",
                    214_377_200,
                    parent_service_point_id="sp-home-cold",
                    quality=["reconstructed"],
                ),
                a_point(
                    "sp-home-power",
                    ("Ток, общи части", "Electricity, common areas"),
                    "electricity_import",
                    "electricity",
                    412_377_450,
                    instantaneous=a_flow("electricity_import", 9850),
                ),
                a_point("sp-home-gas", ("Газ, котелно", "Gas, boiler room"), "gas", "gas", None),
                a_point(
                    "sp-home-heat",
                    ("Топлоенергия, абонатна", "Heat, substation"),
                    "heat",
                    "heat",
                    918_204_100,
                    read_at="2026-11-20T16:02:00+00:00",
                ),
            ],
        },
        "school-107": {
            "premises_id": "school-107",
            "name": {"bg": "107. ОУ „Хан Крум“", "en": "107th Primary School"},
            "kind": "school",
            "address": "ул. „Димитър Трайкович“ 16, 1164 София",
            "service_points": [
                a_point(
                    "sp-school-cold",
                    ("Студена вода", "Cold water"),
                    "cold_water",
                    "water",
                    1_204_377_200,
                ),
                a_point(
                    "sp-school-power",
                    ("Ток", "Electricity"),
                    "electricity_import",
                    "electricity",
                    88_204_100,
                ),
            ],
        },
    }


def building_summary(building: dict[str, Any], alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the list of premises says of a building."""
    return {
        **{key: building[key] for key in ("premises_id", "name", "kind", "address")},
        "open_alerts": sum(alert["state"] != "resolved" for alert in alerts),
        "today": [
            {
                "reading_type": point["reading_type"],
                "utility": point["utility"],
                "unit": point["unit"],
                "usage": None if point["register"] is None else HOURLY[point["utility"]] * 9,
            }
            for point in building["service_points"]
            if point["parent_service_point_id"] is None
        ],
    }


def usage_intervals(utility: str, resolution: str, first: str, until: str) -> dict[str, Any]:
    """Return usage up to now, with one missing and one estimated interval."""
    starts = starts_of(resolution, date.fromisoformat(first), date.fromisoformat(until))
    intervals = []
    for at, (start, end) in enumerate(pairwise(starts)):
        if start > datetime.now(UTC):
            break
        usage = used(utility, resolution, at, start)
        odd = (_MISSING_MONTH, _ESTIMATED_MONTH) if resolution == "month" else _ODD_HOURS
        missing, estimated = at == odd[0], at == odd[1]
        missing_rest = end > datetime.now(UTC)
        quality = ["missing"] if missing or missing_rest else ["estimated"] if estimated else []
        intervals.append(
            {
                "interval_start": start.isoformat(),
                "interval_end": end.isoformat(),
                "usage": None if missing else usage,
                "quality": quality,
            }
        )
    return {
        "unit": UNITS[utility],
        "resolution": resolution,
        "timezone": "Europe/Sofia",
        "intervals": intervals,
    }


def used(utility: str, resolution: str, at: int, start: datetime) -> int:
    """Return what was used in the interval at this place of those that were asked for."""
    hourly = HOURLY[utility]
    if resolution == "day":
        return round(hourly * 14 * (1.2 + math.cos(start.timetuple().tm_yday / 58) / 4))
    if resolution == "hour":
        by_day: float = max(0, math.sin((at - 5) / 19 * math.pi)) ** 1.5
        return round(hourly * (0.25 + by_day))
    return round(hourly * 430 * (1.5 + math.cos(at / 6 * math.pi)))


def starts_of(resolution: str, first: date, until: date) -> list[datetime]:
    """Return where the intervals of these local days begin, and where the last one ends."""
    begin = datetime(first.year, first.month, first.day, tzinfo=SOFIA).astimezone(UTC)
    end = datetime(until.year, until.month, until.day, tzinfo=SOFIA).astimezone(UTC)
    if resolution == "hour":
        hours = int((end - begin) / timedelta(hours=1))
        return [(begin + timedelta(hours=n)).astimezone(SOFIA) for n in range(hours + 1)]
    if resolution == "day":
        days = [first + timedelta(days=n) for n in range((until - first).days + 1)]
        return [datetime(one.year, one.month, one.day, tzinfo=SOFIA) for one in days]
    months = (until.year - first.year) * 12 + until.month - first.month
    places = [divmod(first.month - 1 + n, 12) for n in range(months + 1)]
    return [datetime(first.year + up, month + 1, 1, tzinfo=SOFIA) for up, month in places]
