# SPDX-License-Identifier: EUPL-1.2
"""Outbound: how requests are sent to addresses that others have named.

A name is looked up once, at the connection: every address that it has must be one we may reach, and
the connection goes to one of those that were checked, so that a name that changes its mind in
between (rebinding) changes nothing. TLS asks for the name, as ever. Redirects are not followed,
proxies of the environment not used, and cookies not kept: one receiver's would go to another of the
same domain.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore
import httpx

from cloud.kit.addresses import Address, Addresses, AddressRefusedError, literal_in

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

RESOLVE_TIMEOUT_S = 5
# A look-up can't be broken off: one whose name server is silent holds its thread for half a minute.
# In the event loop's own few threads it would hold up sign-ins and bills.
LOOKUPS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="lookup")


async def resolved(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, as the system knows them."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(LOOKUPS, look_up)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Makes connections to checked addresses only."""

    def __init__(self, addresses: Addresses, resolve: Resolve) -> None:
        self._addresses = addresses
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in await self._checked(host, port):
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefusedError(f"{path} is a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[Address]:
        """Return the addresses of ``host``; one that is refused refuses them all."""
        literal = literal_in(host)
        if literal is not None:
            found = [literal]
        else:
            try:
                async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                    found = [ipaddress.ip_address(one) for one in await self._resolve(host, port)]
            except (OSError, TimeoutError, UnicodeError) as error:
                raise httpcore.ConnectError(f"{host} can't be looked up: {error}") from error
        for one in found:
            if not self._addresses.may_reach(one):
                raise AddressRefusedError(f"{host} is {one}, which is not a public address")
        return found


class GuardedTransport(httpx.AsyncBaseTransport):
    """How httpx sends requests to addresses that others have named.

    ``resolve`` and ``ssl_context`` are the system's unless given.
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        resolve: Resolve = resolved,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._addresses = addresses
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or httpx.create_ssl_context(trust_env=False),
            max_connections=None,
            max_keepalive_connections=50,
            keepalive_expiry=5,
            network_backend=_GuardedNetwork(addresses, resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, or raise AddressRefusedError or an error of httpx."""
        self._addresses.check_url(str(request.url))
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101 - of an AsyncClient
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with _as_of_httpx():
            answer = await self._pool.handle_async_request(asked)
        assert isinstance(answer.stream, AsyncIterable)  # noqa: S101 - of an asynchronous pool
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Answer(answer),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Answer(httpx.AsyncByteStream):
    """The body of an answer, as httpx reads it."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_of_httpx():
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        await self._answer.aclose()


@contextmanager
def _as_of_httpx() -> Iterator[None]:
    """Raise what goes wrong below as the errors that callers of httpx know."""
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise httpx.ConnectError(str(error) or type(error).__name__) from error
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error) or type(error).__name__) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise httpx.NetworkError(str(error) or type(error).__name__) from error


def guarded_client(addresses: Addresses, timeout_s: float) -> httpx.AsyncClient:
    """Return a client for addresses that others have named; it follows no redirects."""
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        cookies=no_cookies,
        transport=GuardedTransport(addresses),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
    )
