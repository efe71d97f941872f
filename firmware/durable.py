# SPDX-License-Identifier: EUPL-1.2
"""Small states on flash: after a power cut the old one or the new one, never half of one."""

import binascii
import json


def save(flash, name, state):
    """Replace the file ``name`` by ``state``, anything JSON can hold."""
    body = json.dumps(state).encode()
    with flash.open(name + ".new", "wb") as file:
        file.write(b"%08x " % binascii.crc32(body) + body)
        flash.sync(file)
    flash.rename(name + ".new", name)


def load(flash, name):
    """Return the state in the file ``name``, or None when there is none or its bits have rotted."""
    try:
        with flash.open(name, "rb") as file:
            content = file.read()
    except OSError:
        return None
    body = content[9:]
    if content[:9] != b"%08x " % binascii.crc32(body):
        return None
    return json.loads(body.decode())
