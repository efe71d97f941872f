# SPDX-License-Identifier: EUPL-1.2
"""What a rule is shown of a meter: the instrument, and what passed between two readings."""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from edge_gateway.leaks.labels import Label

HOUR_S = 3600
COMMONEST_Q3_L_PER_H = 2500  # of a home's meter, DN 15; assumed until the cloud has told

WATER = "water"
GAS = "gas"
ELECTRICITY = "electricity"
UTILITIES = (WATER, GAS, ELECTRICITY)

_BY_MEDIUM = {"1": ELECTRICITY, "7": GAS}  # IEC 62056-6-1, EN 13757-1; all else we watch is water

# A meter passes Q4 = 1.25 Q3 for a short time (ISO 4064-1); twice that did not flow through it.
MAX_FLOW_OF_Q3 = 2.5
COARSEST_STEP_ML = 100_000  # of a common pulse output; credited until the first steps were seen

MeterKey = tuple[str, str]  # (node_id, obis with its channel)


def utility(obis: str) -> str:
    """Return which utility a register is of, by its OBIS code."""
    return _BY_MEDIUM.get(obis.split("-")[0], WATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What is known of the instrument.

    ``q3_l_per_h`` is a water meter's permanent flow rate, the highest it is made for (ISO 4064-1,
    Q3); ``households`` is None for premises that are not homes, or unknown; ``parent`` is the main
    that this meter's register is part of; ``labels`` are what its owner called ordinary use,
    ``rules_off`` the kinds of rules that the owner switched off.
    """

    meter_id: str | None = None
    utility: str = WATER
    q3_l_per_h: int = COMMONEST_Q3_L_PER_H
    households: int | None = None
    parent: MeterKey | None = None
    labels: tuple[Label, ...] = ()
    rules_off: frozenset[str] = frozenset()

    def most_in(self, length_s: int) -> float:
        """Return what can have passed in so long at the most; no limit is known but of water."""
        if self.utility != WATER:
            return inf
        return MAX_FLOW_OF_Q3 * self.q3_l_per_h * length_s / 3.6


class Stretch(NamedTuple):
    """The time between two readings next to each other, and what passed in it.

    Amounts are ml of water or gas, mWh of electricity.
    """

    started_at_s: int
    ended_at_s: int
    amount: int  # below 0 only for rules that say ``sees_falls``
    step: int  # what the register's steps so far are all multiples of; at least its resolution

    @property
    def length_s(self) -> int:
        """Return how long it lasted; never 0."""
        return self.ended_at_s - self.started_at_s
