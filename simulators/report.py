# SPDX-License-Identifier: EUPL-1.2
"""What a run prints on its last line. The names are a contract."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures of one run; a latency or a detection that was not measured is None."""

    nodes: int
    telegrams_produced: int
    telegrams_stored: int
    lost: int
    duplicated: int
    dial_mismatches: int
    latency_p50_s: float | None
    latency_p99_s: float | None
    leak_detected_after_s: float | None
    webhook_verified: bool

    @property
    def exit_status(self) -> int:
        """1 if anything was lost, doubled or mismatched, or if there was nothing to lose."""
        faulty = self.lost or self.duplicated or self.dial_mismatches
        return 1 if faulty or not self.telegrams_produced else 0

    def as_json(self, faults: Mapping[str, int] | None = None) -> str:
        """Return one line of JSON, with the count of ``faults`` by kind where there were any."""
        figures = {
            name: round(figure, 3) if isinstance(figure, float) else figure
            for name, figure in asdict(self).items()
        }
        return json.dumps(figures | ({} if faults is None else {"faults": dict(faults)}))
