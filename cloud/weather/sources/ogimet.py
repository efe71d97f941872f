# SPDX-License-Identifier: EUPL-1.2
"""OGIMET's ``getsynop`` answer: SYNOP reports (FM 12), one a line, behind their station and time.

A line is ``15614,2026,01,31,06,00,AAXX 31061 15614 …=``. Read are wind, temperature, humidity or
dew point, station pressure, precipitation of one hour and snow depth. Sums of 3, 6, 12 or 24 hours
overlap and belong to no hour: they are counted and left out.
Source: WMO-No. 306, Manual on Codes, volume I.1, FM 12-XIV SYNOP; ogimet.com/getsynop_help.phtml.en
"""

import math
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl

from cloud.weather.models import HOUR, HOUR_COLUMNS, Resolution
from cloud.weather.sources.told import Given, Told, UnreadableWeatherError

_LINE = re.compile(r"^(\d{5}),(\d{4}),(\d\d),(\d\d),(\d\d),(\d\d),(.*)$")
_KNOT = 1852 / 3600
_IN_KNOTS = "34"  # code table 1855
_ONE_HOUR = "5"  # code table 4019
_SECTION_3 = "333"
_HALF_AN_HOUR = timedelta(minutes=30)


def read(given: Given) -> list[Told]:
    """Return the hours of a file; of two reports for one hour the later in the file counts."""
    rows: dict[datetime, dict[str, float]] = {}
    notes: Counter[str] = Counter()
    for line in given.unpacked().decode("ascii", errors="replace").splitlines():
        found = _LINE.match(line.strip())
        if found is None:
            notes["lines that are no report"] += bool(line.strip())
            continue
        _, year, month, day, hour, minute, report = found.groups()
        try:
            at = datetime(*map(int, (year, month, day, hour, minute)), tzinfo=UTC)  # type: ignore[misc,arg-type]
        except ValueError:
            notes["lines that are no report"] += 1
            continue
        nearest = (at + _HALF_AN_HOUR).replace(minute=0)
        told = decoded(report, notes)
        rain = told.pop("precipitation_mm", None)
        rows.setdefault(nearest, {}).update(told)
        if rain is not None:  # of the hour that ends
            rows.setdefault(nearest - HOUR, {})["precipitation_mm"] = rain
    if not rows:
        raise UnreadableWeatherError(f"{given.name} holds no report as OGIMET's getsynop tells it.")
    schema = {"at": pl.Datetime("us", "UTC")} | dict.fromkeys(HOUR_COLUMNS, pl.Float64())
    table = pl.DataFrame([{"at": at, **told} for at, told in sorted(rows.items())], schema=schema)
    left = [name for name in HOUR_COLUMNS if table[name].null_count() < len(table)]
    return [Told(resolution=Resolution.HOUR, rows=table.select("at", *left), notes=dict(notes))]


def decoded(report: str, notes: Counter[str]) -> dict[str, float]:
    """Return what a report tells; groups that can't be read are skipped."""
    groups = report.strip().rstrip("=").split()
    if len(groups) < 5 or groups[0] != "AAXX" or "NIL" in groups:
        notes["reports without content"] += 1
        return {}
    told = _wind(groups[1], groups[4])
    is_first, is_third = True, False
    for group in groups[5:]:
        if group == _SECTION_3:
            is_first, is_third = False, True
        elif len(group) == 3:  # 222.. and 444, 555 begin other sections
            is_first = is_third = False
        elif is_first:
            _of_section_1(group, told, notes)
        elif is_third:
            _of_section_3(group, told, notes)
    _from_dew_point(told)
    return told


def _wind(time_group: str, wind_group: str) -> dict[str, float]:
    speed = wind_group[3:5]
    if len(time_group) != 5 or not speed.isdigit() or speed == "99":
        return {}
    return {"wind_m_per_s": int(speed) * (_KNOT if time_group[4] in _IN_KNOTS else 1.0)}


def _of_section_1(group: str, told: dict[str, float], notes: Counter[str]) -> None:
    kind, content = group[0], group[1:]
    if kind == "6":
        _rain(content, told, notes)
    elif not content.isdigit() or len(content) != 4:
        return
    elif kind == "1" and content[0] in "01":
        told["temperature_c"] = _signed(content)
    elif kind == "2" and content[0] == "9":
        told["humidity_pct"] = float(content[1:])
    elif kind == "2" and content[0] in "01":
        told["dew_point_c"] = _signed(content)
    elif kind == "3":  # tenths of hPa, without the thousands
        pressure = int(content) / 10
        told["pressure_hpa"] = pressure + 1000 if pressure < 500 else pressure


def _of_section_3(group: str, told: dict[str, float], notes: Counter[str]) -> None:
    if group[0] == "6":
        _rain(group[1:], told, notes)
    elif group[0] == "4" and group[2:].isdigit() and len(group) == 5:
        depth = int(group[2:])  # code table 3889
        told["snow_depth_cm"] = 0.5 if depth == 997 else float(depth) if depth < 997 else 0.0
        if depth == 999:  # couldn't be measured
            del told["snow_depth_cm"]


def _rain(content: str, told: dict[str, float], notes: Counter[str]) -> None:
    if len(content) != 4 or not content[:3].isdigit():
        return
    if content[3] != _ONE_HOUR:
        notes["precipitation of other lengths than an hour"] += 1
        return
    amount = int(content[:3])  # code table 3590
    told["precipitation_mm"] = float(amount) if amount < 990 else (amount - 990) / 10


def _signed(content: str) -> float:
    """Return tenths of a degree behind their sign, 0 for plus and 1 for minus."""
    return (-1 if content[0] == "1" else 1) * int(content[1:]) / 10


def _from_dew_point(told: dict[str, float]) -> None:
    """Put humidity in the dew point's place.

    Source: WMO-No. 8, Guide to Instruments, volume I, annex 4.B (Magnus, over water).
    """
    dew_c, air_c = told.pop("dew_point_c", None), told.get("temperature_c")
    if dew_c is None or air_c is None or "humidity_pct" in told:
        return
    share = math.exp(17.62 * dew_c / (243.12 + dew_c) - 17.62 * air_c / (243.12 + air_c))
    told["humidity_pct"] = min(100.0, 100 * share)
