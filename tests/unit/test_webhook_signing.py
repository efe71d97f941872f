# SPDX-License-Identifier: EUPL-1.2
"""Signatures: those of the published vectors, and such as others' verifiers take (AC-95)."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from cloud.webhooks.signing import PUBLIC_KEY_PREFIX, SigningKey, secret_in, signatures

MESSAGE = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
# Source: standard-webhooks, libraries/go/webhook_symmetric_test.go, webhook_asymmetric_test.go
# (Apache-2.0).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SEED = "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
SYMMETRIC = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
ASYMMETRIC = (
    "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
)


def test_the_signatures_are_those_of_the_published_vectors() -> None:
    key = SigningKey(secret=secret_in(SECRET), private_key=base64.b64decode(SEED))
    assert signatures([key], *MESSAGE) == f"{SYMMETRIC} {ASYMMETRIC}"


def test_a_secret_is_shown_as_it_is_read_and_each_is_another() -> None:
    keys = [SigningKey.new() for _ in range(3)]
    assert [secret_in(key.shown_secret) for key in keys] == [key.secret for key in keys]
    assert len({key.secret for key in keys}) == len({key.private_key for key in keys}) == 3
    assert all(len(key.secret) == 32 for key in keys)


def test_while_keys_are_exchanged_the_holder_of_either_secret_can_verify() -> None:
    new, old, ended = (SigningKey.new() for _ in range(3))
    now = datetime.now(UTC)
    body = '{"вода": 1}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures([new, old], "msg_1", int(now.timestamp()), body),
    }
    for key in (new, old):
        assert Webhook(key.shown_secret).verify(body, headers) == {"вода": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(ended.shown_secret).verify(body, headers)


def test_a_public_key_verifies_its_own_signature_and_no_other_body() -> None:
    key = SigningKey.new()
    public = Ed25519PublicKey.from_public_bytes(
        base64.b64decode(key.public_key.removeprefix(PUBLIC_KEY_PREFIX))
    )
    signature = signatures([key], "msg_1", 1, "{}").split(" v1a,")[1]
    public.verify(base64.b64decode(signature), b"msg_1.1.{}")
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), b"msg_1.2.{}")
