# SPDX-License-Identifier: EUPL-1.2
"""What people look up: the audit trail of a service point, and what rules found there."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from psycopg.rows import DictRow

from cloud.kit.auth.rights import Principal
from cloud.kit.database import Database
from cloud.meters.service import trail_of_events
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_premises, one_service_point, visible_points
from cloud.validation import corrections_repository, findings_repository

EVENT, CORRECTION = 0, 1  # two sources; at one instant events come first
LAST = 2**63 - 1
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[datetime, int, int, bool]  # said_at, source, id, whether it was undone


@dataclass(frozen=True, kw_only=True)
class Said:
    """One thing that somebody said: that something happened, is corrected, or was not so."""

    key: Key
    action: Literal["recorded", "undone"]
    by: str
    because: str
    about: dict[str, Any]  # the event or correction, as it is now

    @property
    def source(self) -> int:
        """EVENT or CORRECTION."""
        return self.key[1]


class AuditTrail:
    """What was said of a service point, in order of time, for callers who may see it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, caller: Principal, service_point_id: str, after: Key | None, limit: int
    ) -> tuple[ServicePoint, list[Said]]:
        """Return what was said after a key."""
        said_at, source, number, undoing = after or (BEGINNING, EVENT, -1, False)
        own = (said_at, number, undoing)
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            events = await trail_of_events(
                connection,
                service_point_id,
                own if source == EVENT else (said_at, LAST, True),
                limit,
            )
            corrections = await corrections_repository.page_of_trail(
                connection,
                service_point_id,
                own if source == CORRECTION else (said_at, -1, False),
                limit,
            )
        said = [_of_event(fields) for fields in events]
        said += [_of_correction(fields) for fields in corrections]
        return point, sorted(said, key=lambda one: one.key)[:limit]

    async def findings_of_point(
        self, caller: Principal, service_point_id: str, after: tuple[datetime, int], limit: int
    ) -> list[DictRow]:
        """Return what rules found at a service point, after (started_at, finding_id)."""
        async with self._database.transaction() as connection:
            await one_service_point(connection, service_point_id, caller)
            return await findings_repository.page(connection, [service_point_id], after, limit)

    async def findings_of_premises(
        self, caller: Principal, premises_id: str, after: tuple[datetime, int], limit: int
    ) -> list[DictRow]:
        """Return what rules found in a building, after (started_at, finding_id)."""
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
            points = await visible_points(connection, [premises_id], caller)
            return await findings_repository.page(
                connection, [one.service_point_id for one in points], after, limit
            )


def _of_event(fields: dict[str, Any]) -> Said:
    undone = fields["undoing"]
    return Said(
        key=(fields["said_at"], EVENT, fields["event_id"], undone),
        action="undone" if undone else "recorded",
        by=fields["undone_by"] if undone else fields["recorded_by"],
        because=fields["undone_because"] if undone else fields["explanation"],
        about=fields,
    )


def _of_correction(fields: dict[str, Any]) -> Said:
    undone = fields["undoing"]
    return Said(
        key=(fields["said_at"], CORRECTION, fields["correction_id"], undone),
        action="undone" if undone else "recorded",
        by=fields["undone_by"] if undone else fields["made_by"],
        because=fields["undone_because"] if undone else fields["reason"],
        about=fields,
    )
