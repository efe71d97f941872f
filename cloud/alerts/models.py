# SPDX-License-Identifier: EUPL-1.2
"""Alerts and labels as this module keeps them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from cloud.kit.auth.sight import Sight
from cloud.kit.live import Announcement

EVERYTHING = Sight(sees_all=True)

RAISED = "raised"  # as gateways say it
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

CRITICAL = "critical"  # water or gas may do harm within the hour
WARNING = "warning"
NOTICE = "notice"
_SEVERITY = {
    **dict.fromkeys(("burst", "gas_flow"), CRITICAL),
    **dict.fromkeys(("stuck", "missing", "standby"), NOTICE),
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

    @property
    def group(self) -> str:
        """Leak, burst or meter: a meter has one finding of each at a time."""
        return GROUPS[self.kind]

    @property
    def lost(self) -> int:
        """Return what was lost so far, in l or Wh."""
        return (self.energy_wh if self.volume_l is None else self.volume_l) or 0


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Findings of one meter as the app and the API show them: figures of the newest, sums of all.

    Open since ``opened_at``; ``resolved_at`` is None as long as it is. ``cost_eur`` is worked out
    when it is shown; ``label`` and ``label_id`` are those that stand.
    """

    alert_id: str
    premises_id: str
    service_point_id: str
    meter_id: str | None
    utility: str
    kind: str
    kinds: list[str]
    state: str
    raised_at: datetime
    started_at: datetime
    opened_at: datetime
    acknowledged_at: datetime | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
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

    @property
    def severity(self) -> str:
        """How soon somebody should look: critical, warning or notice."""
        return severity(self.kind)

    @property
    def is_open(self) -> bool:
        """Whether it isn't resolved."""
        return self.resolved_at is None

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
        told = asdict(self) | {"hours": hours, "severity": self.severity}
        return {
            name: one.astimezone(UTC).isoformat() if isinstance(one, datetime) else one
            for name, one in told.items()
        }


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which alerts to list: None and empty for all; only those in ``sight``."""

    sight: Sight = EVERYTHING
    premises_ids: Collection[str] | None = None
    service_point_id: str | None = None
    states: Sequence[str] = ()
    utilities: Sequence[str] = ()
    kinds: Sequence[str] = ()
    nothing: bool = False  # the filters contradict each other
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class AlertEvent:
    """Something that happened to an alert: who did what when, and how it stood then.

    ``actor`` is user:ID, token:ID, gateway:ID or system.
    """

    event_id: int
    alert_id: str
    verb: str
    state: str
    happened_at: datetime
    actor: str
    note: str


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


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Somebody's wish to hear of alerts, and how; empty lists stand for everything.

    Between ``quiet_from`` and ``quiet_to``, minutes of the local day, only what is critical is
    told. ``subscription_key`` can't be guessed and stands in links; ``ended_because`` says why it
    is told nothing any more.
    """

    subscription_key: str
    owner: str
    subscription_id: str
    channel: str  # email or push
    language: str
    premises_id: str | None
    utilities: list[str]
    kinds: list[str]
    severities: list[str]
    quiet_from: int | None
    quiet_to: int | None
    push_endpoint: str | None
    push_key: str | None
    push_auth: str | None
    created_at: datetime
    ended_at: datetime | None = None
    ended_because: str | None = None


def severity(kind: str) -> str:
    """Return how soon somebody should look after an alert of this kind."""
    return _SEVERITY.get(kind, WARNING)


def topic(kind: str) -> str:
    """Return what events of this kind are about: leak or meter_fault."""
    return "meter_fault" if GROUPS[kind] == METER else "leak"
