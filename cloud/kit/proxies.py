# SPDX-License-Identifier: EUPL-1.2
"""Proxies before us: whose address a request really came from, and whether it came encrypted.

Anybody may send ``X-Forwarded-For``. What counts is what a proxy of ours appended: read from the
right, the first address that isn't one of our proxies' is the client's; what stands to the left of
it is the client's own word and worth nothing.
Source: MDN, X-Forwarded-For, "Selecting an IP address": trusted proxy list; RFC 7239, section 8.1.
"""

from collections.abc import Collection, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MAX_HOPS = 20  # a header of thousands would cost more than it tells
SCHEMES = frozenset({"http", "https"})


class BehindProxies:
    """Tells the application the client's address instead of our proxy's."""

    def __init__(self, app: ASGIApp, trusted: Collection[Network]) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with who sent it."""
        peer = scope.get("client")
        if scope["type"] == "http" and peer and _is_in(address_of(peer[0]), self._trusted):
            headers = Headers(scope=scope)
            client = client_address(peer[0], headers.getlist("x-forwarded-for"), self._trusted)
            scope = {**scope, "client": (client, 0)}
            proto = headers.get("x-forwarded-proto", "").strip().lower()
            if proto in SCHEMES:
                scope["scheme"] = proto
        await self._app(scope, receive, send)


def client_address(peer: str, forwarded_for: Sequence[str], trusted: Collection[Network]) -> str:
    """Return the address nearest to us that isn't a proxy of ours."""
    client = peer
    hops = [hop.strip() for hop in ",".join(forwarded_for).split(",")] if forwarded_for else []
    for hop in reversed(hops[-MAX_HOPS:]):
        if not _is_in(address_of(client), trusted):
            break
        found = address_of(hop)
        if found is None:  # "unknown", or nonsense: what stands before it can't be told from lies
            break
        client = str(found)
    return client


def address_of(text: str) -> Address | None:
    """Return the address in ``text``, perhaps with a port; IPv4 in IPv6 as IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


def _is_in(address: Address | None, networks: Collection[Network]) -> bool:
    return address is not None and any(address in network for network in networks)
