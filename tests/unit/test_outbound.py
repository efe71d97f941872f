# SPDX-License-Identifier: EUPL-1.2
"""A request goes to the address that was checked, and TLS is with the name that was asked for."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

from cloud.kit.addresses import Addresses, AddressRefusedError
from cloud.kit.outbound import GuardedTransport, guarded_client, resolved
from tests.gateway_pki import Authority

LOOPBACK = Addresses([ip_network("127.0.0.0/8")])
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Names:
    """A name server that answers each question with the next of its answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, *_: object) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@asynccontextmanager
async def a_server(
    tls: ssl.SSLContext | None = None, answer: bytes = ANSWER
) -> AsyncIterator[tuple[int, list[str]]]:
    """Yield its port, and the heads of the requests that came."""
    heads: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1], heads


def a_client(
    addresses: Addresses, names: Names, tls: ssl.SSLContext | None = None
) -> httpx.AsyncClient:
    transport = GuardedTransport(addresses, resolve=names.resolve, ssl_context=tls)
    return httpx.AsyncClient(transport=transport, timeout=5)


def _contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    Authority().issue(name, folder, "server")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.crt", folder / "server.key")
    return server, ssl.create_default_context(cafile=folder / "ca.crt")


@pytest.mark.parametrize(
    "answer",
    [["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%lo"], ["::1"]],
)
async def test_a_name_for_a_private_address_is_refused_though_others_of_it_are_public(
    answer: list[str],
) -> None:
    async with a_client(Addresses(), Names(answer)) as client:
        with pytest.raises(AddressRefusedError):
            await client.get("https://receiver.example/")


async def test_a_name_is_looked_up_once_so_that_rebinding_reaches_nothing(tmp_path: Path) -> None:
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    server, trusting = _contexts(tmp_path, "receiver.example")
    async with (
        a_server(server) as (port, heads),
        a_client(_in_the_house(port), names, trusting) as client,
    ):
        answer = await client.get(f"https://receiver.example:{port}/hook")
    assert answer.text == "ok"
    assert names.asked == 1
    assert f"host: receiver.example:{port}" in heads[0].lower()


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    server, trusting = _contexts(tmp_path, "other.example")
    async with (
        a_server(server) as (port, heads),
        a_client(_in_the_house(port), Names(["127.0.0.1"]), trusting) as client,
    ):
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(f"https://receiver.example:{port}/hook")
    assert heads == []


async def test_the_next_address_is_tried_where_nobody_listens_on_the_first(tmp_path: Path) -> None:
    server, trusting = _contexts(tmp_path, "receiver.example")
    async with a_server(server) as (port, _):
        names = Names(["127.0.0.2", "127.0.0.1"])
        async with a_client(_in_the_house(port), names, trusting) as client:
            assert (await client.get(f"https://receiver.example:{port}/")).text == "ok"


async def test_errors_are_those_that_callers_of_httpx_know() -> None:
    async with a_client(LOOPBACK, Names(["127.0.0.1"])) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://127.0.0.1:9/")
        with pytest.raises(AddressRefusedError):
            await client.get("http://[::1]/")


async def test_neither_redirects_nor_proxies_of_the_environment_are_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    async with a_server(answer=answer) as (port, heads), guarded_client(LOOPBACK, 5) as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).status_code == 302
    assert len(heads) == 1


async def test_what_one_receiver_wants_remembered_is_not_told_to_another() -> None:
    answer = b"HTTP/1.1 204 No\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
    async with a_server(answer=answer) as (port, heads), guarded_client(LOOPBACK, 5) as client:
        for _ in range(2):
            await client.post(f"http://127.0.0.1:{port}/", content=b"{}")
    assert len(heads) == 2
    assert "cookie" not in "".join(heads).lower()


async def test_names_that_nobody_answers_for_hold_up_no_other_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def look_up(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host != "quick.example":
            answered.wait(20)
        return [(0, 0, 0, "", ("1.2.3.4", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    slow = [asyncio.create_task(resolved(f"slow-{one}.example", 443)) for one in range(40)]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(str, 1) == "1"
            assert await resolved("quick.example", 443) == ["1.2.3.4"]
    finally:
        answered.set()
        await asyncio.gather(*slow)


def _in_the_house(port: int) -> Addresses:
    return Addresses([ip_network("127.0.0.0/8")], ports=[port])
