# SPDX-License-Identifier: EUPL-1.2
"""A finding, as it travels to the cloud: raised, told again as it grows, and at last cleared."""

import uuid
from dataclasses import asdict, dataclass, replace

from edge_gateway.leaks.stretch import ELECTRICITY, Meter, MeterKey
from edge_gateway.leaks.verdict import Cleared, Raised

RAISED = "raised"
CLEARED = "cleared"
_NAMESPACE = uuid.UUID("6a4c9f0e-2f0b-4b0e-9d5b-7c0f3a1e8d21")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Times in Unix s, from the readings themselves; ``started_at_s`` may precede the raising.

    ``kind`` is the most telling of ``kinds``, the rules that are or were convinced. Of electricity
    the fields in W and Wh are set, else those in l/h and l; the others are None. ``hours`` are
    those that convinced, as (started_at_s, l or Wh).
    """

    finding_id: str
    state: str
    node_id: str
    obis: str
    meter_id: str | None
    kind: str
    kinds: tuple[str, ...]
    raised_at_s: int
    started_at_s: int
    cleared_at_s: int | None
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
    hours: tuple[tuple[int, float], ...]

    def body(self) -> dict[str, object]:
        """Return its fields, by the contract's names."""
        return asdict(self)

    @property
    def lost(self) -> int:
        """Return what was lost so far, in l or Wh."""
        return (self.energy_wh if self.volume_l is None else self.volume_l) or 0

    def grown(self, volume: int) -> "Finding":
        """Return it with more lost; ``volume`` in ml or mWh."""
        if self.volume_l is None:
            return replace(self, energy_wh=volume // 1000)
        return replace(self, volume_l=volume // 1000)

    def raised_anew(self, group: str, at_s: int) -> "Finding":
        """Return it as a finding of this moment, under an id of its own."""
        finding_id = _identity(self.node_id, self.obis, group, at_s)
        return replace(self, finding_id=finding_id, raised_at_s=at_s)

    def cleared(self, verdict: Cleared, at_s: int) -> "Finding":
        """Return its last word."""
        return replace(
            self.grown(verdict.volume),
            state=CLEARED,
            cleared_at_s=at_s,
            explanation=verdict.explanation,
        )


def raised(
    key: MeterKey, meter: Meter, group: str, kinds: tuple[str, ...], verdict: Raised, at_s: int
) -> Finding:
    """Return a new finding; the same one, with the same id, however often it is worked out."""
    node_id, obis = key
    flows = [round(flow / 1000) for flow in (verdict.flow, verdict.flow_low, verdict.flow_high)]
    of_water: list[int | None] = [*flows, verdict.volume // 1000]
    of_power: list[int | None] = [None] * 4
    if meter.utility == ELECTRICITY:
        of_water, of_power = of_power, of_water
    return Finding(
        finding_id=_identity(node_id, obis, group, at_s),
        state=RAISED,
        node_id=node_id,
        obis=obis,
        meter_id=meter.meter_id,
        kind=kinds[0],
        kinds=kinds,
        raised_at_s=at_s,
        started_at_s=verdict.started_at_s,
        cleared_at_s=None,
        flow_l_per_h=of_water[0],
        flow_low_l_per_h=of_water[1],
        flow_high_l_per_h=of_water[2],
        volume_l=of_water[3],
        flow_w=of_power[0],
        flow_low_w=of_power[1],
        flow_high_w=of_power[2],
        energy_wh=of_power[3],
        confidence=verdict.confidence,
        explanation=verdict.explanation,
        ordinary_use=verdict.ordinary_use,
        clears_when=verdict.clears_when,
        hours=tuple((started_at_s, amount / 1000) for started_at_s, amount in verdict.hours),
    )


def _identity(node_id: str, obis: str, group: str, at_s: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{node_id} {obis} {group} {at_s}"))
