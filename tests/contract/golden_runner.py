# SPDX-License-Identifier: EUPL-1.2
"""Runs the golden vectors on whichever interpreter runs it, CPython or MicroPython.

``golden_runner.py FOLDER`` prints a line per vector: ``ok`` or ``FAIL``, and what was encoded
from it, so the lines of two interpreters must be the same.
"""

import json
import sys

from wire import (
    acknowledgement,
    command,
    event,
    fields,
    notice,
    package,
    reading_types,
    status,
    telegram,
    topics,
    transfer,
)
from wire.errors import WireError

FILES = (
    "telegram",
    "event",
    "acknowledgement",
    "command",
    "status",
    "topics",
    "reading_types",
    "notice",
    "package",
    "fetch",
)


def main(folder):
    """Print one line per vector."""
    for name in FILES:
        with open(folder + "/" + name + ".json", "rb") as file:
            vectors = json.loads(file.read().decode())
        for vector in vectors:
            print("%s: %s: %s" % (name, vector["name"], _check(name, vector)))


def _check(name, vector):
    try:
        outcome = _round_trip(name, vector["text"])
    except WireError as error:
        message = str(error)
        if "refused" not in vector:
            return "FAIL refused: " + message
        if vector["refused"] not in message:
            return "FAIL wrong refusal: " + message
        return "ok refused"
    if "refused" in vector:
        return "FAIL accepted"
    expected = vector.get("fields", vector.get("encoded", vector["text"]))
    if outcome != expected:
        return "FAIL got %r" % (outcome,)
    return "ok %s" % (outcome,)


def _round_trip(name, text):
    """Return what the vector means: bytes encoded again, or the parts of a name."""
    if name == "topics":
        parts = topics.parse(text)
        return list(parts) if topics.topic(*parts) == text else ["spelled otherwise"]
    if name == "reading_types":
        reading_type, channel = reading_types.parse(text)
        if reading_type.on_channel(channel) != text:
            return ["spelled otherwise"]
        return [reading_type.name, reading_type.unit, channel]
    return _recode(name, text.encode()).decode()


def _recode(name, payload):
    if name == "telegram":
        return telegram.encode(telegram.decode(payload))
    if name == "event":
        return event.encode(event.decode(payload))
    if name == "acknowledgement":
        return acknowledgement.encode(*acknowledgement.decode(payload))
    if name == "status":
        return status.encode(status.decode(payload))
    if name == "notice":
        kind, detail = notice.from_body(json.loads(payload.decode()))
        return fields.dump([("notice", kind), ("detail", detail)])
    if name == "package":
        return _manifest(package.decode_manifest(payload))
    if name == "fetch":
        return transfer.encode_fetch(*transfer.decode_fetch(payload))
    return _command(command.decode(payload))


def _manifest(manifest):
    return package.encode_manifest(
        manifest["board"], manifest["firmware"], manifest["sha256"], manifest["files"]
    )


def _command(message):
    if message["command"] == command.TIME:
        return command.encode_time(message["echo_up_ms"], message["now_ms"])
    if message["command"] == command.UPDATE:
        wanted = [message[name] for name in ("id", "expires_s", "package", "size", "firmware")]
        return command.encode_update(*wanted)
    return command.encode_settings(message["id"], message["expires_s"], message["settings"])


if __name__ == "__main__":
    main(sys.argv[1])
