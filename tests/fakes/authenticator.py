# SPDX-License-Identifier: EUPL-1.2
"""A passkey authenticator in software: it really signs, and can be told to do what none should."""

import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
NO_AAGUID = bytes(16)


@dataclass
class Authenticator:
    """One credential for one site; counts its signatures as hardware keys do."""

    origin: str = "http://localhost:8080"
    rp_id: str = "localhost"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def make(self, options: dict[str, Any], **said: Any) -> dict[str, Any]:
        """Return the new credential, as a browser would send it."""
        self.handle = base64url_to_bytes(options["user"]["id"])
        public = self.key.public_key().public_numbers()
        cose = encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32), -3: public.y.to_bytes(32)}
        )
        attested = NO_AAGUID + struct.pack(">H", len(self.credential_id)) + self.credential_id
        told = self._told(self.flags | ATTESTED) + attested + cose
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": told})
        return self._credential(
            clientDataJSON=self._client_data("webauthn.create", options["challenge"], said),
            attestationObject=attestation,
        )

    def show(self, options: dict[str, Any], **said: Any) -> dict[str, Any]:
        """Return an answer to the challenge, as a browser would send it."""
        self.count += 1
        client_data = self._client_data("webauthn.get", options["challenge"], said)
        told = self._told(self.flags)
        signed = told + hashlib.sha256(client_data).digest()
        return self._credential(
            clientDataJSON=client_data,
            authenticatorData=told,
            signature=self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
            userHandle=self.handle,
        )

    def _told(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client_data(self, kind: str, challenge: str, said: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**told, **said}).encode()

    def _credential(self, **response: bytes) -> dict[str, Any]:
        named = bytes_to_base64url(self.credential_id)
        return {
            "id": named,
            "rawId": named,
            "type": "public-key",
            "response": {name: bytes_to_base64url(part) for name, part in response.items()},
        }
