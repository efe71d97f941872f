# SPDX-License-Identifier: EUPL-1.2
"""The words in which the catalogue says what is kept of people, and why, and for how long.

Source: GDPR articles 5 (1) (b, c, e), 6, 15, 17, 20 and 30.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Tie(StrEnum):
    """How a column says whose a row is."""

    USER = "user_id"
    SUBJECT = "subject"  # user:7, or a token of theirs
    SIGNATURE = "signature"  # person:EMAIL
    EMAIL = "email"


class Erasure(StrEnum):
    """What becomes of a person's rows when they are erased."""

    DELETE = "deleted"
    RENAME = "pseudonym"  # rows stay, the person is a number in them that leads nowhere
    KEEP = "kept"  # the person is a number in them already


class Basis(StrEnum):
    """Why we may keep it: GDPR article 6 (1)."""

    CONTRACT = "contract (b)"
    LEGAL = "legal obligation (c)"
    INTEREST = "legitimate interest (f)"
    CONSENT = "consent (a)"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A row goes so many days after what this column says."""

    column: str
    days: int = 0


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A table that tells of people.

    ``secret`` columns are nobody's to read, not even the person's; where ``told`` names some, the
    others are a building's, which the person may see no more; ``words`` are what somebody wrote,
    which is emptied with RENAME.
    """

    table: str
    ties: Mapping[str, Tie]
    purpose: str
    basis: Basis
    erasure: Erasure
    secret: tuple[str, ...] = ()
    told: tuple[str, ...] = ()  # all but the secret ones unless some are named
    words: tuple[str, ...] = ()
    ending: Ending | None = None
    until: str = ""  # in words, where no Ending says it
