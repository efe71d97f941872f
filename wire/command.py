# SPDX-License-Identifier: EUPL-1.2
"""Command: what a gateway tells a node.

``time`` answers a status: ``echo_up_ms`` is that status's ``up_ms``, so the node measures the
round trip and takes the time only from a fresh answer. ``settings`` changes what a node may have
changed from afar; the node answers with the event settings_applied or settings_refused. ``update``
offers a package (see ``wire.package``), which the node fetches in chunks; it answers with the boot
event of the new firmware, or with update_failed. Whatever has an id and is beyond a node's firmware
it answers with command_refused.

The gateway repeats a command until its answer comes; an id that a node knows changes nothing.
"""

from wire import VERSION, fields, package
from wire.errors import WireError

TIME = "time"
SETTINGS = "settings"
UPDATE = "update"
KINDS = (TIME, SETTINGS, UPDATE)
SETTABLE = ("sample_interval_s",)
MAX_SAMPLE_INTERVAL_S = 86400

_TIME_FIELDS = ("ver", "command", "echo_up_ms", "now_ms")
_SETTINGS_FIELDS = ("ver", "command", "id", "expires_s", "settings")
_UPDATE_FIELDS = ("ver", "command", "id", "expires_s", "package", "size", "firmware")


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


def encode_update(
    command_id: str, expires_s: int, package_id: str, size: int, firmware: str
) -> bytes:
    """Return the command to fetch the package of ``size`` bytes and to become ``firmware``."""
    return fields.dump(
        [
            ("ver", VERSION),
            ("command", UPDATE),
            ("id", command_id),
            ("expires_s", expires_s),
            ("package", package_id),
            ("size", size),
            ("firmware", firmware),
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
        check_settings(message["settings"])
    elif kind == UPDATE:
        fields.only(message, _UPDATE_FIELDS)
        fields.identifier(message["id"], "id")
        fields.integer(message, "expires_s", 0, fields.MAX_UNIX_S)
        fields.digest(message["package"], "package")
        fields.integer(message, "size", 1, package.MAX_BYTES)
        package.release(message["firmware"])
    else:
        raise WireError("Command %r is none of %s." % (kind, ", ".join(KINDS)))
    return message


def check_settings(content: object) -> None:
    """Refuse what is not an object of settings that may be changed from afar."""
    if not isinstance(content, dict) or not content:
        raise WireError("Field settings is not an object with at least one setting.")
    for name in content:
        if name not in SETTABLE:
            raise WireError("Setting %r can't be changed from afar." % (name,))
        fields.integer(content, name, 1, MAX_SAMPLE_INTERVAL_S)
