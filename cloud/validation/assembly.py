# SPDX-License-Identifier: EUPL-1.2
"""Assembly: from the rows of a file to the series of each meter."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from cloud.validation.days import Floats
from cloud.validation.files import Table
from cloud.validation.series import (
    DAY_S,
    HOUR_S,
    About,
    Integers,
    Limits,
    RegisterSeries,
    UsageSeries,
)
from cloud.validation.steps import FLOOR_S
from cloud.validation.units import own_units_per
from wire import reading_types
from wire.reading_types import ReadingType

MAX_DECIMALS = 6
LARGEST_TICKS = 2**53  # what a double holds to the last
IS_WHOLE = 1e-4  # ticks; a decimal fraction is never whole in binary

# A limit from what a meter shows: so many times what it exceeds in a twentieth of its readings,
# but never below the smallest meter: water DN15, Q3 = 2.5 m3/h; gas G4; 25 A at 230 V; 15 kW heat.
# Only a meter with few readings gets the limit of its kind: a file may hold a whole city's.
OF_USUAL = 50.0
USUAL_QUANTILE = 0.95
SMALLEST = {"water": 3_125_000, "gas": 6_000, "electricity": 5_750, "heat": 15_000}
UNLIMITED = 2**62
SERIES = ("meter_id", "reading_type")
MIN_READINGS = 30


@dataclass
class Loaded:
    """The series of a file; ``repeated`` rows said what another row had said.

    ``single`` registers were read only once: there is nothing to hold them against.
    """

    registers: list[RegisterSeries] = field(default_factory=list)
    usages: list[UsageSeries] = field(default_factory=list)
    repeated: int = 0
    single: int = 0
    without_limit: int = 0
    assumed: list[str] = field(default_factory=list)


def assemble(table: Table, unit: str | None) -> Loaded:
    """Return the series of all meters; ``unit`` is that of rows that name none.

    UnknownUnitError: it is no unit of a reading type in the file.
    """
    loaded = Loaded(assumed=list(table.assumed))
    _require_units(table.rows, unit)
    said: set[str] = set()
    for amount in ("register", "usage"):
        rows = table.rows.filter(pl.col(amount).is_finite().fill_null(False))
        once = rows.unique([*SERIES, "at_s", amount], keep="first", maintain_order=True)
        loaded.repeated += len(rows) - len(once)
        ordered = once.sort(*SERIES, "at_s", "row")
        if amount == "register":
            ordered, all_rows = ordered.filter(pl.len().over(SERIES) > 1), len(ordered)
            loaded.single = all_rows - len(ordered)
        place = 0
        for length in ordered.group_by(SERIES, maintain_order=True).len()["len"]:
            _add(loaded, ordered.slice(place, length), amount, unit, said)
            place += length
    loaded.assumed += sorted(said)
    return loaded


def _require_units(rows: pl.DataFrame, unit: str | None) -> None:
    """Raise UnknownUnitError unless each unit in the file fits what it measures."""
    for name, said in rows.select("reading_type", "unit").unique().iter_rows():
        if said or unit:
            own_units_per(said or unit or "", _type(name))


def _add(loaded: Loaded, part: pl.DataFrame, amount: str, unit: str | None, said: set[str]) -> None:
    name = str(part["reading_type"][0])
    reading_type = _type(name)
    named = _first(part, "unit") or unit
    quantity = _in_one_unit(part, amount, named, reading_type, said)
    decimals = _decimals(quantity)
    own = _own_units(named, reading_type, decimals, said)
    per_unit = 10**decimals
    at_s = part["at_s"].to_numpy().astype(np.int64)
    ticks = np.rint(quantity * per_unit).astype(np.int64)
    length_s = _lengths(at_s, part["end_s"].to_numpy()) if amount == "usage" else None
    per_h = _rates(at_s, ticks) if length_s is None else ticks * (HOUR_S / length_s)
    limits = _limits(part, reading_type, per_unit, own, per_h)
    loaded.without_limit += not limits.is_known
    about = About(
        meter_id=str(part["meter_id"][0]),
        reading_type=name,
        unit=named or (reading_type.unit if own else ""),
        per_unit=per_unit,
        limits=limits,
        premises_id=_first(part, "premises_id"),
        parent_meter_id=_first(part, "parent_meter_id"),
    )
    row = part["row"].to_numpy().astype(np.int64)
    if length_s is None:
        loaded.registers.append(
            RegisterSeries(about=about, read_at_s=at_s, register=ticks, row=row)
        )
    else:
        loaded.usages.append(
            UsageSeries(
                about=about,
                start_s=at_s,
                length_s=length_s,
                usage=ticks,
                row=row,
                is_measured=np.ones(len(at_s), dtype=bool),
            )
        )


def _in_one_unit(
    part: pl.DataFrame, amount: str, named: str | None, reading_type: ReadingType, said: set[str]
) -> Floats:
    """Return the amounts in the unit that the series begins with; rows without one have it."""
    units = part["unit"].drop_nulls().unique()
    quantity = part[amount].to_numpy()
    if named is None or len(units.filter(units != "")) < 2:
        return quantity
    said.add(
        f"{part['meter_id'][0]}, {reading_type.name}, names several units; all is brought to"
        f" {named}."
    )
    begun = own_units_per(named, reading_type)
    factors = {one: own_units_per(one or named, reading_type) / begun for one in units}
    return quantity * [factors.get(one, 1.0) for one in part["unit"]]


def _type(name: str) -> ReadingType:
    return reading_types.parse(name)[0] if ":" in name else reading_types.named(name)


def _first(part: pl.DataFrame, name: str) -> str | None:
    found = part[name].drop_nulls()
    return str(found[0]) if len(found) and str(found[0]) else None


def _decimals(quantity: Floats) -> int:
    """Return how many decimals the amounts have: 6 at most, and no more than a double holds."""
    largest = float(np.abs(quantity).max())
    most = next(n for n in range(MAX_DECIMALS, -1, -1) if not n or largest * 10**n < LARGEST_TICKS)
    for decimals in range(most):
        ticks = quantity * 10**decimals
        if np.all(np.abs(ticks - np.rint(ticks)) < IS_WHOLE):
            return decimals
    return most


def _own_units(
    named: str | None, reading_type: ReadingType, decimals: int, said: set[str]
) -> float | None:
    """Return how many of the reading type's units one of the file's is; None if nobody knows."""
    if named is not None:
        return own_units_per(named, reading_type)
    if decimals:
        said.add(
            f"{reading_type.name} has decimals but no unit, so physical limits are taken from"
            " what each meter shows; name it by a column unit or by --unit."
        )
        return None
    said.add(
        f"{reading_type.name} without a unit is taken as whole {reading_type.unit}; name another by"
        " a column unit or by --unit."
    )
    return 1.0


def _rates(at_s: Integers, ticks: Integers) -> Floats:
    """Return how much went through in an hour at the pace of each step."""
    passed_s = np.maximum(np.diff(at_s), FLOOR_S)
    return np.diff(ticks) * (HOUR_S / passed_s)


def _limits(
    part: pl.DataFrame, reading_type: ReadingType, per_unit: int, own: float | None, per_h: Floats
) -> Limits:
    """Return the meter's limits in ticks: as given, or a guess from its kind and what it shows."""
    given, modulus = (
        next((int(one * per_unit) for one in part[name].drop_nulls()[:1]), None)
        for name in ("max_per_h", "register_modulus")
    )
    if given is not None:
        return Limits(max_per_h=given, modulus=modulus, is_known=True)
    moved = per_h[per_h > 0]
    if len(moved) >= MIN_READINGS:
        most = OF_USUAL * float(np.quantile(moved, USUAL_QUANTILE))
        if own is not None:
            most = max(most, SMALLEST[reading_type.utility] / own * per_unit)
    else:
        most = UNLIMITED if own is None else Limits.of(reading_type.name).max_per_h / own * per_unit
    return Limits(max_per_h=max(int(min(most, UNLIMITED)), 1), modulus=modulus)


def _lengths(at_s: Integers, end_s: Floats) -> Integers:
    """Return how long each interval is: to its end, or as long as the usual pause."""
    pauses_s = np.diff(at_s)
    pauses_s = pauses_s[pauses_s > 0]
    usual_s = int(np.median(pauses_s)) if len(pauses_s) else HOUR_S
    ends = np.asarray(end_s, dtype=np.float64)
    told = ~np.isnan(ends) & (ends > at_s)
    lengths = np.where(told, np.where(told, ends, 0) - at_s, usual_s).astype(np.int64)
    if not told.any() and usual_s > 27 * DAY_S:  # months: each up to the next
        lengths[:-1] = np.where(np.diff(at_s) > 0, np.minimum(np.diff(at_s), 31 * DAY_S), usual_s)
    return lengths
