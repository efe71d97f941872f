# SPDX-License-Identifier: EUPL-1.2
"""Demand as the API tells it, for the fake cloud: three series, one without a model; data sets."""

import math
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.fakes.fake_city import SOFIA

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
HORIZON_H = 336
WARMTH = 0.035  # of use, for each degree colder


def a_series(
    series_id: str, names: tuple[str, str], utility: str, **changes: Any
) -> dict[str, Any]:
    """Return a series of use as the API gives it."""
    return {
        "series_id": series_id,
        "name": {"bg": names[0], "en": names[1]},
        "utility": utility,
        "level": "city",
        "unit": "l" if utility == "water" else "wh",
        "origin": "import",
        "supplier_id": "water-works",
        "premises_id": None,
        "service_point_id": None,
        "district": None,
        "place_id": "sofia",
        "source": "Sofia Water",
        "licence": "CC BY 4.0",
        "expected_every_h": 24,
        **changes,
    }


SERIES = {
    one["series_id"]: one
    for one in (
        a_series("sofia-heat", ("Топлоснабдяване, София", "District heat, Sofia"), "heat"),
        a_series(
            "lozenets-water",
            ("Вода, район Лозенец", "Water, Lozenets district"),
            "water",
            level="district",
            district="Лозенец",
            origin="iskar",
        ),
        a_series(
            "mladost-17-electricity",
            ("Жилищен блок „Младост“ 17", "Mladost 17 apartment block"),
            "electricity",
            level="building",
            premises_id="mladost-17",
            origin="iskar",
        ),
    )
}
FALLBACK = "mladost-17-electricity"
MEAN = {"sofia-heat": 610e6, "lozenets-water": 410e3, "mladost-17-electricity": 9300.0}


def _noise(series_id: str, at: datetime) -> float:
    return random.Random(f"{series_id}/{at:%Y%m%d%H}").gauss(0, 0.035)  # noqa: S311 - no secret


def amount(series_id: str, at: datetime) -> float:
    """Return what a series is expected to use in an hour: two peaks a day, less at weekends."""
    local = at.astimezone(SOFIA)
    hour = local.hour
    shape = 0.62 + 0.5 * math.exp(-(((hour - 8) / 2.6) ** 2))
    shape += 0.62 * math.exp(-(((hour - 20) / 3.0) ** 2))
    weekend = 0.93 if local.weekday() >= 5 else 1.0
    slow = 1 + 0.09 * math.sin(local.timetuple().tm_yday / 4.1)
    return MEAN[series_id] * shape * weekend * slow


def used(series_id: str, at: datetime) -> float:
    """Return what it did use."""
    return amount(series_id, at) * (1 + _noise(series_id, at))


def a_forecast(
    series_id: str, resolution: str, issued_at: datetime, now: datetime
) -> dict[str, Any]:
    """Return the forecast of a series as it was issued."""
    hours: list[dict[str, Any]] = []
    days: dict[date, list[dict[str, Any]]] = {}
    for at in range(HORIZON_H):
        start = issued_at + at * HOUR
        middle = amount(series_id, start)
        spread = 0.06 + 0.05 * at / HORIZON_H
        told = used(series_id, start) if start + HOUR <= now else None
        hours.append(
            {
                "interval_start": start.astimezone(SOFIA).isoformat(),
                "p05": middle * (1 - spread),
                "p50": middle,
                "p95": middle * (1 + spread),
                "used": told,
            }
        )
        days.setdefault(start.astimezone(SOFIA).date(), []).append(hours[-1])
    whole = [(day, its) for day, its in days.items() if len(its) >= 23]
    is_fallback = series_id == FALLBACK
    return {
        "series_id": series_id,
        "utility": SERIES[series_id]["utility"],
        "unit": SERIES[series_id]["unit"],
        "timezone": "Europe/Sofia",
        "resolution": resolution,
        "issued_at": issued_at.astimezone(SOFIA).isoformat(),
        "made_at": issued_at.astimezone(SOFIA).isoformat(),
        "model_version": None if is_fallback else "20261122T0400Z-1",
        "is_fallback": is_fallback,
        "fallback_reason": "too_little_history" if is_fallback else None,
        "inputs": {
            "known_at": issued_at.isoformat(),
            "usage_until": issued_at.isoformat(),
            "weather_known_at": issued_at.isoformat(),
            "weather_forecast_share": 0.7,
            "weather_climatology_share": 0.3,
        },
        "day_ranges": "none" if is_fallback else "calibrated",
        "hours": hours if resolution == "hour" else [],
        "days": [_day(day, its, is_fallback) for day, its in whole] if resolution == "day" else [],
    }


def _day(day: date, its: list[dict[str, Any]], is_fallback: bool) -> dict[str, Any]:
    known = [one["used"] for one in its]
    is_over = all(one is not None for one in known)

    def range_of(pick: Callable[[list[float]], float], spread: float) -> dict[str, Any]:
        middle = pick([one["p50"] for one in its])
        return {
            "p05": None if is_fallback else middle * (1 - spread),
            "p50": middle,
            "p95": None if is_fallback else middle * (1 + spread),
            "used": pick(known) if is_over else None,
        }

    return {"day": day.isoformat(), "sum": range_of(sum, 0.03), "peak": range_of(max, 0.05)}


