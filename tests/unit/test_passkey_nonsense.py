# SPDX-License-Identifier: EUPL-1.2
"""Whatever bytes come as a passkey's answer, they are refused as one and nothing else happens."""

import contextlib
from typing import Any

import pytest
import webauthn
from hypothesis import given, settings
from hypothesis import strategies as st
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

from cloud.accounts.passkeys import WrongPasskeyError, _challenge, _verified
from tests.fakes.authenticator import Authenticator

CHALLENGE = bytes_to_base64url(bytes(64))
OPTIONS = {"challenge": CHALLENGE, "user": {"id": "AAAA"}}
ORIGIN, RP_ID = "http://localhost:8080", "localhost"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def _added(credential: dict[str, Any]) -> object:
    return _verified(
        lambda: webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=bytes(64),
            expected_rp_id=RP_ID,
            expected_origin=ORIGIN,
            require_user_verification=True,
        )
    )


def _changed(encoded: str, at: int, to: int) -> str:
    raw = bytearray(base64url_to_bytes(encoded))
    raw[at % len(raw)] ^= to
    return bytes_to_base64url(bytes(raw))


def test_an_honest_one_is_taken() -> None:
    _added(Authenticator().make(OPTIONS))


@settings(max_examples=150, deadline=None)
@given(
    part=st.sampled_from(["clientDataJSON", "attestationObject"]),
    at=st.integers(0, 400),
    to=st.integers(1, 255),
)
def test_a_changed_byte_is_refused_as_a_wrong_passkey_if_at_all(
    part: str, at: int, to: int
) -> None:
    credential = Authenticator().make(OPTIONS)
    credential["response"][part] = _changed(credential["response"][part], at, to)
    with contextlib.suppress(WrongPasskeyError):  # spaces in JSON, a key of nobody's: all the same
        _added(credential)


@settings(max_examples=150, deadline=None)
@given(made_up=JSON)
def test_made_up_attestations_are_refused(made_up: Any) -> None:
    credential = Authenticator().make(OPTIONS)
    credential["response"]["attestationObject"] = bytes_to_base64url(encode_cbor(made_up))
    with pytest.raises(WrongPasskeyError):
        _added(credential)


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=60) | st.sampled_from([b"[" * 5000, b"1", b"{}", b'{"challenge":1}']))
def test_made_up_client_data_names_no_challenge(raw: bytes) -> None:
    with pytest.raises(WrongPasskeyError):
        _challenge({"response": {"clientDataJSON": bytes_to_base64url(raw)}})
