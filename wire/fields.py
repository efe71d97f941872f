# SPDX-License-Identifier: EUPL-1.2
"""Checks shared by every message: one field, one rule, one sentence when it is broken."""

import json

from wire import VERSION
from wire.errors import WireError

MAX_MESSAGE_BYTES = 2048
MAX_REGISTER = 9007199254740991  # 2^53 - 1: the last integer that every JSON reader keeps exact
MAX_BOOT = 2147483647
MAX_SEQUENCE = 2147483647
MAX_UNIX_S = 4102444800  # 2100-01-01: anything later is a broken clock
MAX_TEXT = 64
MAX_DETAILS = 16
_ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def parse(payload: bytes, limit_bytes: int = MAX_MESSAGE_BYTES) -> "dict[str, object]":
    """Return the JSON object in ``payload`` once its size and version are right."""
    if len(payload) > limit_bytes:
        raise WireError(
            "A message of %d bytes is over the limit of %d." % (len(payload), limit_bytes)
        )
    try:
        message = json.loads(bytes(payload).decode())
    except (ValueError, RuntimeError) as error:  # RuntimeError: nested too deep
        raise WireError("The message is not JSON: %s." % error)
    if not isinstance(message, dict):
        raise WireError("The message is not a JSON object.")
    version = message.get("ver")
    if isinstance(version, bool) or version != VERSION or not isinstance(version, int):
        raise WireError("Version %r is not %d; update the reader." % (version, VERSION))
    return message


def only(message: "dict[str, object]", names: "tuple[str, ...]") -> None:
    """Refuse a message that lacks one of ``names`` or has a field besides them."""
    for name in names:
        if name not in message:
            raise WireError("Field %s is missing." % name)
    for name in message:
        if name not in names:
            raise WireError("Field %r is not part of the contract." % name)


def integer(message: "dict[str, object]", name: str, low: int, high: int) -> int:
    """Return field ``name``, an integer in [low, high]."""
    content = message.get(name)
    if isinstance(content, bool) or not isinstance(content, int):
        raise WireError("Field %s is %r, not an integer." % (name, content))
    if not low <= content <= high:
        raise WireError("Field %s is %d, outside %d to %d." % (name, content, low, high))
    return content


def identifier(content: object, name: str) -> str:
    """Return ``content`` if it is 1 to 32 lower-case letters, digits or hyphens."""
    if not isinstance(content, str) or not 1 <= len(content) <= 32:
        raise WireError("Field %s is %r, not a name of 1 to 32 characters." % (name, content))
    for character in content:
        if character not in _ID_CHARACTERS:
            raise WireError(
                "Field %s is %r; only a to z, 0 to 9 and - are allowed." % (name, content)
            )
    return content


def digest(content: object, name: str) -> str:
    """Return ``content`` if it is a SHA-256 in 64 lower-case hexadecimal digits."""
    if not isinstance(content, str) or len(content) != 64 or content.strip("0123456789abcdef"):
        raise WireError("Field %s is %r, not 64 hexadecimal digits." % (name, content))
    return content


def text(content: object, name: str) -> str:
    """Return ``content`` if it is printable ASCII of at most 64 characters."""
    if not isinstance(content, str) or len(content) > MAX_TEXT:
        raise WireError("Field %s is not a text of at most %d characters." % (name, MAX_TEXT))
    for character in content:
        if not " " <= character <= "~":
            raise WireError("Field %s holds a character outside printable ASCII." % name)
    return content


def details(content: object, name: str) -> "dict[str, int | str]":
    """Return ``content`` if it is a flat object of at most 16 integers and short texts."""
    if not isinstance(content, dict) or len(content) > MAX_DETAILS:
        raise WireError("Field %s is not an object of at most %d entries." % (name, MAX_DETAILS))
    for key in content:
        text(key, name)
        if isinstance(content[key], int) and not isinstance(content[key], bool):
            integer(content, key, -MAX_REGISTER, MAX_REGISTER)
        else:
            text(content[key], "%s.%s" % (name, key))
    return content


def dump(pairs: "list[tuple[str, object]]") -> bytes:
    """Return compact JSON with the fields in the order given, nested objects sorted by key.

    The same message is the same bytes on both interpreters, so a hash of it means something.
    """
    return _object(pairs).encode()


def _object(pairs: "list[tuple[str, object]]") -> str:
    return "{" + ",".join([json.dumps(key) + ":" + _dump(item) for key, item in pairs]) + "}"


def _dump(item: object) -> str:
    if isinstance(item, dict):
        return _object([(key, item[key]) for key in sorted(item)])
    if isinstance(item, (list, tuple)):
        return "[" + ",".join([_dump(element) for element in item]) + "]"
    return json.dumps(item)
