# SPDX-License-Identifier: EUPL-1.2
"""What an identity provider that isn't one, or means somebody else, may say."""

from collections.abc import Callable
from typing import Any

from tests.fakes.identity_provider import CLIENT_ID, IdentityProvider, a_key
from tests.integration.cloud.builders import NOON

Lie = Callable[[IdentityProvider], Any]


def _claim(**claims: Any) -> Lie:
    return lambda provider: provider.claims.update(claims)


def _signs(way: Callable[[IdentityProvider], Callable[[dict[str, Any]], str]]) -> Lie:
    return lambda provider: setattr(provider, "sign", way(provider))


def _with_anothers_key(provider: IdentityProvider) -> Callable[[dict[str, Any]], str]:
    other = a_key("first")  # the same name, another key
    return lambda claims: provider.signed(claims, other)


def _with_an_unpublished_key(provider: IdentityProvider) -> Callable[[dict[str, Any]], str]:
    other = a_key("unheard-of")
    return lambda claims: provider.signed(claims, other)


LIES: dict[str, Lie] = {
    "unsigned": _signs(lambda provider: provider.unsigned),
    "signed with the public key as a secret": _signs(
        lambda provider: provider.signed_with_the_public_key
    ),
    "signed with another key": _signs(_with_anothers_key),
    "signed with a key that is not published": _signs(_with_an_unpublished_key),
    "not a token": _signs(lambda _: lambda _: "a.b.c"),
    "of another sign-in": _claim(nonce="another"),
    "of no sign-in": lambda provider: provider.left_out.add("nonce"),
    "by another issuer": _claim(iss="https://evil.example"),
    "by no issuer": lambda provider: provider.left_out.add("iss"),
    "for another client": _claim(aud="another"),
    "for several clients, of whom we may not be the one": _claim(aud=[CLIENT_ID, "another"]),
    "given to another client": _claim(azp="another"),
    "without an end": lambda provider: provider.left_out.add("exp"),
    "over": _claim(exp=int(NOON.timestamp()) - 120),
    "from the future": _claim(iat=int(NOON.timestamp()) + 3600),
    "about nobody": _claim(sub=""),
    "about no text": _claim(sub=7),
    "of an address that is not verified": _claim(email_verified=False),
    "of an address that is verified by a text": _claim(email_verified="true"),
    "of an address elsewhere": _claim(email="iva@evil.example"),
    "of an address that ends alike": _claim(email="iva@evilwater.example"),
    "of an address below": _claim(email="iva@water.example.evil.example"),
    "of two addresses": _claim(email="iva@evil.example,x@water.example"),
    "of no address": lambda provider: provider.left_out.add("email"),
    "sent back by another provider": lambda provider: provider.callback.update(
        iss="https://evil.example"
    ),
    "of a code that it never gave": lambda provider: provider.callback.update(code="made-up"),
}
