# SPDX-License-Identifier: EUPL-1.2
"""Meters, nodes, gateways and installations as the other modules see them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Meter:
    """An instrument; ``q3_l_per_h`` is a water meter's permanent flow, ``households`` behind it."""

    meter_id: str
    serial: str
    make: str
    model: str
    q3_l_per_h: int | None
    households: int | None


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One register of a meter at a service point, read by a node: a register epoch.

    Half open: from ``valid_from`` up to ``valid_to``, None while it hangs there.
    """

    installation_id: int
    service_point_id: str
    meter_id: str
    node_id: str
    obis: str
    valid_from: datetime
    valid_to: datetime | None

    @property
    def what(self) -> tuple[str, str, str]:
        """Which register of which meter, read by whom."""
        return (self.meter_id, self.node_id, self.obis)

    def holds_at(self, unix_s: int) -> bool:
        """Tell whether the meter hung there at that second."""
        return self.valid_from.timestamp() <= unix_s and (
            self.valid_to is None or unix_s < self.valid_to.timestamp()
        )


@dataclass(frozen=True, kw_only=True)
class Channel:
    """What a gateway must know of one register that its nodes send."""

    node_id: str
    obis: str
    meter_id: str
    service_point_id: str
    q3_l_per_h: int | None
    households: int | None
