# SPDX-License-Identifier: EUPL-1.2
"""Findings become alerts: admitted with the batch they come in, told once it has committed."""

from collections.abc import Sequence

from cloud.alerts.course import Course
from cloud.alerts.models import Finding
from cloud.alerts.reports import finding_in
from cloud.kit.database import Connection
from cloud.meters.models import Installation
from cloud.meters.service import gateways_of, installations_of_nodes
from cloud.premises.service import points_by_id
from cloud.readings.models import Admission, Entry, Reason
from wire.errors import WireError


class FindingAdmitter:
    """Takes in findings."""

    def __init__(self, course: Course) -> None:
        self._course = course

    async def admit(
        self, connection: Connection, gateway_id: str, entries: Sequence[Entry]
    ) -> Admission:
        """Raise, update or clear the alert of each finding."""
        admission = Admission()
        findings = []
        for entry in entries:
            try:
                findings.append((entry, finding_in(entry)))
            except WireError as error:
                admission.refuse(entry, Reason.UNDECODABLE, str(error))
        nodes = {finding.node_id for _, finding in findings}
        owners = await gateways_of(connection, nodes)
        installations = await installations_of_nodes(connection, nodes)
        for entry, finding in findings:
            owner = owners.get(finding.node_id)
            if owner != gateway_id:
                reason = Reason.UNKNOWN_NODE if owner is None else Reason.NOT_YOUR_NODE
                admission.refuse(entry, reason, f"Node {finding.node_id} is not this gateway's.")
                continue
            hung = _installation(installations, finding)
            if hung is None:
                admission.refuse(
                    entry,
                    Reason.UNKNOWN_CHANNEL,
                    f"No service point is read by {finding.obis} of node {finding.node_id};"
                    " once one is recorded, this is taken in.",
                )
                continue
            points = await points_by_id(connection, [hung.service_point_id])
            point = points[hung.service_point_id]
            if await self._course.report(connection, gateway_id, finding, point, hung.meter_id):
                admission.stored += 1
            else:
                admission.repeated += 1
        return admission


def _installation(installations: Sequence[Installation], finding: Finding) -> Installation | None:
    """Return where the finding's register hung when it was raised, or hangs now."""
    candidates = [
        one for one in installations if (one.node_id, one.obis) == (finding.node_id, finding.obis)
    ]
    for one in candidates:
        if one.holds_at(int(finding.raised_at.timestamp())):
            return one
    return candidates[-1] if candidates else None
