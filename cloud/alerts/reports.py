# SPDX-License-Identifier: EUPL-1.2
"""Reports: findings as gateways write them, today's and those of earlier releases."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cloud.alerts.models import CLEARED, GROUPS, RAISED, Finding
from cloud.readings.models import Entry
from wire import fields, reading_types
from wire.errors import WireError

# What earlier gateways don't tell.
NOT_TOLD: dict[str, Any] = {
    "kinds": None,
    "flow_low_l_per_h": None,
    "flow_high_l_per_h": None,
    "flow_w": None,
    "flow_low_w": None,
    "flow_high_w": None,
    "energy_wh": None,
    "ordinary_use": "",
    "clears_when": "",
    "hours": (),
}
FIELDS = (
    *("finding_id", "state", "node_id", "obis", "meter_id", "kind", "raised_at_s", "started_at_s"),
    *("cleared_at_s", "flow_l_per_h", "volume_l", "confidence", "explanation", *NOT_TOLD),
)
FLOWS = (
    ("flow_l_per_h", "flow_low_l_per_h", "flow_high_l_per_h"),
    ("flow_w", "flow_low_w", "flow_high_w"),
)
# characters of all texts together; up to 6000 bytes, and a NOTIFY carries under 8000
MAX_TEXTS = 1500
MAX_HOURS = 6


def finding_in(entry: Entry) -> Finding:
    """Return the finding in ``entry``, or raise WireError."""
    body = {**NOT_TOLD, **entry.body}
    fields.only(body, FIELDS)
    if body["state"] not in (RAISED, CLEARED):
        raise WireError(f"State {fields.text(body['state'], 'state')} is not raised or cleared.")
    reading_types.parse(body["obis"])
    _one_of(body, "flow_l_per_h", "flow_w")
    _one_of(body, "volume_l", "energy_wh")
    texts = [_text(body, name) for name in ("explanation", "ordinary_use", "clears_when")]
    if sum(map(len, texts)) > MAX_TEXTS:
        raise WireError(f"The texts have more than {MAX_TEXTS} characters together.")
    return Finding(
        finding_id=_name(body["finding_id"]),
        state=body["state"],
        node_id=fields.identifier(body["node_id"], "node_id"),
        obis=body["obis"],
        kind=_kind(body["kind"]),
        kinds=_kinds(body),
        raised_at=_time(body["raised_at_s"], "raised_at_s"),
        started_at=_time(body["started_at_s"], "started_at_s"),
        cleared_at=_cleared_at(body, entry),
        **{name: _amount(body, name) for flows in FLOWS for name in flows},
        volume_l=_amount(body, "volume_l"),
        energy_wh=_amount(body, "energy_wh"),
        confidence=fields.integer(body, "confidence", 0, 100),
        explanation=texts[0],
        ordinary_use=texts[1],
        clears_when=texts[2],
        hours=_hours(body["hours"]),
        reported_at=datetime.fromtimestamp(entry.received_at_ms / 1000, UTC),
    )


def _cleared_at(body: dict[str, Any], entry: Entry) -> datetime | None:
    if body["cleared_at_s"] is not None:
        return _time(body["cleared_at_s"], "cleared_at_s")
    return datetime.fromtimestamp(entry.read_at_s, UTC) if body["state"] == CLEARED else None


def _time(content: object, name: str) -> datetime:
    at_s = fields.integer({name: content}, name, 0, fields.MAX_UNIX_S)
    return datetime.fromtimestamp(at_s, UTC)


def _one_of(body: dict[str, Any], first: str, second: str) -> None:
    if (body[first] is None) == (body[second] is None):
        raise WireError(f"Of {first} and {second} exactly one is to be told.")


def _amount(body: dict[str, Any], name: str) -> int | None:
    return None if body[name] is None else fields.integer(body, name, 0, fields.MAX_REGISTER)


def _kind(content: object) -> str:
    kind = fields.text(content, "kind")
    if kind not in GROUPS:
        raise WireError(f"Kind {kind} is not one that we know.")
    return kind


def _kinds(body: dict[str, Any]) -> list[str]:
    """Return all kinds, the most telling first."""
    told = [body["kind"]] if body["kinds"] is None else body["kinds"]
    if not isinstance(told, Sequence) or isinstance(told, str) or body["kind"] not in told:
        raise WireError("Field kinds is not a list that holds the kind.")
    if len(told) > len(GROUPS):
        raise WireError(f"Field kinds has {len(told)} entries; there are {len(GROUPS)} kinds.")
    return list(dict.fromkeys(_kind(one) for one in told))


def _hours(content: object) -> list[tuple[int, float]]:
    if not isinstance(content, Sequence) or isinstance(content, str) or len(content) > MAX_HOURS:
        raise WireError(f"Field hours is not a list of at most {MAX_HOURS} hours.")
    return [_hour(one) for one in content]


def _hour(content: object) -> tuple[int, float]:
    if not isinstance(content, Sequence) or isinstance(content, str) or len(content) != 2:
        raise WireError("An entry of hours is not a time and an amount.")
    started_at_s, amount = content
    _time(started_at_s, "hours")
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise WireError("An amount of hours is not a number.")
    if not -fields.MAX_REGISTER <= amount <= fields.MAX_REGISTER:  # not-a-number neither
        raise WireError(f"An amount of hours is beyond {fields.MAX_REGISTER}.")
    return started_at_s, amount


def _name(content: object) -> str:
    name = fields.text(content, "finding_id")
    if not name:
        raise WireError("Field finding_id is empty.")
    return name


def _text(body: dict[str, Any], name: str) -> str:
    content = body[name]
    if not isinstance(content, str):
        raise WireError(f"Field {name} is not a text.")
    if any(one < " " or "\ud800" <= one <= "\udfff" for one in content):
        raise WireError(f"Field {name} holds a control character or half of a pair.")
    return content
