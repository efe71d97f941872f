# SPDX-License-Identifier: EUPL-1.2
"""Findings become alerts: admitted with the batch they come in, told once it has committed."""

import uuid
from collections.abc import Sequence

from cloud.alerts import models, repository
from cloud.alerts.cost import costed
from cloud.alerts.messages import Messages
from cloud.alerts.models import Finding
from cloud.alerts.reports import finding_in
from cloud.kit.database import Connection
from cloud.kit.live import announce
from cloud.meters.models import Installation
from cloud.meters.service import gateways_of, installations_of_nodes
from cloud.premises.service import points_by_id
from cloud.readings.models import Admission, Entry, Reason
from cloud.tariffs.costs import Costs
from wire.errors import WireError


class FindingAdmitter:
    """Takes in findings."""

    def __init__(self, messages: Messages, costs: Costs) -> None:
        self._messages = messages
        self._costs = costs

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
            if await self._keep(connection, gateway_id, finding, hung):
                admission.stored += 1
            else:
                admission.repeated += 1
        return admission

    async def _keep(
        self, connection: Connection, gateway_id: str, finding: Finding, hung: Installation
    ) -> bool:
        """Store a finding and tell of it; False if it says nothing new."""
        point = (await points_by_id(connection, [hung.service_point_id]))[hung.service_point_id]
        alert = await repository.add_alert(
            connection,
            finding,
            alert_id=str(uuid.uuid4()),
            gateway_id=gateway_id,
            premises_id=point.premises_id,
            service_point_id=point.service_point_id,
            utility=point.type.utility,
            meter_id=hung.meter_id,
        )
        is_new = alert is not None
        if alert is None:
            alert = await repository.update_alert(connection, gateway_id, finding)
        if alert is None:
            return False
        alert = await costed(connection, self._costs, alert)
        await announce(connection, [alert.news()])
        if is_new or alert.state == models.CLEARED:
            await self._messages.tell(connection, alert, point, hung.meter_id)
        return True


def _installation(installations: Sequence[Installation], finding: Finding) -> Installation | None:
    """Return where the finding's register hung when it was raised, or hangs now."""
    candidates = [
        one for one in installations if (one.node_id, one.obis) == (finding.node_id, finding.obis)
    ]
    for one in candidates:
        if one.holds_at(int(finding.raised_at.timestamp())):
            return one
    return candidates[-1] if candidates else None
