# SPDX-License-Identifier: EUPL-1.2
"""Batches: a posted body taken apart into what is right in itself and what goes to quarantine."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pydantic_core import from_json

from cloud.kit.auth.rights import OtherGatewayError
from cloud.kit.errors import BodyTooLargeError, InvalidRequestError, MalformedBodyError
from cloud.readings.columns import Columns, Integers
from cloud.readings.models import Entry, Reason, Refusal
from wire import VERSION, batch, block, fields, quality
from wire.errors import WireError

MAX_BODY_BYTES = 16 * 1024 * 1024
EARLIEST_S = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())  # before: a clock never set
MAX_AHEAD_S = 86400


@dataclass(frozen=True, kw_only=True)
class Block:
    """Telegrams that are right in every cell, and the block as it came."""

    columns: Columns
    raw: dict[str, Any]

    def as_entries(self) -> list[Entry]:
        """Return its telegrams one by one."""
        return [with_number(one) for one in block.unpacked(self.raw)]


@dataclass(kw_only=True)
class Batch:
    """What a gateway posted."""

    store: str
    committed: int = 0  # the highest number in it
    blocks: list[Block] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    notices: list[Entry] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def add_block(self, raw: Any, latest_s: int) -> None:
        """Take a block whole if every cell of it is right, else telegram by telegram."""
        columns = Columns.of_block(raw, EARLIEST_S, latest_s)
        if columns is not None:
            self.blocks.append(Block(columns=columns, raw=raw))
            self.committed = max(self.committed, *raw["n"])
            return
        try:
            entries = block.unpacked(raw)
        except WireError as error:
            self._refuse_block(raw, str(error))
            return
        for one in entries:
            self.add_entry(one, latest_s)

    def add_entry(self, raw: Any, latest_s: int) -> None:
        """Take an entry, or refuse it."""
        entry = _entry(raw, latest_s)
        self.committed = max(self.committed, entry.number or 0)
        if isinstance(entry, Refusal):
            self.refused.append(entry)
        elif entry.kind == batch.NOTICE:
            self.notices.append(entry)
        else:
            self.entries.append(entry)

    def _refuse_block(self, raw: Any, explanation: str) -> None:
        """Refuse a block of which it can't be said where one telegram ends, as a whole."""
        numbers = raw.get("n") if isinstance(raw, dict) else None
        sane = [one for one in numbers if _is_number(one)] if isinstance(numbers, list) else []
        refusal = _malformed(raw, Reason.MALFORMED, explanation)
        self.refused.append(replace(refusal, number=max(sane, default=None)))
        self.committed = max(self.committed, *sane, 0)

    def read_at_s(self) -> Integers:
        """Return the times of all telegrams that may be stored."""
        alone = [one.read_at_s for one in self.entries if one.kind == batch.TELEGRAM]
        return np.concatenate(
            [np.array(alone, np.int64), *(one.columns.read_at_s for one in self.blocks)]
        )


def decoded(gateway_id: str, body: bytes, latest_s: int) -> Batch:
    """Return the batch in ``body``; readings after ``latest_s`` are refused.

    Raises a CloudError where it is no batch of this gateway at all.
    """
    request = _parsed(body)
    if not isinstance(request, dict):
        raise InvalidRequestError("The batch is not a JSON object.")
    if request.get("ver") != VERSION or isinstance(request.get("ver"), bool):
        raise InvalidRequestError(f"The batch is not of version {VERSION}.")
    if request.get("gateway") != gateway_id:
        raise OtherGatewayError(_shown(request.get("gateway")))
    try:
        found = Batch(store=fields.text(request.get("store"), "store"))
    except WireError as error:
        raise InvalidRequestError(str(error)) from error
    entries, blocks = request.get("entries", []), request.get("blocks", [])
    if not isinstance(entries, list) or not isinstance(blocks, list):
        raise InvalidRequestError("Field entries or blocks is not a list.")
    if len(entries) + sum(map(_length, blocks)) > batch.MAX_ENTRIES:
        raise BodyTooLargeError(MAX_BODY_BYTES)
    for raw in blocks:
        found.add_block(raw, latest_s)
    for raw in entries:
        found.add_entry(raw, latest_s)
    return found


def _length(block: Any) -> int:
    """Return how many telegrams a block claims to hold."""
    numbers = block.get("n") if isinstance(block, dict) else None
    return len(numbers) if isinstance(numbers, list) else 1


def with_number(raw: dict[str, Any]) -> Entry:
    """Return an entry that was found right before."""
    return Entry(**{"number" if name == "n" else name: raw[name] for name in raw})


def _parsed(body: bytes) -> Any:
    """Return the JSON in ``body``; the fast parser refuses lone surrogates, the other doesn't."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedBodyError("The body is not JSON.") from error


def _entry(raw: Any, latest_s: int) -> Entry | Refusal:
    """Return the entry once its own frame is right, or why it isn't."""
    try:
        if not isinstance(raw, dict):
            raise WireError("The entry is not a JSON object.")
        number = fields.integer(raw, "n", 0, fields.MAX_REGISTER)
        kind, body = raw.get("kind"), raw.get("body")
        if kind not in batch.KINDS:
            raise WireError(f"Kind {_shown(kind)} is none of {', '.join(batch.KINDS)}.")
        if not isinstance(body, dict):
            raise WireError("Field body is not a JSON object.")
        entry = Entry(
            number=number,
            kind=kind,
            received_at_ms=fields.integer(raw, "received_at_ms", 0, fields.MAX_UNIX_S * 1000),
            read_at_s=fields.integer(raw, "read_at_s", 0, fields.MAX_REGISTER),
            quality=fields.integer(raw, "quality", 0, quality.ALL),
            body=body,
        )
    except WireError as error:
        return _malformed(raw, Reason.MALFORMED, str(error))
    if not EARLIEST_S <= entry.read_at_s <= latest_s:
        return _malformed(
            raw,
            Reason.IMPLAUSIBLE_TIME,
            f"Time {entry.read_at_s} is before 2000 or more than a day ahead.",
        )
    return entry


def _malformed(raw: Any, reason: str, explanation: str) -> Refusal:
    content = raw if isinstance(raw, dict) else {}
    number, kind = content.get("n"), content.get("kind")
    return Refusal(
        number=number if _is_number(number) else None,
        kind=kind if kind in batch.KINDS else None,
        node_id=None,
        reason=reason,
        explanation=explanation,
        raw=raw,
    )


def _is_number(content: Any) -> bool:
    return type(content) is int and 0 <= content <= fields.MAX_REGISTER


def _shown(content: object) -> str:
    return repr(content)[:60].encode("ascii", "backslashreplace").decode()
