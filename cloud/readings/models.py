# SPDX-License-Identifier: EUPL-1.2
"""What comes in, what becomes of it, and what is read out again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cloud.kit.database import Connection

Key = tuple[str, int, int]  # node_id, boot, sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of a batch whose frame is right; its body is not looked at yet."""

    number: int
    kind: str
    received_at_ms: int
    read_at_s: int
    quality: int
    body: dict[str, Any]

    @property
    def node_id(self) -> str | None:
        """The node that the body names, if it can be one."""
        named = self.body.get("id", self.body.get("node_id"))
        return named if isinstance(named, str) and len(named) <= 32 and named.isascii() else None


class Reason:
    """Why an entry is quarantined; those in REPLAYABLE can be mended by registering something."""

    MALFORMED = "malformed-entry"
    UNDECODABLE = "undecodable"
    IMPLAUSIBLE_TIME = "read-at-implausible"
    UNKNOWN_NODE = "unknown-node"
    NOT_YOUR_NODE = "not-your-node"
    UNKNOWN_CHANNEL = "unknown-channel"
    CONFLICT = "conflict"
    REPLAYABLE = (UNKNOWN_NODE, NOT_YOUR_NODE, UNKNOWN_CHANNEL)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An entry that goes to quarantine, and why."""

    number: int | None
    kind: str | None
    node_id: str | None
    reason: str
    explanation: str
    raw: Any


@dataclass(kw_only=True)
class Admission:
    """What became of some entries."""

    stored: int = 0
    repeated: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, entry: Entry, reason: str, explanation: str) -> None:
        """Send an entry to quarantine."""
        self.refused.append(
            Refusal(
                number=entry.number,
                kind=entry.kind,
                node_id=entry.node_id,
                reason=reason,
                explanation=explanation,
                raw={
                    "n": entry.number,
                    "kind": entry.kind,
                    "received_at_ms": entry.received_at_ms,
                    "read_at_s": entry.read_at_s,
                    "quality": entry.quality,
                    "body": entry.body,
                },
            )
        )

    def add(self, other: "Admission") -> None:
        """Count another admission in."""
        self.stored += other.stored
        self.repeated += other.repeated
        self.refused += other.refused


class Admitter(Protocol):
    """Takes entries of its kinds into the tables of its module, in the transaction given."""

    async def admit(
        self, connection: Connection, gateway_id: str, entries: Sequence[Entry]
    ) -> Admission:
        """Store, count as repeated, or refuse each entry."""
        ...


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a message tells: the same when it is sent again, whatever may differ on the way.

    ``read_at_s`` is None where the gateway worked the time out, for it may do so again otherwise.
    """

    read_at_s: int | None
    registers: dict[str, int] | None = None  # by OBIS code, of a telegram
    event: tuple[str, dict[str, int | str]] | None = None  # kind and detail


@dataclass(frozen=True, kw_only=True)
class Message:
    """A decoded telegram or event."""

    entry: Entry
    node_id: str
    boot: int
    sequence: int
    told: Told

    @property
    def key(self) -> Key:
        """What makes it the same message."""
        return (self.node_id, self.boot, self.sequence)


@dataclass(frozen=True, kw_only=True)
class Current:
    """The newest reading of a channel."""

    node_id: str
    obis: str
    read_at_s: int
    boot: int
    sequence: int
    register: int
    received_at_ms: int
    quality: int

    @property
    def age(self) -> tuple[int, int, int]:
        """What makes it newer than another: when it was read, then its place in the sequence."""
        return (self.read_at_s, self.boot, self.sequence)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A register that is known at an instant: by a reading, or because somebody looked."""

    read_at: datetime
    register: int
    quality: int


@dataclass(frozen=True, kw_only=True)
class KnownBoundary:
    """The register at a month's start as it is kept when its readings are gone."""

    at: datetime
    register: int
    quality: int
    before_at: datetime | None
    before_register: int | None
    after_at: datetime | None
    after_register: int | None


@dataclass(frozen=True, kw_only=True)
class IntervalUsage:
    """What was used over [start, end): None if nothing is known; never zero for a gap."""

    start: datetime
    end: datetime
    usage: int | None
    quality: int


Now = Callable[[], datetime]
