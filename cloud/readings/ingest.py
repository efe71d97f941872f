# SPDX-License-Identifier: EUPL-1.2
"""Ingest: a gateway's batch becomes rows, repeats and quarantine in one transaction.

The answer is given after the commit. One entry that can't be understood never holds up the others:
it goes to quarantine and is acknowledged with them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic_core import from_json

from cloud.kit.auth.rights import OtherGatewayError
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import BodyTooLargeError, InvalidRequestError, MalformedBodyError
from cloud.meters.service import installations_of_nodes, lock_gateway
from cloud.readings import quarantine_repository, repository
from cloud.readings.models import Admission, Admitter, Entry, Reason, Refusal
from wire import VERSION, batch, fields, quality
from wire.errors import WireError

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 16 * 1024 * 1024
EARLIEST_S = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())  # before: a clock never set
MAX_AHEAD_S = 86400
REPLAY_AT_ONCE = 5000
MAX_NUMBER = fields.MAX_REGISTER


class Ingest:
    """Commits batches; ``admitters`` says who takes in which kind of entry."""

    def __init__(self, database: Database, clock: Clock, admitters: Mapping[str, Admitter]) -> None:
        self._database = database
        self._clock = clock
        self._admitters = admitters

    async def commit(self, gateway_id: str, body: bytes) -> tuple[int, Admission]:
        """Store the batch in ``body`` and return up to which number it is committed."""
        store, raw_entries = _frame(gateway_id, _parsed(body))
        latest_s = int(self._clock.now().timestamp()) + MAX_AHEAD_S
        admission = Admission()
        by_kind: dict[str, list[Entry]] = {}
        committed = 0
        for raw in raw_entries:
            entry = _entry(raw, latest_s)
            number = entry.number
            committed = max(committed, number or 0)
            if isinstance(entry, Refusal):
                admission.refused.append(entry)
            else:
                by_kind.setdefault(entry.kind, []).append(entry)
        async with self._database.transaction() as connection:
            await lock_gateway(connection, gateway_id)
            admission.add(await self._admit(connection, gateway_id, by_kind))
            if admission.refused:
                await quarantine_repository.quarantine(
                    connection, gateway_id, store, admission.refused
                )
            await quarantine_repository.advance_watermark(connection, gateway_id, store, committed)
        if admission.refused:
            log.warning(
                "entries_quarantined",
                gateway=gateway_id,
                count=len(admission.refused),
                reasons=sorted({refusal.reason for refusal in admission.refused}),
            )
        return committed, admission

    async def node_changed(self, connection: Connection, node_id: str) -> None:
        """Take up what a node sent before it, or its meter, was registered."""
        await repository.project(connection, await installations_of_nodes(connection, [node_id]))
        after = 0
        while waiting := await quarantine_repository.replayable(
            connection, node_id, Reason.REPLAYABLE, after, REPLAY_AT_ONCE
        ):
            taken = await self._replay(connection, waiting)
            await quarantine_repository.mark_replayed(connection, taken)
            after = waiting[-1]["quarantine_id"]

    async def _replay(
        self, connection: Connection, waiting: Sequence[Mapping[str, Any]]
    ) -> list[int]:
        """Admit quarantined entries again and return the ids of those that are in now."""
        taken = []
        for gateway_id in {held["gateway_id"] for held in waiting}:
            by_kind: dict[str, list[Entry]] = {}
            ids: dict[int, list[int]] = {}
            for held in waiting:
                if held["gateway_id"] == gateway_id:
                    entry = Entry(**_with_number(json.loads(held["entry"])))
                    by_kind.setdefault(entry.kind, []).append(entry)
                    ids.setdefault(entry.number, []).append(held["quarantine_id"])
            admission = await self._admit(connection, gateway_id, by_kind)
            still_out = {refusal.number for refusal in admission.refused}
            for number, quarantine_ids in ids.items():
                if number not in still_out:
                    taken += quarantine_ids
        return taken

    async def _admit(
        self, connection: Connection, gateway_id: str, by_kind: Mapping[str, list[Entry]]
    ) -> Admission:
        admission = Admission()
        for kind in batch.KINDS:
            if by_kind.get(kind):
                admission.add(
                    await self._admitters[kind].admit(connection, gateway_id, by_kind[kind])
                )
        return admission


def _with_number(raw: dict[str, Any]) -> dict[str, Any]:
    return {**{name: content for name, content in raw.items() if name != "n"}, "number": raw["n"]}


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


def _frame(gateway_id: str, request: Any) -> tuple[str, list[Any]]:
    """Return the store's name and the raw entries, once the batch's frame is right."""
    if not isinstance(request, dict):
        raise InvalidRequestError("The batch is not a JSON object.")
    if request.get("ver") != VERSION or isinstance(request.get("ver"), bool):
        raise InvalidRequestError(f"The batch is not of version {VERSION}.")
    if request.get("gateway") != gateway_id:
        raise OtherGatewayError(_shown(request.get("gateway")))
    try:
        store = fields.text(request.get("store"), "store")
    except WireError as error:
        raise InvalidRequestError(str(error)) from error
    entries = request.get("entries")
    if not isinstance(entries, list):
        raise InvalidRequestError("Field entries is not a list.")
    if len(entries) > batch.MAX_ENTRIES:
        raise BodyTooLargeError(MAX_BODY_BYTES)
    return store, entries


def _entry(raw: Any, latest_s: int) -> Entry | Refusal:
    """Return the entry once its own frame is right, or why it isn't."""
    try:
        if not isinstance(raw, dict):
            raise WireError("The entry is not a JSON object.")
        number = fields.integer(raw, "n", 0, MAX_NUMBER)
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
    sane = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_NUMBER
    return Refusal(
        number=number if sane else None,
        kind=kind if kind in batch.KINDS else None,
        node_id=None,
        reason=reason,
        explanation=explanation,
        raw=raw,
    )


def _shown(content: object) -> str:
    return repr(content)[:60].encode("ascii", "backslashreplace").decode()
