# SPDX-License-Identifier: EUPL-1.2
"""A finding, as it travels to the cloud: raised, and later once more, cleared."""

import uuid
from dataclasses import asdict, dataclass

RAISED = "raised"
CLEARED = "cleared"
_NAMESPACE = uuid.UUID("6a4c9f0e-2f0b-4b0e-9d5b-7c0f3a1e8d21")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Times in Unix s, from the readings themselves; ``started_at_s`` may precede the raising."""

    finding_id: str
    state: str
    node_id: str
    obis: str
    meter_id: str | None
    kind: str
    raised_at_s: int
    started_at_s: int
    cleared_at_s: int | None
    flow_l_per_h: int
    volume_l: int
    confidence: int
    explanation: str

    def body(self) -> dict[str, object]:
        """Return its fields, by the contract's names."""
        return asdict(self)


def finding_id(node_id: str, obis: str, kind: str, raised_at_s: int) -> str:
    """Return the same id for the same finding, however often it is worked out."""
    return str(uuid.uuid5(_NAMESPACE, f"{node_id} {obis} {kind} {raised_at_s}"))
