# SPDX-License-Identifier: EUPL-1.2
"""Whose address a request came from, whatever it says itself."""

from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from cloud.kit.proxies import BehindProxies, client_address

OURS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),  # the first is the client's own word
        (["198.51.100.1", "203.0.113.7"], "203.0.113.7"),  # the same in two headers
        (["203.0.113.7, 10.0.0.9"], "203.0.113.7"),  # two proxies of ours
        (["10.9.9.9, 203.0.113.7"], "203.0.113.7"),  # who pretends to be one of ours
        (["203.0.113.7:4711"], "203.0.113.7"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["::ffff:10.0.0.9"], "10.0.0.9"),
        (["203.0.113.7, unknown"], "10.0.0.1"),
        (["203.0.113.7,"], "10.0.0.1"),
        ([""], "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
def test_behind_our_proxy_the_address_nearest_to_it_counts(
    forwarded_for: list[str], client: str
) -> None:
    assert client_address("10.0.0.1", forwarded_for, OURS) == client


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_who_is_no_proxy_of_ours_says_nothing_of_its_address(forwarded_for: list[str]) -> None:
    assert client_address("203.0.113.7", forwarded_for, OURS) == "203.0.113.7"
    assert client_address("10.0.0.1", forwarded_for, ()) == "10.0.0.1"


@settings(max_examples=40)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_what_a_client_writes_never_changes_what_our_proxy_appended(said: list[str]) -> None:
    assert client_address("10.0.0.1", [*said, "203.0.113.7"], OURS) == "203.0.113.7"


async def _seen(peer: str, headers: list[tuple[bytes, bytes]]) -> tuple[str, str]:
    seen: list[Scope] = []

    async def application(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def nothing() -> Message:
        return {}

    async def nowhere(message: Message) -> None:
        pass

    scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": headers}
    await BehindProxies(application, OURS)(scope, nothing, nowhere)
    return seen[0]["client"][0], seen[0]["scheme"]


async def test_our_proxy_tells_that_the_browser_spoke_https() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-proto", b"https")]
    assert await _seen("10.0.0.1", headers) == ("203.0.113.7", "https")


async def test_who_is_no_proxy_of_ours_can_not_pretend_https() -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-proto", b"https")]
    assert await _seen("198.51.100.9", headers) == ("198.51.100.9", "http")


async def test_a_scheme_that_is_none_is_overlooked() -> None:
    assert await _seen("10.0.0.1", [(b"x-forwarded-proto", b"javascript")]) == ("10.0.0.1", "http")
