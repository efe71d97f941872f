# SPDX-License-Identifier: EUPL-1.2
"""Addresses that others have named: which of them we connect to.

Somebody else's URL must not reach what only we can reach (SSRF); ``cloud.kit.outbound`` sends
requests under these rules. Networks that an operator allows are the exception: for tests, and for
receivers in the same house.
Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), as of 2025-05; OWASP
Server-Side Request Forgery Prevention Cheat Sheet.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from cloud.kit.errors import CloudError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS = frozenset({443, 8443})
MAX_URL_CHARACTERS = 1000
# Of IPv6 only what is handed out as global unicast, less what is set apart in it. Every way to
# carry an IPv4 address inside IPv6 is outside or refused: a private one would look public in it.
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
REFUSED: tuple[Network, ...] = (
    ipaddress.IPv4Network("0.0.0.0/8"),
    ipaddress.IPv4Network("100.64.0.0/10"),  # carrier-grade NAT
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays
    ipaddress.IPv4Network("198.18.0.0/15"),  # benchmarks
    ipaddress.IPv4Network("224.0.0.0/3"),  # multicast, reserved, broadcast
    ipaddress.IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    ipaddress.IPv6Network("2001:db8::/32"),  # documentation
    ipaddress.IPv6Network("2002::/16"),  # 6to4
    ipaddress.IPv6Network("3fff::/20"),  # documentation
)
# A host whose last label is a number is an IPv4 address in one of its many spellings, and not a
# name (WHATWG URL, "ends in a number").
_NUMBER = re.compile(r"(?:^|\.)(?:0[xX][0-9a-fA-F]*|[0-9]+)\.?$")
_NAME = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


class AddressRefusedError(CloudError):
    """An address that somebody named is not one that the cloud connects to."""

    status = 422
    code = "address-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The cloud does not connect there: {reason}.")


class Addresses:
    """Which addresses may be connected to: public ones on ``ports``, and any of ``allowed``."""

    def __init__(self, allowed: Iterable[Network] = (), ports: Collection[int] = PORTS) -> None:
        self._allowed = tuple(allowed)
        self._ports = ports

    def is_allowed(self, address: Address) -> bool:
        """Tell whether an operator allows this address although it need not be public."""
        return any(address in one for one in self._allowed if one.version == address.version)

    def may_reach(self, address: Address) -> bool:
        """Tell whether a connection may be made to this address."""
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                address = address.ipv4_mapped
            elif address.scope_id is not None:
                return False
        return self.is_allowed(address) or _is_public(address)

    def check_url(self, url: str) -> None:
        """Raise AddressRefusedError if ``url`` can be told from its text alone to be refused.

        Names are not looked up: what they stand for is checked when a connection is made.
        """
        if len(url) > MAX_URL_CHARACTERS or not url.isascii() or re.search(r"[\x00-\x20\\]", url):
            raise AddressRefusedError("the URL is too long, or holds characters that none has")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise AddressRefusedError("the URL can't be read") from None
        if parts.username is not None or parts.password is not None:
            raise AddressRefusedError("a URL must not carry a user or a password")
        literal = literal_in(host)
        if ("[" in parts.netloc) != isinstance(literal, ipaddress.IPv6Address):
            raise AddressRefusedError(f"{host!r} is no address of IPv6")
        if literal is not None and not self.may_reach(literal):
            raise AddressRefusedError(f"{literal} is not a public address")
        if literal is not None and self.is_allowed(literal) and parts.scheme in ("http", "https"):
            return
        if parts.scheme != "https":
            raise AddressRefusedError("the URL must begin with https://")
        if (port or 443) not in self._ports:
            raise AddressRefusedError(f"port {port} is not one of {sorted(self._ports)}")


def literal_in(host: str) -> Address | None:
    """Return the address that ``host`` is; None for a name, AddressRefusedError for neither."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if _NUMBER.search(host):
        raise AddressRefusedError(f"{host!r} is an unusual spelling of an address")
    if not _NAME.fullmatch(host.removesuffix(".")):
        raise AddressRefusedError(f"{host!r} is neither a name nor an address")
    return None


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not any(
        address in one for one in REFUSED if one.version == address.version
    )
