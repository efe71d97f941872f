# SPDX-License-Identifier: EUPL-1.2
"""The text of a token: random, known by its look, and known to be whole.

The prefix lets scanners find a token that got into a repository or a log, the checksum lets them
tell it from a look-alike without asking us.
Source: GitHub, "Behind GitHub's new authentication token formats" (2021): prefix, base 62 so that a
double click takes it all, and a CRC-32 in six digits at the end.
"""

import secrets
import string
import zlib

PREFIX = "isk_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_BITS = 256
_RANDOM_DIGITS = 43  # 62 ** 43 > 2 ** 256
_CHECK_DIGITS = 6  # 62 ** 6 > 2 ** 32
_HINT_CHARACTERS = len(PREFIX) + 4  # tells tokens apart, and leaves 232 bits unknown


def new_token_text() -> str:
    """Return a new token."""
    random = _written(secrets.randbits(_RANDOM_BITS), _RANDOM_DIGITS)
    return PREFIX + random + _check(random)


def is_whole(token: str) -> bool:
    """Tell whether ``token`` can be one of ours; those of earlier releases have no prefix."""
    if not token.startswith(PREFIX):
        return True
    random, check = token[len(PREFIX) : -_CHECK_DIGITS], token[-_CHECK_DIGITS:]
    return len(random) == _RANDOM_DIGITS and check == _check(random)


def hint(token: str) -> str:
    """Return what may be shown of ``token`` ever after."""
    return token[:_HINT_CHARACTERS]


def _check(random: str) -> str:
    return _written(zlib.crc32(random.encode()), _CHECK_DIGITS)


def _written(number: int, digits: int) -> str:
    written = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_DIGITS))
        written = _DIGITS[digit] + written
    return written
