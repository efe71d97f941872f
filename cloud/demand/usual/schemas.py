# SPDX-License-Identifier: EUPL-1.2
"""What usual days and similar buildings look like over HTTP."""

from datetime import date

from pydantic import AwareDatetime, BaseModel

from cloud.demand.usual.method import Kind, Likeness, Reason
from cloud.demand.usual.peers import Per
from cloud.demand.usual.peers import Reason as PeerReason


class UsualRange(BaseModel):
    """What ``days`` like days had used by the same hour, in the unit of what holds this.

    ``likeness`` is what they were chosen by: the kind of day and the weather, or the kind alone.
    """

    low: int
    median: int
    high: int
    days: int
    likeness: Likeness


class UsualUse(BaseModel):
    """One utility of a building today, up to ``until``, against a usual day.

    ``usage`` is of the hours that are known in full; where ``missing_hours`` before ``until`` are
    not, nothing is compared. ``temperature_c`` is the day's mean. ``usual`` is None for ``reason``.
    """

    premises_id: str
    utility: str
    unit: str
    usage: int | None
    quality: list[str]
    until: AwareDatetime | None
    missing_hours: int
    day_kind: Kind
    temperature_c: float | None
    usual: UsualRange | None
    reason: Reason | None


class UsualToday(BaseModel):
    """What was used today, and by this hour of usual days."""

    day: date
    timezone: str
    items: list[UsualUse]


class PeerQuartiles(BaseModel):
    """Quartiles of ``buildings`` of one kind, each of them smoothed and cut; None is a building."""

    lower: float
    median: float
    upper: float
    buildings: int


class PeerUse(BaseModel):
    """One utility of a building over a month, per household or m²; its own, and that of its kind.

    ``usage_per`` is None where the building's own isn't known or isn't the caller's to compare;
    ``peers`` is None for ``reason``.
    """

    utility: str
    unit: str
    usage_per: float | None
    quality: list[str]
    peers: PeerQuartiles | None
    reason: PeerReason | None


class PeerComparison(BaseModel):
    """A building's last whole month among the buildings of its ``kind``."""

    premises_id: str
    month: str
    kind: str
    per: Per
    min_premises: int
    items: list[PeerUse]
