# SPDX-License-Identifier: EUPL-1.2
"""What a password must be: long, and none of those that everybody tries first.

No rules of composition and no expiry: they make passwords worse.
Source: NIST SP 800-63B-4, 3.1.1.2 (15 characters where a password is the only factor; a list of
common and of expected ones; Unicode normalised).
"""

import re
import unicodedata

from cloud.kit.errors import InvalidRequestError

MIN_CHARACTERS = 15
MAX_CHARACTERS = 200
MIN_DIFFERENT = 5
MIN_OF_ITS_OWN = 8  # characters that are neither the person's name nor common words
COMMON = tuple(
    word
    for line in (
        "password passwort parola парола qwerty qwertyuiop asdfghjkl zxcvbnm 1234567890",
        "0987654321 123456789 12345678 1234567 123456 abcdefghijklmnopqrstuvwxyz abc123",
        "iloveyou letmein welcome administrator admin monkey dragon football princess sunshine",
        "superman trustno1 changeme secret default iskar искър sofia софия sofiyska voda",
        "electrohold overgas bulgaria българия 1qaz2wsx3edc qazwsxedc явертъуиоп йцукен",
    )
    for word in line.split()
)
_REPEATED = re.compile(r"(.{1,6}?)\1+")


def normalised(password: str) -> str:
    """Return a password as it is hashed: the same letters however a keyboard composes them."""
    return unicodedata.normalize("NFC", password)


def refuse_weak(password: str, email: str, name: str) -> None:
    """Raise InvalidRequestError that says what is wrong with a new password."""
    if len(password) < MIN_CHARACTERS:
        raise InvalidRequestError(
            f"A password has at least {MIN_CHARACTERS} characters; some words you'll remember do."
        )
    if len(password) > MAX_CHARACTERS:
        raise InvalidRequestError(f"A password has at most {MAX_CHARACTERS} characters.")
    rest = password.lower()
    own = [*re.split(r"[^\w]+", email.lower()), *name.lower().split()]
    for word in sorted({one for one in (*own, *COMMON) if len(one) > 2}, key=len, reverse=True):
        rest = rest.replace(word, "")
    rest = _REPEATED.sub(r"\1", rest)
    if len(rest) < MIN_OF_ITS_OWN or len(set(rest)) < MIN_DIFFERENT:
        raise InvalidRequestError(
            "This password is among those that are tried first; take one that is your own."
        )
