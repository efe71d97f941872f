# SPDX-License-Identifier: EUPL-1.2
"""Passwords and tokens: random ones are made here, and only hashes are kept.

A password is guessable, so its hash is slow (argon2id); a token has 256 random bits, so a plain
SHA-256 of it is enough.
"""

import asyncio
import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106, low memory


def new_password() -> str:
    """Return a random password that a person can type."""
    return "-".join(secrets.token_hex(2) for _ in range(5))


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is kept of ``token``."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def password_hash(password: str) -> str:
    """Return what is kept of ``password``."""
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    """Return a hash to verify for unknown users, so that they take the same time."""
    return _hasher.hash(new_token())


async def is_right(password: str, kept_hash: str | None) -> bool:
    """Tell whether ``password`` is the one behind ``kept_hash``; None never is."""
    matches = await asyncio.to_thread(_verify, kept_hash, password)
    return matches and kept_hash is not None


def _verify(kept_hash: str | None, password: str) -> bool:
    try:
        return _hasher.verify(kept_hash or _nobody(), password)
    except (VerifyMismatchError, InvalidHashError, UnicodeEncodeError):
        return False


def needs_rehash(kept_hash: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept_hash)
