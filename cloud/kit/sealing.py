# SPDX-License-Identifier: EUPL-1.2
"""Sealing: secrets that must be read again are kept encrypted, under a key outside the database.

Who has the database alone, or a backup of it, can't open them. The key is a file below the data
directory, the same for every process, and belongs in the backup of that directory.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class Sealing:
    """Seals and opens under the key in a file, which is made at its first use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def seal(self, secret: bytes, purpose: str) -> bytes:
        """Return ``secret`` encrypted; only ``open`` with the same ``purpose`` gives it back."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._key()).encrypt(nonce, secret, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Return what was sealed, or raise InvalidTag if it was tampered with or moved.

        No key is made here: a new one would open nothing, and stand where the right one belongs.
        """
        if not self._path.exists():
            raise InvalidTag
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return AESGCM(self._key()).decrypt(nonce, rest, purpose.encode())

    def _key(self) -> bytes:
        if not self._path.exists():
            self._make()
        return self._path.read_bytes()

    def _make(self) -> None:
        """Put a new key there, whole and at once; of two processes that do, one is first."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self._path)
        except FileExistsError:
            pass  # the other process was first, and its key counts
        finally:
            draft.unlink()
