# SPDX-License-Identifier: EUPL-1.2
"""Rollovers that were noticed in readings, kept as register events.

They stand as long as the readings say so. One that a person undid stays undone: their word counts.
"""

from collections.abc import Sequence

from cloud.kit.database import Connection
from cloud.meters.models import VALIDATION
from cloud.meters.service import noticed_events, record_event, undo_noticed
from cloud.validation.finding import utc
from cloud.validation.history import unix
from cloud.validation.outcome import Outcome

BECAUSE = "The readings that came since say otherwise."


async def keep(connection: Connection, found: Sequence[Outcome]) -> None:
    """Record the rollovers of these outcomes, and undo those in their scopes that are none now."""
    known = await noticed_events(connection, {one.reviewed.installation_id for one in found})
    for one in found:
        at_s = {rollover.at_s for rollover in one.rollovers}
        for event in known:
            if (
                event.installation_id == one.reviewed.installation_id
                and event.undone_at is None
                and one.scope.since_s <= unix(event.at) <= one.scope.until_s
                and unix(event.at) not in at_s
            ):
                await undo_noticed(connection, event.event_id, BECAUSE)
        for rollover in one.rollovers:
            await record_event(
                connection,
                service_point_id=one.record.installation.service_point_id,
                installation_id=one.reviewed.installation_id,
                kind="rollover",
                at=utc(rollover.at_s),
                register_before=rollover.register_before,
                register_after=rollover.register_after,
                explanation=f"The register began again at zero after {rollover.modulus - 1}.",
                recorded_by=VALIDATION,
            )
