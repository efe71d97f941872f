# SPDX-License-Identifier: EUPL-1.2
"""Sealing: a stream that only a passphrase opens, and that nobody can change or shorten unseen.

A line of JSON tells how the key follows from the passphrase; then come pieces, each encrypted and
authenticated by itself, with its number and whether it is the last in its nonce.
Source: Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (2015), STREAM; scrypt's cost: OWASP Password Storage Cheat Sheet (2023).
"""

import json
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from cloud.kit.errors import CloudError

MAGIC = b"ISKAR-BACKUP-1\n"
PIECE_BYTES = 65536
TAG_BYTES = 16
COST = {"n": 2**17, "r": 8, "p": 1}
MAX_COST = {"n": 2**20, "r": 16, "p": 4}  # what a stranger's file may make us spend: 2 GB
HEAD_LIMIT_BYTES = 1000
MIN_PASSPHRASE = 16  # characters; it is made by machine and guessed at leisure


class SealError(CloudError):
    """A backup can't be opened: it is none, was changed, is incomplete, or is sealed otherwise."""

    code = "backup-sealed"


class Sealer:
    """A file to write to; ``close`` completes it. Without a passphrase it is written as it is."""

    def __init__(self, output: IO[bytes], passphrase: str | None) -> None:
        self._output = output
        self._cipher: ChaCha20Poly1305 | None = None
        self._waiting = bytearray()
        self._pieces = 0
        self._taken_bytes = 0
        head: dict[str, object] = {"cipher": "none"}
        if passphrase is not None:
            if len(passphrase) < MIN_PASSPHRASE:
                raise SealError(f"A passphrase needs at least {MIN_PASSPHRASE} characters.")
            head = {"cipher": "chacha20poly1305", "kdf": "scrypt", "salt": os.urandom(16).hex()}
            head |= COST
            self._cipher = ChaCha20Poly1305(_key(passphrase, head))
        self._head = MAGIC + json.dumps(head).encode() + b"\n"
        output.write(self._head)

    def write(self, content: bytes) -> int:
        """Take more; it is written piece by piece."""
        self._taken_bytes += len(content)
        if self._cipher is None:
            return self._output.write(content)
        self._waiting += content
        while len(self._waiting) > PIECE_BYTES:  # one is kept back: it may be the last
            self._put(bytes(self._waiting[:PIECE_BYTES]), is_last=False)
            del self._waiting[:PIECE_BYTES]
        return len(content)

    def tell(self) -> int:
        """Return how much was taken."""
        return self._taken_bytes

    def close(self) -> None:
        """Write the last piece; what was written to stays open."""
        if self._cipher is not None:
            self._put(bytes(self._waiting), is_last=True)

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        assert self._cipher is not None  # noqa: S101 - asked by both callers
        nonce = _nonce(self._pieces, is_last=is_last)
        self._output.write(self._cipher.encrypt(nonce, piece, self._head))
        self._pieces += 1


class Unsealer:
    """A file to read what was sealed from; raises SealError instead of giving what was changed."""

    def __init__(self, source: IO[bytes], passphrase: str | None) -> None:
        self._source = source
        self._cipher: ChaCha20Poly1305 | None = None
        self._ready = bytearray()
        self._pieces = 0
        self._head, head = _head(source)
        if head["cipher"] == "none":
            return
        if passphrase is None:
            raise SealError("This backup is encrypted; name the file that holds its passphrase.")
        self._cipher = ChaCha20Poly1305(_key(passphrase, head))
        self._next = source.read(PIECE_BYTES + TAG_BYTES)

    @property
    def is_encrypted(self) -> bool:
        """Tell whether a passphrase was needed."""
        return self._cipher is not None

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, fewer only at the end."""
        if self._cipher is None:
            return self._source.read(size)
        while (size < 0 or len(self._ready) < size) and self._next:
            self._ready += self._piece()
        given = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(given)]
        return given

    def _piece(self) -> bytes:
        assert self._cipher is not None  # noqa: S101 - asked by the caller
        sealed, self._next = self._next, self._source.read(PIECE_BYTES + TAG_BYTES)
        nonce = _nonce(self._pieces, is_last=not self._next)
        self._pieces += 1
        try:
            return self._cipher.decrypt(nonce, sealed, self._head)
        except InvalidTag as error:
            raise SealError(
                "The passphrase is wrong, or the backup was changed or cut off."
                if self._pieces == 1
                else f"The backup was changed or cut off in piece {self._pieces}."
            ) from error


def _head(source: IO[bytes]) -> tuple[bytes, dict[str, object]]:
    line = source.readline(HEAD_LIMIT_BYTES)
    told = source.readline(HEAD_LIMIT_BYTES)
    try:
        head = json.loads(told)
        cipher = head["cipher"]
    except (ValueError, TypeError, KeyError):
        cipher = None
    if line != MAGIC or cipher not in ("none", "chacha20poly1305"):
        raise SealError("This is no backup of Iskar, or one of a later release.")
    return line + told, head


def _key(passphrase: str, head: dict[str, object]) -> bytes:
    try:
        salt = bytes.fromhex(str(head["salt"]))
        cost = {name: int(str(head[name])) for name in COST}
    except (ValueError, KeyError) as error:
        raise SealError("The backup's first lines were changed.") from error
    if any(not 0 < cost[name] <= most for name, most in MAX_COST.items()):
        raise SealError("The backup's first lines ask for more work than any of ours does.")
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())


def _nonce(piece: int, *, is_last: bool) -> bytes:
    return piece.to_bytes(11) + bytes([is_last])
