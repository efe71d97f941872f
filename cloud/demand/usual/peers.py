# SPDX-License-Identifier: EUPL-1.2
"""Similar buildings: where a building's month stands among all of its kind, told of none of them.

Homes are compared by household, other buildings by floor area. What is told:

- of one whole month that is over, and of buildings that are known in full throughout it;
- of so many buildings besides those that the caller sees anyway; with the caller's own among them,
  so that whoever asks gets the same figures and the difference of two answers is nothing;
- three figures, none of which is a building's: the lower quartile, median and upper quartile are
  each the mean of three neighbours in the order, cut to two significant digits; and none where the
  smallest of the three is under a tenth of the largest, which would be told from it.
  Source: microaggregation and the p % rule with p = 10; Hundepool et al., Handbook on Statistical
  Disclosure Control (2010), 3.4 and 4.2.

Limits: what a building's meters cover isn't compared, nor how old or how warm it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Literal, TypeAlias

from cloud.premises.models import Premises

Per: TypeAlias = Literal["household", "m2"]
Reason: TypeAlias = Literal[
    "part_of_building", "size_unknown", "month_unknown", "too_few_buildings", "too_uneven"
]
HOMES = "residential"
TOGETHER = 3
LEAST_SHARE = 0.1
QUARTILES = (0.25, 0.5, 0.75)
DIGITS = 2


@dataclass(frozen=True, kw_only=True)
class Quartiles:
    """Lower quartile, median and upper quartile, smoothed so that they are nobody's."""

    lower: float
    median: float
    upper: float


def per_of(kind: str) -> Per:
    """Return by what buildings of a kind are compared."""
    return "household" if kind == HOMES else "m2"


def size_of(building: Premises) -> int:
    """Return how many households or square metres a building is compared by; 0 if unknown."""
    return building.households if per_of(building.kind) == "household" else building.floor_area_m2


def quartiles(amounts: Sequence[float]) -> Quartiles | None:
    """Return the quartiles of buildings' use per size; None if one could be told from them."""
    ranked = sorted(amounts)
    if len(ranked) < TOGETHER:
        return None
    told = []
    for share in QUARTILES:
        middle = round(share * (len(ranked) - 1))
        first = min(max(0, middle - TOGETHER // 2), len(ranked) - TOGETHER)
        near = ranked[first : first + TOGETHER]
        if near[0] < LEAST_SHARE * near[-1]:
            return None
        told.append(cut(sum(near) / TOGETHER))
    lower, median, upper = told
    return Quartiles(lower=lower, median=median, upper=upper)


def cut(amount: float) -> float:
    """Return an amount with two significant digits."""
    if not amount:
        return 0.0
    return float(round(amount, DIGITS - 1 - floor(log10(abs(amount)))))
