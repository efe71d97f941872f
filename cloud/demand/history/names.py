# SPDX-License-Identifier: EUPL-1.2
"""Ids of series that are made by themselves: of Latin letters, digits and hyphens.

Source of the letters: Bulgaria's Transliteration Act (2009), article 4.
"""

import re
from collections.abc import Collection

MAX_LENGTH = 64
_CYRILLIC = "абвгдезийклмнопрстуфъю"
_LETTERS = dict(zip(_CYRILLIC, "abvgdeziyklmnoprstufay", strict=True)) | {
    "ж": "zh",
    "х": "h",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "sht",
    "ь": "y",
    "ю": "yu",
    "я": "ya",
}


def latin(name: str) -> str:
    """Return a name in letters that an id may have: Младост becomes mladost."""
    written = "".join(_LETTERS.get(letter, letter) for letter in name.lower())
    return re.sub(r"[^a-z0-9]+", "-", written).strip("-") or "x"


def free_id(wish: str, taken: Collection[str]) -> str:
    """Return ``wish``, or what it becomes with the first number that makes it nobody else's."""
    wish = wish[:MAX_LENGTH]
    number = 1
    found = wish
    while found in taken:
        number += 1
        found = f"{wish[: MAX_LENGTH - 5]}-{number}"
    return found
