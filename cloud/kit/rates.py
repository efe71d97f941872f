# SPDX-License-Identifier: EUPL-1.2
"""Rates: how often one caller, or one address of strangers, may ask.

Token buckets in this process' memory, each kept as one number, the time at which it will be full
again (the virtual scheduling of GCRA). Several processes each let a caller have as much: what is
limited is what one caller costs one process. Public routes, and credentials that aren't valid, are
charged to the address; valid ones to the caller alone, so that a neighbour behind the same address
harms nobody. Health checks and the app's own files are not counted.
Source: ITU-T I.371, annex A (GCRA); draft-ietf-httpapi-ratelimit-headers-10 for the headers.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit.errors import CloudError
from cloud.kit.heads import with_head
from cloud.kit.proxies import address_of

log = structlog.get_logger(__name__)

MOST_BUCKETS = 100_000  # about 20 MB; whoever is forgotten starts with a full bucket
# One household or server has a /64 to itself. Source: RFC 6177, section 2.
IPV6_PREFIX_BITS = 64
TOLD_EVERY_S = 60.0
STANDING = "standing"


class RateLimitedError(CloudError):
    """The caller asks more often than is fair to the others."""

    status = 429
    code = "rate-limited"

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"That was too often; ask again in {math.ceil(wait_s)} s.")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many requests a second in the long run, and how many at once."""

    per_s: float
    burst: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a bucket stands after a request; ``wait_s`` is 0 if it was let through."""

    kind: str
    rate: Rate
    left: int
    wait_s: float


class Buckets:
    """The buckets of one kind, one a key."""

    def __init__(self, kind: str, rate: Rate, seconds: Callable[[], float]) -> None:
        self._kind = kind
        self._rate = rate
        self._seconds = seconds
        self._full_at: OrderedDict[str, float] = OrderedDict()  # least lately used first

    def take(self, key: str) -> Standing:
        """Take one from the bucket of ``key``, if one is left."""
        now = self._seconds()
        one_s = 1 / self._rate.per_s
        full_at = max(self._full_at.get(key, now), now) + one_s
        over_s = full_at - now - self._rate.burst * one_s
        if over_s > one_s * 1e-6:  # more than rounding
            left, wait_s = 0, over_s
        else:
            left, wait_s = math.floor(-over_s / one_s + 1e-6), 0.0
            self._full_at[key] = full_at
        if key in self._full_at:
            self._full_at.move_to_end(key)
        self._forget(now)
        return Standing(kind=self._kind, rate=self._rate, left=left, wait_s=wait_s)

    def _forget(self, now: float) -> None:
        """Forget buckets that are full again, and the oldest where there are too many."""
        while self._full_at:
            key = next(iter(self._full_at))
            if self._full_at[key] > now and len(self._full_at) <= MOST_BUCKETS:
                return
            del self._full_at[key]

    def __len__(self) -> int:
        return len(self._full_at)


class Rates:
    """Every kind of bucket there is; ``refused`` counts by kind since the start."""

    def __init__(
        self,
        *,
        callers: Rate,
        gateways: Rate,
        strangers: Rate,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._callers = Buckets("caller", callers, seconds)
        self._gateways = Buckets("gateway", gateways, seconds)
        self._strangers = Buckets("address", strangers, seconds)
        self.refused = {"caller": 0, "gateway": 0, "address": 0}
        self._told_at = -math.inf

    def charge_caller(self, request: Request, key: str, *, is_gateway: bool) -> None:
        """Count a request of a known caller, or raise RateLimitedError."""
        self._charge(request, self._gateways if is_gateway else self._callers, key)

    def charge_address(self, request: Request) -> None:
        """Count a request of who knows whom, or raise RateLimitedError."""
        self._charge(
            request, self._strangers, network_of(request.client.host if request.client else "")
        )

    def _charge(self, request: Request, buckets: Buckets, key: str) -> None:
        standing = buckets.take(key)
        setattr(request.state, STANDING, standing)
        if standing.wait_s > 0:
            self.refused[standing.kind] += 1
            self._tell(standing.kind, key)
            raise RateLimitedError(standing.wait_s)

    def _tell(self, kind: str, key: str) -> None:
        now = self._seconds()
        if now - self._told_at >= TOLD_EVERY_S:
            self._told_at = now
            log.warning("rate_limited", kind=kind, key=key, refused=self.refused[kind])


def network_of(host: str) -> str:
    """Return what counts as one address: all of IPv4's, an IPv6 subscriber's network."""
    address = address_of(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, IPV6_PREFIX_BITS), strict=False))
    return str(address or host)


class TellRates:
    """Adds to each answer how the caller's bucket stands."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        def tell(head: Message) -> None:
            if (standing := state.get(STANDING)) is not None:
                _tell_in(MutableHeaders(scope=head), standing)

        await self._app(scope, receive, with_head(send, tell))


def _tell_in(headers: MutableHeaders, standing: Standing) -> None:
    rate = standing.rate
    window_s = max(1, math.ceil(rate.burst / rate.per_s))
    headers["RateLimit-Policy"] = f'"{standing.kind}";q={rate.burst};w={window_s}'
    full_in_s = max(1, math.ceil((rate.burst - standing.left) / rate.per_s))
    headers["RateLimit"] = f'"{standing.kind}";r={standing.left};t={full_in_s}'
    if standing.wait_s > 0:
        headers["Retry-After"] = str(max(1, math.ceil(standing.wait_s)))
