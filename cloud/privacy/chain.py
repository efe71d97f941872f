# SPDX-License-Identifier: EUPL-1.2
"""The audit log's chain, checked: each entry follows from the one before it and from its own text.

Whoever can write to the database could make a whole new chain; what was told to the outside of
an earlier one (``anchors``) shows that.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

ERASED = "person.erased"  # its ``about`` is whose personal details are gone
THINNED = "audit.thinned"  # its detail ``before`` says before which entry they are, by age


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry as the database keeps it; ``salt`` and ``content`` are what is told beside it."""

    entry_id: int
    recorded_at: datetime
    actor: str
    action: str
    about: str
    premises_id: str | None
    entry: str
    hash: bytes
    salt: bytes | None = None
    content: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The first entry that is not as it was written, and what is wrong with it."""

    entry_id: int
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Gone:
    """Which personal details were taken away by right: of whom, and before which entry."""

    people: Collection[str] = ()
    before: int = 0


@dataclass
class Chain:
    """Walks over entries in order and stops at the first fault; keeps one hash, no entry."""

    gone: Gone = field(default_factory=Gone)
    told: Mapping[int, bytes] = field(default_factory=dict)  # hashes told to the outside
    entries: int = 0
    hash: bytes = b""
    fault: Fault | None = None

    def follow(self, one: Entry) -> bool:
        """Check the next entry; tell whether the chain holds so far."""
        self.fault = self.fault or self._fault_of(one)
        if self.fault is None:
            self.entries = one.entry_id
            self.hash = one.hash
        return self.fault is None

    def end(self) -> None:
        """Check that nothing is missing at the end that was told to the outside."""
        last_told = max(self.told, default=0)
        if self.fault is None and last_told > self.entries:
            self.fault = Fault(
                entry_id=self.entries + 1,
                explanation=f"The log ends after {self.entries} entries;"
                f" entry {last_told} was there once.",
            )

    def _fault_of(self, one: Entry) -> Fault | None:
        expected = self.entries + 1
        if one.entry_id != expected:
            return Fault(entry_id=expected, explanation=f"Entry {expected} is missing.")
        if sha256(self.hash + one.entry.encode()).digest() != one.hash:
            explanation = "Its hash does not follow from the entry before it and its own text."
        elif self.told.get(one.entry_id, one.hash) != one.hash:
            explanation = "It is another one than was there when its hash was told to the outside."
        else:
            explanation = _wrong_with(one, self.gone)
        return Fault(entry_id=one.entry_id, explanation=explanation) if explanation else None


def _wrong_with(one: Entry, gone: Gone) -> str:
    """Return what of an entry doesn't agree with its text; empty if all does."""
    text: dict[str, Any] = json.loads(one.entry)
    for name in ("entry_id", "actor", "action", "about", "premises_id"):
        if getattr(one, name) != text[name]:
            return f"Its column {name} says something else than its text."
    if one.recorded_at != datetime.fromisoformat(text["recorded_at"]):
        return "Its column recorded_at says something else than its text."
    digest = text.get("personal")
    if one.content is None or one.salt is None:
        taken = digest is None or text["person"] in gone.people or one.entry_id < gone.before
        return "" if taken else "What it told of a person is gone without an erasure."
    if sha256(one.salt + one.content.encode()).hexdigest() != digest:
        return "What it tells of a person was changed."
    return ""
