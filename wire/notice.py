# SPDX-License-Identifier: EUPL-1.2
"""Notice: what a gateway itself has to say to the cloud, besides what its nodes say.

The body of an entry of kind ``notice`` in a batch: ``{"notice", "detail"}``. The key of a notice is
that of its entry: (gateway, store, n). When it was noticed is the entry's ``read_at_s``.
"""

from wire import fields
from wire.errors import WireError

CLOCK_STEPPED = "clock_stepped"  # detail: by_ms, known_from: clock, node or next_start
STORE_FILLING = "store_filling"  # detail: used_percent, limit_mb, waiting
THINNED = "thinned"  # detail: node, boot, first, last, count: so many in there were given up
STORE_DAMAGED = "store_damaged"  # detail: kept_as, salvaged, reason
COMMAND_EXPIRED = "command_expired"  # detail: node, id
ROLLOUT_HALTED = "rollout_halted"  # detail: rollout, node, reason
ROLLOUT_DONE = "rollout_done"  # detail: rollout, version, nodes
METER_BUS_LOST = "meter_bus_lost"  # detail: bus, reason
METER_BUS_BACK = "meter_bus_back"  # detail: bus, after_s
KEY_CONFLICT = "key_conflict"  # detail: node, boot, sequence: told twice, in different words

KINDS = (
    CLOCK_STEPPED,
    STORE_FILLING,
    THINNED,
    STORE_DAMAGED,
    COMMAND_EXPIRED,
    ROLLOUT_HALTED,
    ROLLOUT_DONE,
    METER_BUS_LOST,
    METER_BUS_BACK,
    KEY_CONFLICT,
)
_FIELDS = ("notice", "detail")


def body(kind: str, detail: "dict[str, int | str]") -> "dict[str, object]":
    """Return the body of an entry, or raise WireError."""
    content = {"notice": kind, "detail": detail}  # type: dict[str, object]
    from_body(content)
    return content


def from_body(content: "dict[str, object]") -> "tuple[str, dict[str, int | str]]":
    """Return (kind, detail) of the body of an entry, or raise WireError."""
    fields.only(content, _FIELDS)
    kind = content["notice"]
    if kind not in KINDS:
        raise WireError("Notice %r is none of %s." % (kind, ", ".join(KINDS)))
    return str(kind), fields.details(content["detail"], "detail")
