# SPDX-License-Identifier: EUPL-1.2
"""Event: something a node reports besides its registers.

Events share the node's sequence with telegrams, so that a missing one is noticed in the same way.
"""

from wire import VERSION, fields, telegram
from wire.errors import WireError

BOOT = "boot"  # detail: reset, firmware, wake_s
CLOCK_SET = "clock_set"  # detail: before_s, after_s: the node's clock was first set or stepped
HEALTH = "health"  # detail: heap_free_bytes, journal_entries, journal_bytes, rssi_dbm, …
JOURNAL_LOST = "journal_lost"  # detail: boot, first, last: these sequences will never come
METER_UNREACHABLE = "meter_unreachable"  # detail: channel, reason
METER_BACK = "meter_back"  # detail: channel, after_s
LATE_REPLY = "late_reply"  # detail: channel, count
POWER_LOST = "power_lost"  # detail: pulses_at_risk: what a cut may have cost, at most
SETTINGS_APPLIED = "settings_applied"  # detail: id and what changed
SETTINGS_REFUSED = "settings_refused"  # detail: id, reason
COMMAND_REFUSED = "command_refused"  # detail: id, command, reason: this firmware can't do it
UPDATE_FAILED = "update_failed"  # detail: id, reason: begun, given up; the firmware is as before

KINDS = (
    BOOT,
    CLOCK_SET,
    HEALTH,
    JOURNAL_LOST,
    METER_UNREACHABLE,
    METER_BACK,
    LATE_REPLY,
    POWER_LOST,
    SETTINGS_APPLIED,
    SETTINGS_REFUSED,
    COMMAND_REFUSED,
    UPDATE_FAILED,
)
_FIELDS = ("ver", "id", "boot", "seq", "t", "tq", "event", "detail")


class Event:
    """A kind and its detail, under the key (node_id, boot, sequence)."""

    def __init__(
        self,
        node_id: str,
        boot: int,
        sequence: int,
        time_s: int,
        time_quality: int,
        kind: str,
        detail: "dict[str, int | str]",
    ) -> None:
        self.node_id = node_id
        self.boot = boot
        self.sequence = sequence
        self.time_s = time_s
        self.time_quality = time_quality
        self.kind = kind
        self.detail = detail


def encode(event: Event) -> bytes:
    """Return the bytes of ``event``; equal events give equal bytes."""
    return fields.dump(
        [
            ("ver", VERSION),
            ("id", event.node_id),
            ("boot", event.boot),
            ("seq", event.sequence),
            ("t", event.time_s),
            ("tq", event.time_quality),
            ("event", event.kind),
            ("detail", event.detail),
        ]
    )


def decode(payload: bytes) -> Event:
    """Return the event in ``payload``, or raise WireError saying what is wrong with it."""
    return from_fields(fields.parse(payload))


def from_fields(message: "dict[str, object]") -> Event:
    """Return the event of an already parsed JSON object, or raise WireError."""
    fields.only(message, _FIELDS)
    kind = message["event"]
    if kind not in KINDS:
        raise WireError("Event %r is none of %s." % (kind, ", ".join(KINDS)))
    return Event(
        fields.identifier(message["id"], "id"),
        fields.integer(message, "boot", 0, fields.MAX_BOOT),
        fields.integer(message, "seq", 1, fields.MAX_SEQUENCE),
        fields.integer(message, "t", 0, fields.MAX_UNIX_S),
        fields.integer(message, "tq", telegram.TIME_KNOWN, telegram.TIME_HELD),
        str(kind),
        fields.details(message["detail"], "detail"),
    )
