# SPDX-License-Identifier: EUPL-1.2
"""Coverage: how much of a series is known, from when to when, and where it lacks."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from cloud.demand.history.models import Intervals
from cloud.demand.series import Usage
from cloud.kit.hypertable import ZONE


def coverage(usage: Usage, coarse: tuple[Intervals, ...] = ()) -> dict[str, Any]:
    """Return what is known of one series, as the register tells it.

    Of its hours, and of the days and months that were brought; ``share`` is of the hours from the
    first known one to the end of the last, ``years`` (of the city's calendar) of those within.
    """
    told = [{"resolution": one.resolution, **_span(one)} for one in coarse if len(one.starts)]
    known = np.isfinite(usage.amounts[0])
    places = np.flatnonzero(known)
    if len(places):
        told = [_hours(usage, int(places[0]), int(places[-1]) + 1), *told]
    return {"resolutions": told}


def _hours(usage: Usage, first: int, end: int) -> dict[str, Any]:
    within = usage.between(first, end)
    known = np.isfinite(within.amounts[0])
    years = 1970 + within.hours.day.astype("datetime64[D]").astype("datetime64[Y]").astype(int)
    return {
        "resolution": "hour",
        "first": within.hours.start.isoformat(),
        "until": within.hours.end.isoformat(),
        "share": float(known.mean()),
        "years": [
            {
                "year": int(year),
                "hours": int((years == year).sum()),
                "missing": int((~known[years == year]).sum()),
            }
            for year in np.unique(years)
        ],
    }


def _span(one: Intervals) -> dict[str, Any]:
    known = np.isfinite(one.amounts)
    if not known.any():
        return {"first": None, "until": None, "share": 0.0, "years": []}
    starts = [start.astimezone(ZONE) for start, told in zip(one.starts, known, strict=True) if told]
    end = _end(starts[-1], is_month=one.resolution == "month")
    years: list[dict[str, int]] = []
    expected = 0
    for year in range(starts[0].year, starts[-1].year + 1):
        whole = _count(starts[0], end, year, is_month=one.resolution == "month")
        expected += whole
        here = sum(start.year == year for start in starts)
        years.append({"year": year, f"{one.resolution}s": whole, "missing": max(0, whole - here)})
    return {
        "first": starts[0].isoformat(),
        "until": end.isoformat(),
        "share": min(1.0, len(starts) / max(1, expected)),
        "years": years,
    }


def _end(start: datetime, *, is_month: bool) -> datetime:
    if is_month:
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    day = (start + timedelta(hours=36)).date()
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def _count(first: datetime, end: datetime, year: int, *, is_month: bool) -> int:
    """Return how many days or months of a year lie between."""
    since = max(first, datetime(year, 1, 1, tzinfo=ZONE))
    until = min(end, datetime(year + 1, 1, 1, tzinfo=ZONE))
    if is_month:
        return (until.year - since.year) * 12 + until.month - since.month
    return round((until - since) / timedelta(days=1))
