# SPDX-License-Identifier: EUPL-1.2
"""Meters, nodes, gateways and installations as the other modules see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EventKind = Literal["installation", "exchange", "removal", "rollover", "reset"]

VALIDATION = "validation"  # who records a rollover that was noticed in the readings


@dataclass(frozen=True, kw_only=True)
class Meter:
    """An instrument; ``q3_l_per_h`` is a water meter's permanent flow, ``households`` behind it.

    ``register_modulus`` is the count at which the register is at zero again, ``max_per_h`` the most
    that can pass in an hour, both in the reading type's unit; None where nobody has told.
    """

    meter_id: str
    serial: str
    make: str
    model: str
    q3_l_per_h: int | None
    households: int | None
    register_modulus: int | None = None
    max_per_h: int | None = None

    @property
    def limits(self) -> tuple[int | None, int | None, int | None]:
        """What decides which of its readings can be."""
        return (self.q3_l_per_h, self.register_modulus, self.max_per_h)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One register of a meter at a service point, read by a node: a register epoch.

    Half open: from ``valid_from`` up to ``valid_to``, None while it hangs there. One that was
    undone ends where it begins, so that nothing belongs to it. ``start_register`` and
    ``final_register`` are what the dial showed at the two ends, None where nobody looked.
    """

    installation_id: int
    service_point_id: str
    meter_id: str
    node_id: str
    obis: str
    valid_from: datetime
    valid_to: datetime | None
    start_register: int | None = None
    final_register: int | None = None

    @property
    def is_undone(self) -> bool:
        """Tell whether it was recorded and then undone."""
        return self.valid_to == self.valid_from

    @property
    def what(self) -> tuple[str, str, str]:
        """Which register of which meter, read by whom."""
        return (self.meter_id, self.node_id, self.obis)

    def overlaps(self, other: "Installation") -> bool:
        """Tell whether both hold at some instant."""
        return (
            not (self.is_undone or other.is_undone)
            and (other.valid_to is None or self.valid_from < other.valid_to)
            and (self.valid_to is None or other.valid_from < self.valid_to)
        )

    def holds_at(self, unix_s: int) -> bool:
        """Tell whether the meter hung there at that second."""
        return self.valid_from.timestamp() <= unix_s and (
            self.valid_to is None or unix_s < self.valid_to.timestamp()
        )


@dataclass(frozen=True, kw_only=True)
class RegisterEvent:
    """Something that happened to a register at an instant, and who said so.

    ``register_before`` and ``register_after`` are what it showed around ``at``, None where nobody
    looked. ``installation_id`` is the epoch it belongs to as things are known now: the one that an
    installation or exchange begins, that a removal ends, in which a rollover or reset falls.
    """

    event_id: int
    service_point_id: str
    installation_id: int | None
    kind: EventKind
    at: datetime
    register_before: int | None
    register_after: int | None
    explanation: str
    recorded_by: str  # person:EMAIL, token:LABEL or VALIDATION
    recorded_at: datetime
    undone_at: datetime | None
    undone_by: str | None
    undone_because: str | None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """What a gateway must know of one register that its nodes send."""

    node_id: str
    obis: str
    meter_id: str
    service_point_id: str
    q3_l_per_h: int | None
    households: int | None
