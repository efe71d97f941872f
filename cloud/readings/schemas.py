# SPDX-License-Identifier: EUPL-1.2
"""What readings look like over HTTP."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

Resolution = Literal["hour", "day", "month"]


class Refused(BaseModel):
    """An entry that went to quarantine; without number if it had none."""

    n: int | None
    reason: str


class Committed(BaseModel):
    """The cloud's word on a batch, see ``wire.batch``."""

    ver: int
    committed: int
    stored: int
    repeated: int
    quarantined: list[Refused]
    now_ms: int


class Interval(BaseModel):
    """Usage over [start, end) in local time; None where nothing is known."""

    interval_start: AwareDatetime
    interval_end: AwareDatetime
    usage: int | None
    quality: list[str]


class Usage(BaseModel):
    """Usage in equal steps of local time; not final while readings wait to be reviewed."""

    unit: str
    resolution: Resolution
    timezone: str
    is_final: bool
    intervals: list[Interval]


class Reading(BaseModel):
    """A register's count at an instant, and the message it came in.

    One that doesn't count in any usage was excluded by a rule or an editor, and says why.
    """

    read_at: AwareDatetime
    received_at: AwareDatetime
    register_count: int = Field(alias="register")
    unit: str
    quality: list[str]
    node_id: str
    boot: int
    sequence: int
    counts: bool
    excluded_by: str | None
    excluded_because: str | None


class LedgerRow(BaseModel):
    """One message of a node, as the ledger keeps it.

    ``registers`` are by OBIS code, which fixes the unit; ``quality`` is that of the message.
    """

    node_id: str
    boot: int
    sequence: int
    kind: str
    read_at: AwareDatetime
    quality: list[str]
    registers: dict[str, int] | None
    received_at: AwareDatetime
    stored_at: AwareDatetime


class Quarantined(BaseModel):
    """An entry that was refused, as it came, in JSON."""

    quarantine_id: int
    gateway_id: str
    store: str
    n: int | None
    kind: str | None
    reason: str
    explanation: str
    node_id: str | None
    entry: str
    quarantined_at: AwareDatetime
    replayed_at: AwareDatetime | None


class Notice(BaseModel):
    """What a gateway had to say; ``noticed_at`` is its own word, and its clock may be wrong."""

    kind: str
    detail: dict[str, int | str]
    noticed_at: AwareDatetime
    stored_at: AwareDatetime


class IntegrityFinding(BaseModel):
    """Something that can't be, noticed while taking messages in."""

    finding_id: int
    kind: str
    node_id: str
    boot: int
    sequence: int
    explanation: str
    found_at: AwareDatetime
