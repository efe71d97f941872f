# SPDX-License-Identifier: EUPL-1.2
"""Signing: how a receiver knows that a message is ours, whole, and of now.

Each webhook has a secret, shared with its receiver (``v1``, HMAC-SHA256), and a key of our own
(``v1a``, ed25519), of which a receiver needs the public half only. While keys are exchanged, every
attempt bears the signatures of both, the newest first.
Source: Standard Webhooks 1.0, "Signature scheme" and "Secret and key format".
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret begins
PUBLIC_KEY_PREFIX = "whpk_"
SECRET_BYTES = 32  # Standard Webhooks 1.0 asks for 24 to 64


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A secret, and the seed of an ed25519 key, as bytes."""

    secret: bytes
    private_key: bytes

    @classmethod
    def new(cls) -> "SigningKey":
        """Return a new one, from the system's source of randomness."""
        return cls(
            secret=secrets.token_bytes(SECRET_BYTES),
            private_key=Ed25519PrivateKey.generate().private_bytes_raw(),
        )

    @property
    def shown_secret(self) -> str:
        """The secret as its receiver is told."""
        return SECRET_PREFIX + base64.b64encode(self.secret).decode()

    @property
    def public_key(self) -> str:
        """The public half of the ed25519 key, as receivers are told."""
        public = Ed25519PrivateKey.from_private_bytes(self.private_key).public_key()
        return PUBLIC_KEY_PREFIX + base64.b64encode(public.public_bytes_raw()).decode()


def secret_in(shown: str) -> bytes:
    """Return the secret that is shown as ``whsec_…``."""
    return base64.b64decode(shown.removeprefix(SECRET_PREFIX))


def signatures(keys: Iterable[SigningKey], message_id: str, attempted_at_s: int, body: str) -> str:
    """Return the header ``webhook-signature``: all of ``v1``, then all of ``v1a``."""
    signed = f"{message_id}.{attempted_at_s}.{body}".encode()
    known = list(keys)
    symmetric = [hmac.new(key.secret, signed, hashlib.sha256).digest() for key in known]
    asymmetric = [
        Ed25519PrivateKey.from_private_bytes(key.private_key).sign(signed) for key in known
    ]
    return " ".join(
        [f"v1,{base64.b64encode(one).decode()}" for one in symmetric]
        + [f"v1a,{base64.b64encode(one).decode()}" for one in asymmetric]
    )
