# SPDX-License-Identifier: EUPL-1.2
"""Command: what a gateway tells a node.

``time`` answers a status: ``echo_up_ms`` is that status's ``up_ms``, so the node measures the
round trip and takes the time only from a fresh answer. ``settings`` changes what a node may have
changed from afar; the node answers with the event settings_applied or settings_refused.
"""

from wire import VERSION, fields
from wire.errors import WireError

TIME = "time"
SETTINGS = "settings"
SETTABLE = ("sample_interval_s",)
MAX_SAMPLE_INTERVAL_S = 86400

_TIME_FIELDS = ("ver", "command", "echo_up_ms", "now_ms")
_SETTINGS_FIELDS = ("ver", "command", "id", "expires_s", "settings")


def encode_time(echo_up_ms: int, now_ms: int) -> bytes:
    """Return the answer to a status that was sent at ``echo_up_ms`` of the node's uptime."""
    return fields.dump(
        [("ver", VERSION), ("command", TIME), ("echo_up_ms", echo_up_ms), ("now_ms", now_ms)]
    )


def encode_settings(command_id: str, expires_s: int, settings: "dict[str, int]") -> bytes:
    """Return the command to apply ``settings`` unless Unix time has passed ``expires_s``."""
    return fields.dump(
        [
            ("ver", VERSION),
            ("command", SETTINGS),
            ("id", command_id),
            ("expires_s", expires_s),
            ("settings", settings),
        ]
    )


def decode(payload: bytes) -> "dict[str, object]":
    """Return the checked fields of a command, or raise WireError."""
    message = fields.parse(payload)
    kind = message.get("command")
    if kind == TIME:
        fields.only(message, _TIME_FIELDS)
        fields.integer(message, "echo_up_ms", 0, fields.MAX_REGISTER)
        fields.integer(message, "now_ms", 0, fields.MAX_UNIX_S * 1000)
    elif kind == SETTINGS:
        fields.only(message, _SETTINGS_FIELDS)
        fields.identifier(message["id"], "id")
        fields.integer(message, "expires_s", 0, fields.MAX_UNIX_S)
        _check_settings(message["settings"])
    else:
        raise WireError("Command %r is neither time nor settings." % (kind,))
    return message


def _check_settings(content: object) -> None:
    if not isinstance(content, dict) or not content:
        raise WireError("Field settings is not an object with at least one setting.")
    for name in content:
        if name not in SETTABLE:
            raise WireError("Setting %r can't be changed from afar." % (name,))
        fields.integer(content, name, 1, MAX_SAMPLE_INTERVAL_S)
