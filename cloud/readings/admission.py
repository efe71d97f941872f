# SPDX-License-Identifier: EUPL-1.2
"""Admission of telegrams and events: into the ledger once, and from there into readings.

The caller holds the gateway's lock, and a node belongs to one gateway: nobody else writes its keys
meanwhile, so that what the ledger doesn't hold yet can be told before writing.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import ClassVar

from cloud.kit.database import Connection
from cloud.kit.errors import CloudError
from cloud.kit.live import announce
from cloud.meters.service import gateways_of, installations_of_nodes
from cloud.readings import quarantine_repository, repository
from cloud.readings.channels import Channels, Newest
from cloud.readings.models import Admission, Entry, Message, Reason
from wire import VERSION, batch, event, telegram
from wire.errors import WireError


class LedgerBusyError(CloudError):
    """A node is just being moved to another gateway; nothing was stored."""

    status = 503
    code = "ledger-busy"
    headers: ClassVar = {"Retry-After": "1"}

    def __init__(self) -> None:
        super().__init__("A node of this batch is being moved between gateways; send it again.")


class TelegramAdmitter:
    """Takes in telegrams and events."""

    async def admit(
        self, connection: Connection, gateway_id: str, entries: Sequence[Entry]
    ) -> Admission:
        """Store what is new, count what is repeated, refuse the rest."""
        admission = Admission()
        decoded = [
            message for entry in entries if (message := _decoded(entry, admission)) is not None
        ]
        owners = await gateways_of(connection, {message.node_id for message in decoded})
        ours = [
            message
            for message in decoded
            if _belongs(message, owners.get(message.node_id), gateway_id, admission)
        ]
        if not ours:
            return admission
        fresh, conflicts = await _only_new(connection, ours, admission)
        if conflicts:
            await quarantine_repository.add_conflicts(connection, conflicts)
        if fresh:
            if await repository.add_telegrams(connection, fresh) != len(fresh):
                raise LedgerBusyError
            await _project(connection, fresh)
        admission.stored += len(fresh)
        return admission


def _decoded(entry: Entry, admission: Admission) -> Message | None:
    body = entry.body
    try:
        if body.get("ver") != VERSION or isinstance(body.get("ver"), bool):
            raise WireError(f"Version {body.get('ver')!r} is not {VERSION}.")
        message = (
            telegram.from_fields(body) if entry.kind == batch.TELEGRAM else event.from_fields(body)
        )
    except WireError as error:
        admission.refuse(entry, Reason.UNDECODABLE, str(error))
        return None
    if isinstance(message, telegram.Telegram):
        # OBIS codes and integers need no escaping, and this takes a third of the encoder's time
        pairs = [f'"{code}":{count}' for code, count in sorted(message.registers.items())]
        registers, canonical = message.registers, "{" + ",".join(pairs) + "}"
    else:
        told = {"event": message.kind, "detail": message.detail}
        registers, canonical = None, json.dumps(told, sort_keys=True)
    content = f"{entry.kind} {message.time_s} {message.time_quality} {canonical}"
    return Message(
        entry=entry,
        node_id=message.node_id,
        boot=message.boot,
        sequence=message.sequence,
        registers=registers,
        canonical=canonical,
        digest=hashlib.blake2b(content.encode(), digest_size=16).hexdigest(),
    )


def _belongs(message: Message, owner: str | None, gateway_id: str, admission: Admission) -> bool:
    if owner is None:
        admission.refuse(
            message.entry,
            Reason.UNKNOWN_NODE,
            f"Node {message.node_id} is not registered; once it is, this is taken in.",
        )
    elif owner != gateway_id:
        admission.refuse(
            message.entry,
            Reason.NOT_YOUR_NODE,
            f"Node {message.node_id} belongs to another gateway; once moved, this is taken in.",
        )
    return owner == gateway_id


async def _only_new(
    connection: Connection, messages: Sequence[Message], admission: Admission
) -> tuple[list[Message], list[tuple[Message, str]]]:
    """Return the messages whose key is new, and those that contradict the first under their key."""
    known = await repository.known_digests(connection, messages)
    fresh: list[Message] = []
    conflicts: list[tuple[Message, str]] = []
    for message in messages:
        first = known.get(message.key)
        if first is None:
            known[message.key] = message.digest
            fresh.append(message)
        elif first == message.digest:
            admission.repeated += 1
        else:
            explanation = (
                f"Node {message.node_id} sent other content under boot {message.boot},"
                f" sequence {message.sequence} before; the first stays."
            )
            admission.refuse(message.entry, Reason.CONFLICT, explanation)
            conflicts.append((message, explanation))
    return fresh, conflicts


async def _project(connection: Connection, messages: Sequence[Message]) -> None:
    """Write the readings of new telegrams, and announce those that are news."""
    telegrams = [message for message in messages if message.registers]
    if not telegrams:
        return
    channels = Channels(
        await installations_of_nodes(connection, {message.node_id for message in telegrams})
    )
    readings: list[repository.ReadingRow] = []
    newest = Newest()
    for message in telegrams:
        channels.place(message, readings, newest)
    if readings:
        await repository.add_readings(connection, readings)
    await announce(connection, await newest.keep(connection, channels))
