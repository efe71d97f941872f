# SPDX-License-Identifier: EUPL-1.2
"""Verify webhooks of Iskar: one file, Python 3.9 or newer, nothing to install.

    receiver = Receiver("whsec_…")
    receiver.take(headers, body, handle)   # body: the bytes as they came, not parsed

``handle`` is called with the event of a request whose signature is right, whose time is within five
minutes, and whose id was not handled before. If it raises, the event is not remembered and comes
again. Answer 2xx once ``take`` has returned, also to a repetition; 401 to RefusedError; 503 with
Retry-After to UnderWayError, for the event may yet fail; 500 to what ``handle`` raises. To verify
``v1a`` with a public key, ``whpk_…``, instead of a shared secret, install ``cryptography``.
Source: Standard Webhooks 1.0, https://www.standardwebhooks.com
"""

import base64
import hashlib
import hmac
import json
import threading
import time

TOLERANCE_S = 300
REMEMBERED = 100_000  # ids; at one a second that is a day
COME_BACK_S = 5  # for Retry-After while an earlier request with the same id is being handled


class RefusedError(Exception):
    """A request is not to be believed; answer it with 401."""


class UnderWayError(Exception):
    """An earlier request with this id is still being handled; answer 503 with Retry-After."""


class Receiver:
    """Takes the requests of one webhook.

    ``keys`` are secrets (``whsec_…``) or public keys (``whpk_…``): give the old and the new one
    while they are exchanged. ``seen`` remembers ids as ``Memory`` does. A service of several
    processes shares it, say in a table with a unique key and the times of ``begin`` and ``end``:
    what began long ago and never ended was begun by a process that died, and is new.
    """

    def __init__(self, *keys, seen=None, now=time.time):
        self._keys = [_key(one) for one in keys]
        if not self._keys:
            raise ValueError("Give at least one key.")
        self._seen = Memory() if seen is None else seen
        self._now = now

    def take(self, headers, body, handle):
        """Handle the event in ``body`` unless that was done; return whether it was handled now.

        Raise RefusedError if it is not ours, UnderWayError while it is being handled.
        """
        message_id = self.verify(headers, body)
        if not self._seen.begin(message_id):
            return False
        try:
            handle(json.loads(body))
        except BaseException:
            self._seen.discard(message_id)
            raise
        self._seen.end(message_id)
        return True

    def verify(self, headers, body):
        """Return the id of a message whose signature and time are right, or raise RefusedError."""
        told = {str(name).lower(): value for name, value in headers.items()}
        try:
            message_id = told["webhook-id"]
            attempted_at = told["webhook-timestamp"]
            signatures = told["webhook-signature"]
        except KeyError as missing:
            raise RefusedError(f"The header {missing} is missing.") from None
        if not (attempted_at.isascii() and attempted_at.isdigit() and len(attempted_at) <= 12):
            raise RefusedError("The header webhook-timestamp is not a time.")
        if abs(self._now() - int(attempted_at)) > TOLERANCE_S:
            raise RefusedError("The request is more than five minutes old, or from the future.")
        signed = f"{message_id}.{attempted_at}.".encode() + bytes(body)
        if not any(
            key(version, signature, signed)
            for version, signature in _signatures(signatures)
            for key in self._keys
        ):
            raise RefusedError("No signature is right.")
        return message_id


class Memory:
    """Remembers the latest ids, in this process and until it ends."""

    def __init__(self, limit=REMEMBERED):
        self._ids = {}
        self._under_way = set()
        self._limit = limit
        self._lock = threading.Lock()

    def begin(self, message_id):
        """Return whether an id is new, and is under way from now; UnderWayError if it was."""
        with self._lock:
            if message_id in self._ids:
                return False
            if message_id in self._under_way:
                raise UnderWayError("An earlier request with this id is being handled.")
            self._under_way.add(message_id)
            return True

    def end(self, message_id):
        """Remember an id, whose event was handled; forget the oldest if there are too many."""
        with self._lock:
            self._under_way.discard(message_id)
            self._ids[message_id] = None
            if len(self._ids) > self._limit:
                del self._ids[next(iter(self._ids))]

    def discard(self, message_id):
        """Forget an id, whose event was not handled after all."""
        with self._lock:
            self._under_way.discard(message_id)


def _signatures(header):
    """Yield (version, bytes) of each signature that can be read."""
    for one in header.split(" "):
        version, _, signature = one.partition(",")
        try:
            yield version, base64.b64decode(signature, validate=True)
        except ValueError:
            continue


def _key(told):
    if told.startswith("whpk_"):
        return _public_key(told)
    secret = base64.b64decode(told.removeprefix("whsec_"), validate=True)
    if not secret:
        raise ValueError("The secret is empty.")

    def is_right(version, signature, signed):
        expected = hmac.new(secret, signed, hashlib.sha256).digest()
        return version == "v1" and hmac.compare_digest(expected, signature)

    return is_right


def _public_key(told):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PublicKey,
    )

    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(told[5:], validate=True))

    def is_right(version, signature, signed):
        if version != "v1a":
            return False
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            return False
        return True

    return is_right
