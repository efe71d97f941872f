# SPDX-License-Identifier: EUPL-1.2
"""Admission of telegrams and events: into the ledger once, and from there into readings.

The caller holds the gateway's lock, and a node belongs to one gateway: nobody else writes its keys
meanwhile, so that what the ledger doesn't hold yet can be told before writing.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from cloud.kit.database import Connection
from cloud.kit.errors import CloudError
from cloud.meters.service import gateways_of
from cloud.readings import ledger_repository, quarantine_repository
from cloud.readings.columns import Columns, Integers
from cloud.readings.ledger_repository import Boot
from cloud.readings.models import Admission, Entry, Message, Reason, Told
from cloud.readings.storing import store
from wire import VERSION, batch, event, quality, telegram
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

    async def admit_blocks(
        self, connection: Connection, gateway_id: str, blocks: Sequence[Columns]
    ) -> set[Columns]:
        """Store the blocks of this gateway's nodes that hold new telegrams only; return those."""
        if not blocks:
            return set()
        owners = await gateways_of(connection, {one.node_id for one in blocks})
        ours: dict[Boot, list[Columns]] = {}
        for one in blocks:
            if owners.get(one.node_id) == gateway_id:
                ours.setdefault((one.node_id, one.boot), []).append(one)
        sequences = {boot: np.concatenate([one.sequence for one in ours[boot]]) for boot in ours}
        claimed = await ledger_repository.claim(
            connection, {boot: told for boot, told in sequences.items() if _differ(told)}
        )
        fresh = [one for boot in ours if boot in claimed for one in ours[boot]]
        if fresh:
            await store(connection, fresh)
        return set(fresh)

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
            await _keep(connection, fresh)
        admission.stored += len(fresh)
        return admission


def _differ(sequences: Integers) -> bool:
    return bool(np.diff(np.sort(sequences)).all())


def _decoded(entry: Entry, admission: Admission) -> Message | None:
    body = entry.body
    known_time = None if entry.quality & quality.RECONSTRUCTED else entry.read_at_s
    try:
        if body.get("ver") != VERSION or isinstance(body.get("ver"), bool):
            raise WireError(f"Version {body.get('ver')!r} is not {VERSION}.")
        message: telegram.Telegram | event.Event
        if entry.kind == batch.TELEGRAM:
            message = telegram.from_fields(body)
            told = Told(read_at_s=known_time, registers=message.registers)
        else:
            message = event.from_fields(body)
            told = Told(read_at_s=known_time, event=(message.kind, message.detail))
    except WireError as error:
        admission.refuse(entry, Reason.UNDECODABLE, str(error))
        return None
    return Message(
        entry=entry,
        node_id=message.node_id,
        boot=message.boot,
        sequence=message.sequence,
        told=told,
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
    """Return the messages whose key is new, and those that contradict the first under their key.

    A key whose rows are gone by retention is taken for repeated, whatever comes under it.
    """
    known = await ledger_repository.known(connection, messages)
    again = [message for message in messages if message.key in known]
    first = await ledger_repository.told(connection, again) if again else {}
    fresh: list[Message] = []
    conflicts: list[tuple[Message, str]] = []
    for message in messages:
        if message.key not in known:
            known.add(message.key)
            first[message.key] = message.told
            fresh.append(message)
        elif first.get(message.key, message.told) == message.told:
            admission.repeated += 1
        else:
            explanation = (
                f"Node {message.node_id} sent other content under boot {message.boot},"
                f" sequence {message.sequence} before; the first stays."
            )
            admission.refuse(message.entry, Reason.CONFLICT, explanation)
            conflicts.append((message, explanation))
    return fresh, conflicts


async def _keep(connection: Connection, messages: Sequence[Message]) -> None:
    """Store messages whose keys are new, or raise LedgerBusyError."""
    sequences: dict[Boot, list[int]] = {}
    for message in messages:
        sequences.setdefault((message.node_id, message.boot), []).append(message.sequence)
    claimed = await ledger_repository.claim(
        connection, {boot: np.array(told) for boot, told in sequences.items()}
    )
    if len(claimed) != len(sequences):
        raise LedgerBusyError
    events = [message for message in messages if message.told.event]
    if events:
        await ledger_repository.add_events(connection, events)
    telegrams = Columns.of_messages(message for message in messages if message.told.registers)
    if telegrams:
        await store(connection, telegrams)
