# SPDX-License-Identifier: EUPL-1.2
"""A broker for machines without Mosquitto: iotcore's, on loopback, without TLS.

It does not demand client certificates and knows no access rules, so it serves a demonstration
alone; the program says so. Run as ``python -m simulators.embedded_broker PORT DIRECTORY``.
"""

import signal
import sys
import threading
from pathlib import Path

_CONFIGURATION = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v4.1]
name = "v4-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 204800
max_inflight_count = 100
dynamic_filters = true
"""


def main(port: int, directory: Path) -> None:
    """Serve MQTT 3.1.1 on ``port`` of loopback until told to end."""
    from iotcore import Broker  # its import starts a runtime, so only here

    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "broker.toml"
    configuration.write_text(_CONFIGURATION.format(port=port))
    broker = Broker(config_path=str(configuration))
    broker.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
