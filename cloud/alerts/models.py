# SPDX-License-Identifier: EUPL-1.2
"""Alerts and labels as this module keeps them."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cloud.kit.live import Announcement

RAISED = "raised"
ACKNOWLEDGED = "acknowledged"
CLEARED = "cleared"

METER = "meter"  # faults of the meter itself, no leaks
# What a kind belongs to; a meter has one finding of a group at a time, and a label is for a group.
GROUPS = {
    "continuous_flow": "leak",
    "floor_flow": "leak",
    "steady_flow": "leak",
    "intermittent_flow": "leak",
    "growing_flow": "leak",
    "night_flow": "leak",
    "imbalance": "leak",
    "gas_flow": "leak",
    "standby": "leak",
    "burst": "burst",
    "backflow": METER,
    "stuck": METER,
    "missing": METER,
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One state of what a gateway found, as a batch brings it.

    Of electricity in W and Wh, else in l/h and l; the fields of the other are None, and the ranges
    where the gateway tells none. ``hours`` are those that convinced it: [Unix s, l or Wh] each.
    """

    finding_id: str
    state: str
    node_id: str
    obis: str
    kind: str
    kinds: list[str]
    raised_at: datetime
    started_at: datetime
    cleared_at: datetime | None
    flow_l_per_h: int | None
    flow_low_l_per_h: int | None
    flow_high_l_per_h: int | None
    flow_w: int | None
    flow_low_w: int | None
    flow_high_w: int | None
    volume_l: int | None
    energy_wh: int | None
    confidence: int
    explanation: str
    ordinary_use: str
    clears_when: str
    hours: list[tuple[int, float]]
    reported_at: datetime


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A finding as the app and the API show it.

    ``cost_eur`` is worked out when it is shown; ``label`` and ``label_id`` are those that stand.
    """

    alert_id: str
    premises_id: str
    service_point_id: str
    utility: str
    kind: str
    kinds: list[str]
    state: str
    raised_at: datetime
    started_at: datetime
    cleared_at: datetime | None
    reported_at: datetime
    flow_l_per_h: int | None
    flow_low_l_per_h: int | None
    flow_high_l_per_h: int | None
    flow_w: int | None
    flow_low_w: int | None
    flow_high_w: int | None
    volume_l: int | None
    energy_wh: int | None
    confidence: int
    explanation: str
    ordinary_use: str
    clears_when: str
    hours: list[list[float]]
    label: str | None
    label_id: str | None
    cost_eur: float | None = None

    @property
    def lost(self) -> int:
        """Return what was lost so far, in l or Wh."""
        return (self.energy_wh if self.volume_l is None else self.volume_l) or 0

    def news(self) -> Announcement:
        """Return what the live streams tell of it."""
        return Announcement(event="alert", premises_id=self.premises_id, content=self.content())

    def content(self) -> dict[str, Any]:
        """Return its fields as JSON has them."""
        amount = "energy_wh" if self.volume_l is None else "volume_l"
        hours = [
            {"started_at": datetime.fromtimestamp(start_s, UTC).isoformat(), amount: lost}
            for start_s, lost in self.hours
        ]
        return {
            name: one.astimezone(UTC).isoformat() if isinstance(one, datetime) else one
            for name, one in (asdict(self) | {"hours": hours}).items()
        }


@dataclass(frozen=True, kw_only=True)
class Label:
    """Somebody's word that an alert was ordinary use, and perhaps that it wasn't after all."""

    label_id: str
    alert_id: str
    label: str  # irrigation, pool, cooling or other
    note: str
    labelled_by: str  # person:EMAIL or token:LABEL
    labelled_at: datetime
    undone_by: str | None
    undone_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class LabelledUse:
    """What a labelled alert was like, as its gateway is told: as it was seen, with no allowance.

    Flows in l/h or W. The minutes are of the local day, None where it lasted half a day or more:
    then its time of day says nothing.
    """

    label_id: str
    group: str
    flow_low: int
    flow_high: int
    from_minute: int | None
    to_minute: int | None
    length_s: int
