# SPDX-License-Identifier: EUPL-1.2
"""Mosquitto's configuration and access list, and the way to run it by them.

A client is who its certificate says: the common name is the user name (and the client id, so that
nobody can throw another off by taking its id). A node writes its own telegram, event and status and
reads its own command and ack; the gateway reads and writes all of its own subtree; nobody else gets
anything. Source: mosquitto.conf(5), 2.0.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

from edge_gateway.broker import certificates
from edge_gateway.errors import MosquittoMissingError
from edge_gateway.settings import BrokerSettings
from wire import topics

MAX_MESSAGE_BYTES = 4096  # twice the contract's limit: too long is quarantined, far too long not
# For a gateway that is away. Few, because nodes keep everything that is not acknowledged anyway,
# because Mosquitto 2.0 sends the whole queue at a reconnect, whatever may be in flight (MQTT can
# tell 65,535 apart), and because the session takes so many at once without losing one.
MAX_QUEUED_MESSAGES = 5000
MAX_INFLIGHT_MESSAGES = 1000  # while connected; a few times what intake commits at once

USER = "%u"  # Mosquitto puts the client's user name in its place


def write(settings: BrokerSettings) -> Path:
    """Write mosquitto.conf and its access list; return the former's path."""
    settings.mosquitto_dir.mkdir(parents=True, exist_ok=True)
    access_list = settings.mosquitto_dir / "acl"
    access_list.write_text(_access_list(settings))
    access_list.chmod(0o600)
    configuration = settings.mosquitto_dir / "mosquitto.conf"
    configuration.write_text(_configuration(settings, access_list))
    configuration.chmod(0o600)
    return configuration


def program() -> str:
    """Return the path of mosquitto, or raise MosquittoMissingError."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MosquittoMissingError
    return found


def become(settings: BrokerSettings) -> NoReturn:
    """Turn this process into the broker, so that signals and exit status are its own."""
    path = program()
    if settings.broker_tls:
        certificates.check(settings, "broker")
    configuration = write(settings)
    os.execv(path, [path, "-c", str(configuration)])  # noqa: S606


def _configuration(settings: BrokerSettings, access_list: Path) -> str:
    lines = [
        "per_listener_settings false",
        "persistence false",  # nodes keep what is not acknowledged: the SD card is spared
        "set_tcp_nodelay true",
        f"max_queued_messages {MAX_QUEUED_MESSAGES}",
        f"max_inflight_messages {MAX_INFLIGHT_MESSAGES}",
        f"message_size_limit {MAX_MESSAGE_BYTES}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    if os.geteuid() == 0:
        lines.append("user root")  # else it drops to a user who may not read our keys
    lines += _encrypted(settings, access_list) if settings.broker_tls else _open_to_itself(settings)
    return "\n".join(lines) + "\n"


def _encrypted(settings: BrokerSettings, access_list: Path) -> list[str]:
    authority, certificate, key = certificates.paths(settings, "broker")
    return [
        f"listener {settings.broker_port} {settings.broker_bind}",
        f"cafile {authority}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "tls_version tlsv1.2",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "allow_anonymous false",
        f"acl_file {access_list.resolve()}",
    ]


def _open_to_itself(settings: BrokerSettings) -> list[str]:
    """Without TLS nobody is known, so nobody but this machine may come."""
    return [f"listener {settings.broker_port} 127.0.0.1", "allow_anonymous true"]


def _access_list(settings: BrokerSettings) -> str:
    lines = [
        f"user {settings.id}",
        f"topic readwrite {topics.ROOT}/{settings.site}/{settings.id}/#",
    ]
    for channels, right in ((topics.FROM_NODE, "write"), (topics.TO_NODE, "read")):
        lines += [
            f"pattern {right} {topics.topic(settings.site, settings.id, USER, channel)}"
            for channel in channels
        ]
    return "\n".join(lines) + "\n"
