# SPDX-License-Identifier: EUPL-1.2
"""Series: what is known of one meter over time, as columns; amounts are integers, never floats.

An amount counts ticks: ``1 / per_unit`` of ``unit``. In the cloud a tick is the reading type's own
unit; a file with kWh and one decimal has ticks of 0.1 kWh.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from wire import reading_types
from wire.errors import WireError

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

HOUR_S = 3600
DAY_S = 86400

# A meter may pass Q4 = 1.25 Q3 for a short time. Source: ISO 4064-1:2014, 4.1.
Q4_OF_Q3 = 1.25
# Where nothing is known of a meter, in the reading type's unit: more than any meter of one
# building. Water: Q4 of DN150, Q3 = 250 m3/h (ISO 4064-1). Gas: Qmax of G400, 650 m3/h (EN 12480).
# Electricity and heat: 10 MW, a medium-voltage connection.
MAX_PER_H = {
    "cold_water": 312_500_000,
    "hot_water": 312_500_000,
    "gas": 650_000,
    "electricity_import": 10_000_000,
    "electricity_export": 10_000_000,
    "heat": 10_000_000,
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a meter can do: ticks an hour at most; the register begins again at ``modulus``.

    ``is_known`` tells a limit of this very meter from a generous guess.
    """

    max_per_h: int
    modulus: int | None = None
    is_known: bool = False

    @classmethod
    def of(
        cls,
        reading_type: str,
        *,
        max_per_h: int | None = None,
        q3_l_per_h: int | None = None,
        modulus: int | None = None,
    ) -> Self:
        """Return the limits in the reading type's unit, from the best that is known."""
        if max_per_h is not None:
            return cls(max_per_h=max_per_h, modulus=modulus, is_known=True)
        if q3_l_per_h is not None and reading_types.named(reading_type).utility == "water":
            return cls(max_per_h=int(q3_l_per_h * 1000 * Q4_OF_Q3), modulus=modulus, is_known=True)
        return cls(max_per_h=MAX_PER_H[reading_type], modulus=modulus)


@dataclass(frozen=True, kw_only=True)
class About:
    """Whose series it is; ``parent_meter_id`` is the main that this meter's use runs through."""

    meter_id: str
    reading_type: str
    unit: str
    per_unit: int
    limits: Limits
    premises_id: str | None = None
    parent_meter_id: str | None = None

    @classmethod
    def of(cls, meter_id: str, reading_type: str, limits: Limits | None = None) -> Self:
        """Return a meter's description in the reading type's own unit."""
        return cls(
            meter_id=meter_id,
            reading_type=reading_type,
            unit=reading_types.named(reading_type).unit,
            per_unit=1,
            limits=limits or Limits.of(reading_type),
        )

    @property
    def utility(self) -> str:
        """Which utility bills it; the reading type itself where it is none of ours."""
        try:
            return str(reading_types.named(self.reading_type).utility)
        except WireError:
            return self.reading_type

    def amount(self, ticks: float) -> str:
        """Return ticks as people read them: in the unit, or in thousands of it."""
        return amount(ticks / self.per_unit, self.unit)

    def in_unit(self, ticks: float) -> float:
        """Return ticks as a number of ``unit``, for evidence."""
        return float(ticks) / self.per_unit


_LARGER = {"ml": ("l", 1000), "l": ("m³", 1000), "Wh": ("kWh", 1000), "kWh": ("MWh", 1000)}


def amount(quantity: float, unit: str) -> str:
    """Return a quantity with its unit, in the largest unit that leaves it at 10 or more."""
    while unit in _LARGER and abs(quantity) >= 10 * _LARGER[unit][1]:
        unit, quantity = _LARGER[unit][0], quantity / _LARGER[unit][1]
    if abs(quantity) < 1:
        said = f"{quantity:.3g}"
    else:
        is_whole = abs(quantity) >= 1000 or quantity == int(quantity)
        said = f"{quantity:,.{0 if is_whole else 1}f}".replace(",", " ")
    return f"{said} {unit}".rstrip()


@dataclass(frozen=True, kw_only=True)
class RegisterSeries:
    """Registers of one meter in order of ``read_at_s``, then of ``row``.

    ``row`` is the order in which they were written down: the line of a file, or their order of
    boot and sequence.
    """

    about: About
    read_at_s: Integers
    register: Integers
    row: Integers

    def __len__(self) -> int:
        return len(self.read_at_s)


@dataclass(frozen=True, kw_only=True)
class UsageSeries:
    """Usage of one meter over intervals in order of their start; unknown ones are absent.

    ``row`` as with registers; ``is_measured`` is False where the usage was spread over a gap.
    """

    about: About
    start_s: Integers
    length_s: Integers
    usage: Integers
    row: Integers
    is_measured: Mask

    def __len__(self) -> int:
        return len(self.start_s)

    @cached_property
    def step_s(self) -> int:
        """The usual length of an interval; 0 if there is none."""
        if not len(self):
            return 0
        lengths, counts = np.unique(self.length_s, return_counts=True)
        return int(lengths[np.argmax(counts)])

    @cached_property
    def measured(self) -> Self:
        """Only what was measured."""
        if self.is_measured.all():
            return self
        return self.where(self.is_measured)

    @cached_property
    def once(self) -> Self:
        """The first of those that start at the same instant."""
        if not len(self):
            return self
        is_first = np.concatenate(([True], np.diff(self.start_s) != 0))
        return self if is_first.all() else self.where(is_first)

    def where(self, keep: Mask) -> Self:
        """Return only the intervals of ``keep``."""
        return replace(
            self,
            start_s=self.start_s[keep],
            length_s=self.length_s[keep],
            usage=self.usage[keep],
            row=self.row[keep],
            is_measured=self.is_measured[keep],
        )


def runs(mask: Mask) -> tuple[Integers, Integers]:
    """Return where each run of True begins and where it has ended, as places."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return edges[::2], edges[1::2]
