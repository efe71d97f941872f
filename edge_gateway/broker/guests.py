# SPDX-License-Identifier: EUPL-1.2
"""A guest on our broker: Home Assistant, by password, on a port and on topics of its own.

The gateway publishes to it through the same port in the same name, so nothing that comes that way
can reach a node. Source: mosquitto.conf(5) and mosquitto_passwd(1), 2.0.
"""

import base64
import hashlib
import os
from pathlib import Path

from edge_gateway.broker import certificates
from edge_gateway.settings import BrokerSettings
from wire import topics

HOME_ASSISTANT = "home_assistant"  # with a character that no node's or gateway's id has
STATE_ROOT = "iskar/home"  # beside iskar/v1, which is the nodes'
_ITERATIONS = 20_000  # some 20 ms at each connection; one a minute at most
_SALT_BYTES = 12  # mosquitto_passwd's own


def listener(settings: BrokerSettings) -> list[str]:
    """Return the lines of mosquitto.conf that open the guest's port."""
    _, certificate, key = certificates.paths(settings, "broker")
    return [
        f"password_file {_passwords(settings)}",
        f"listener {settings.homeassistant_guest_port} {settings.broker_bind}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "tls_version tlsv1.2",
    ]


def access(settings: BrokerSettings) -> list[str]:
    """Return the lines of the access list for the guest."""
    return [
        f"user {HOME_ASSISTANT}",
        f"topic deny {topics.ROOT}/#",  # else the patterns for nodes would be for guests too
        f"topic readwrite {settings.homeassistant_prefix}/#",
        f"topic readwrite {STATE_ROOT}/{settings.id}/#",
    ]


def write(settings: BrokerSettings) -> None:
    """Write the guest's password, hashed as mosquitto_passwd would: $7$ is PBKDF2 of SHA-512."""
    salt = os.urandom(_SALT_BYTES)
    password = settings.homeassistant_password.get_secret_value().encode()
    digest = hashlib.pbkdf2_hmac("sha512", password, salt, _ITERATIONS)
    hashed = "$".join((base64.b64encode(salt).decode(), base64.b64encode(digest).decode()))
    passwords = _passwords(settings)
    passwords.write_text(f"{HOME_ASSISTANT}:$7${_ITERATIONS}${hashed}\n")
    passwords.chmod(0o600)


def _passwords(settings: BrokerSettings) -> Path:
    return settings.mosquitto_dir.resolve() / "passwords"
