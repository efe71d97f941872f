# SPDX-License-Identifier: EUPL-1.2
"""Corrections: an editor's word on readings and usage, with a reason, undone as easily as made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CorrectionKind = Literal["exclude", "accept", "usage"]


@dataclass(frozen=True, kw_only=True)
class Correction:
    """An editor's word on what was measured at a service point in [since, until).

    ``exclude`` and ``accept``: whether its raw readings with ``read_at`` in there count, whatever
    screening says. ``usage``: what was used there, over whole hours, in the reading type's unit.
    """

    correction_id: int
    service_point_id: str
    kind: CorrectionKind
    since: datetime
    until: datetime
    usage: int | None
    reason: str
    made_by: str  # person:EMAIL or token:LABEL
    made_at: datetime
    undone_at: datetime | None
    undone_by: str | None
    undone_because: str | None

    def says(
        self, kind: CorrectionKind, since: datetime, until: datetime, usage: int | None
    ) -> bool:
        """Tell whether it says just that."""
        return (self.kind, self.since, self.until, self.usage) == (kind, since, until, usage)
