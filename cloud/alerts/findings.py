# SPDX-License-Identifier: EUPL-1.2
"""Findings become alerts: admitted with the batch they come in, told once it has committed."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cloud.alerts import models, repository
from cloud.alerts.messages import Messages
from cloud.alerts.models import Finding
from cloud.kit.database import Connection
from cloud.kit.live import announce
from cloud.meters.models import Installation
from cloud.meters.service import gateways_of, installations_of_nodes
from cloud.premises.service import points_by_id
from cloud.readings.models import Admission, Entry, Reason
from wire import fields, reading_types
from wire.errors import WireError

FIELDS = (
    *("finding_id", "state", "node_id", "obis", "meter_id", "kind", "raised_at_s", "started_at_s"),
    *("cleared_at_s", "flow_l_per_h", "volume_l", "confidence", "explanation"),
)
MAX_EXPLANATION = 1500  # characters; up to 6000 bytes, and a NOTIFY carries under 8000


class FindingAdmitter:
    """Takes in findings."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    async def admit(
        self, connection: Connection, gateway_id: str, entries: Sequence[Entry]
    ) -> Admission:
        """Raise, update or clear the alert of each finding."""
        admission = Admission()
        findings = []
        for entry in entries:
            try:
                findings.append((entry, _finding(entry)))
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
            meter_id=hung.meter_id,
        )
        is_new = alert is not None
        if alert is None:
            alert = await repository.update_alert(connection, gateway_id, finding)
        if alert is None:
            return False
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


def _finding(entry: Entry) -> Finding:
    """Return the finding in ``entry``, or raise WireError."""
    body = entry.body
    fields.only(body, FIELDS)
    if body["state"] not in (models.RAISED, models.CLEARED):
        raise WireError(f"State {fields.text(body['state'], 'state')} is not raised or cleared.")
    if body["kind"] not in models.KINDS:
        raise WireError(f"Kind {fields.text(body['kind'], 'kind')} is not one that we know.")
    reading_types.parse(body["obis"])
    cleared_at = None
    if body["cleared_at_s"] is not None:
        cleared_at = _time(body, "cleared_at_s")
    elif body["state"] == models.CLEARED:
        cleared_at = datetime.fromtimestamp(entry.read_at_s, UTC)
    return Finding(
        finding_id=_name(body["finding_id"]),
        state=body["state"],
        node_id=fields.identifier(body["node_id"], "node_id"),
        obis=body["obis"],
        kind=body["kind"],
        raised_at=_time(body, "raised_at_s"),
        started_at=_time(body, "started_at_s"),
        cleared_at=cleared_at,
        flow_l_per_h=fields.integer(body, "flow_l_per_h", 0, fields.MAX_REGISTER),
        volume_l=fields.integer(body, "volume_l", 0, fields.MAX_REGISTER),
        confidence=fields.integer(body, "confidence", 0, 100),
        explanation=_explanation(body["explanation"]),
        reported_at=datetime.fromtimestamp(entry.received_at_ms / 1000, UTC),
    )


def _time(body: dict[str, Any], name: str) -> datetime:
    return datetime.fromtimestamp(fields.integer(body, name, 0, fields.MAX_UNIX_S), UTC)


def _name(content: object) -> str:
    name = fields.text(content, "finding_id")
    if not name:
        raise WireError("Field finding_id is empty.")
    return name


def _explanation(content: object) -> str:
    if not isinstance(content, str) or len(content) > MAX_EXPLANATION:
        raise WireError(f"Field explanation is not a text of at most {MAX_EXPLANATION} characters.")
    if any(one < " " or "\ud800" <= one <= "\udfff" for one in content):
        raise WireError("Field explanation holds a control character or half of a pair.")
    return content
