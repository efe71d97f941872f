# SPDX-License-Identifier: EUPL-1.2
"""Topics: iskar/v1/<site>/<gateway>/<node>/<channel>, spelled here and nowhere else."""

from wire import fields
from wire.errors import WireError

ROOT = "iskar/v1"

TELEGRAM = "telegram"  # node to gateway
EVENT = "event"  # node to gateway
STATUS = "status"  # node to gateway, retained, also the last will
FETCH = "fetch"  # node to gateway: a chunk of a package, please
COMMAND = "command"  # gateway to node
ACKNOWLEDGEMENT = "ack"  # gateway to node
PACKAGE = "package"  # gateway to node: the chunk

FROM_NODE = (TELEGRAM, EVENT, STATUS, FETCH)
TO_NODE = (COMMAND, ACKNOWLEDGEMENT, PACKAGE)


def topic(site: str, gateway_id: str, node_id: str, channel: str) -> str:
    """Return the topic of one channel of one node."""
    return "%s/%s/%s/%s/%s" % (ROOT, site, gateway_id, node_id, channel)


def every_node(site: str, gateway_id: str, channel: str) -> str:
    """Return the filter for one channel of all nodes of a gateway."""
    return topic(site, gateway_id, "+", channel)


def parse(name: str) -> "tuple[str, str, str, str]":
    """Return (site, gateway_id, node_id, channel), or raise WireError."""
    parts = name.split("/")
    if len(parts) != 6 or "/".join(parts[:2]) != ROOT:
        raise WireError("Topic %r is not %s/<site>/<gateway>/<node>/<channel>." % (name, ROOT))
    if parts[5] not in FROM_NODE + TO_NODE:
        raise WireError("Topic %r ends in no known channel." % name)
    return (
        fields.identifier(parts[2], "site"),
        fields.identifier(parts[3], "gateway"),
        fields.identifier(parts[4], "node"),
        parts[5],
    )