def an_accuracy(series_id: str) -> dict[str, Any]:
    mean = MEAN[series_id]
    figures = [
        {
            "window_days": days,
            "lead": "day_1",
            "hours": days * 24,
            "mae": mean * 0.028,
            "mape_pct": 2.8,
            "bias_pct": 0.2,
            "pinball_pct": 0.8,
            "coverage90_pct": coverage,
            "width90_pct": 12.0,
            "naive_mae": mean * 0.061,
            "check_mae": mean * 0.027,
            "fallback_pct": 0.0,
        }
        for days, coverage in ((7, 92.3), (28, 90.6), (90, 89.1))
    ]
    week = {
        "week_from": "2026-11-14",
        "days": 7,
        "error_pct": 3.4,
        "check_error_pct": 2.7,
        "coverage90_pct": 91.0,
        "model_age_days": 4.5,
    }
    drift = {
        "what": "use",
        "found_at": "2026-11-20T03:00:00+02:00",
        "began_on": "2026-11-12",
        "direction": "up",
        "statistic": 7.1,
        "model_version": None,
    }
    return {
        "series_id": series_id,
        "unit": SERIES[series_id]["unit"],
        "audited_on": "2026-11-21",
        "figures": [] if series_id == FALLBACK else figures,
        "weeks": [] if series_id == FALLBACK else [week],
        "drifts": [drift] if series_id == "lozenets-water" else [],
        "model": None,
    }


def an_explanation() -> dict[str, Any]:
    shares = {
        "temperature": 61.4,
        "calendar": 22.8,
        "holiday": 3.1,
        "season": 4.4,
        "trend": 1.2,
        "rain": 0.0,
        "rest": 7.1,
    }
    return {
        "sentence": "",
        "reference_temperature_c": 17.2,
        "share_of_use_pct": shares,
        "share_of_hourly_variance_pct": shares,
        "share_of_daily_variance_pct": shares,
        "ablation": [{"group": "rain", "kept": False}, {"group": "supply_rain", "kept": False}],
    }


def a_scenario(mean: float, today: date) -> dict[str, Any]:
    def span(kind: str, days: int, spread: float) -> dict[str, Any]:
        middle = mean * 24 * days
        last = today + days * DAY
        total = {"p05": middle * (1 - spread), "p50": middle, "p95": middle * (1 + spread)}
        first = today.isoformat()
        return {"kind": kind, "first_day": first, "last_day": last.isoformat(), "total": total}

    return {
        "unit": "wh",
        "weather_years": 85,
        "spans": [span("month", 30, 0.11), span("season", 118, 0.07), span("year", 365, 0.04)],
        "cold_day": {
            "amount": mean * 38,
            "low": mean * 35,
            "high": mean * 42,
            "temperature_c": -13.6,
        },
    }


def datasets() -> dict[str, Any]:
    """Return the register: weather that comes, use that is late, and a gap year."""

    def one(dataset_id: str, kind: str, names: tuple[str, str], **changes: Any) -> dict[str, Any]:
        years = [{"year": year, "intervals": 8760, "missing": 0} for year in range(2016, 2027)]
        years[3]["missing"] = 2600
        return {
            "dataset_id": dataset_id,
            "kind": kind,
            "name": {"bg": names[0], "en": names[1]},
            "what": "weather",
            "level": "grid",
            "place": None,
            "supplier_id": None,
            "source": "ERA5 (Copernicus), Open-Meteo",
            "licence": "CC BY 4.0",
            "unit": None,
            "coverage": [
                {
                    "resolution": "hour",
                    "first": "2016-01-01T00:00:00+02:00",
                    "until": "2026-11-22T06:00:00+02:00",
                    "share": 0.973,
                    "years": years,
                }
            ],
            "expected_every_h": 6,
            "age_h": 4.2,
            "is_late": False,
            "findings": [],
            **changes,
        }

    odd = [{"kind": "frozen", "explanation": "The same amount for 31 hours.", "hours": 31}]
    return {
        "as_of": datetime.now(UTC).isoformat(),
        "count": 4,
        "items": [
            one("weather:sofia", "weather", ("Времето в София", "Weather of Sofia")),
            one(
                "weather:musala",
                "weather",
                ("Връх Мусала, Рила", "Musala peak, Rila"),
                level="station",
                source="NIMH",
                licence=None,
                is_late=None,
            ),
            one(
                "usage:sofia-heat",
                "usage",
                ("Топлоснабдяване, София", "District heat, Sofia"),
                what="heat",
                level="city",
                source="Toplofikatsia Sofia",
                age_h=52.0,
                is_late=True,
                findings=odd,
            ),
            one(
                "usage:mladost-17-electricity",
                "usage",
                ("Жилищен блок „Младост“ 17", "Mladost 17 apartment block"),
                what="electricity",
                level="building",
                source="Iskar: meters read here",
                coverage=[],
                age_h=None,
                is_late=None,
            ),
        ],
    }


def an_expected_bill(month: str) -> dict[str, Any]:
    """Return what a building's month costs in the end."""

    def money(so_far: str, low: str | None, middle: str | None, high: str | None) -> dict[str, Any]:
        return {"so_far_eur": so_far, "low_eur": low, "expected_eur": middle, "high_eur": high}

    def point(utility: str, names: tuple[str, str], amounts: dict[str, Any]) -> dict[str, Any]:
        return {
            **amounts,
            "utility": utility,
            "name": {"bg": names[0], "en": names[1]},
            "reason": None if amounts["expected_eur"] else "too_little_history",
            "is_assumed": False,
            "is_complete": True,
            "leaves_out": [],
        }

    return {
        **money("201.32", "281.10", "298.45", "322.90"),
        "month": month,
        "is_over": False,
        "is_fallback": True,
        "is_assumed": True,
        "is_complete": True,
        "unpriced": ["sp-home-gas"],
        "bills": [
            point("water", ("Вода", "Water"), money("41.02", "56.30", "58.10", "61.75")),
            point("electricity", ("Ток", "Power"), money("62.20", "83.95", "88.40", "95.10")),
            point("heat", ("Топлина", "Heat"), money("98.10", "138.20", "151.95", "169.30")),
        ],
    }
