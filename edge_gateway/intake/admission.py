# SPDX-License-Identifier: EUPL-1.2
"""Admission: what one arrival changes in the store, inside the transaction of its batch."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_gateway.feed import News, Noticed, Stored
from edge_gateway.intake import reading_time, salvage
from edge_gateway.intake.progress import BootKey, Progress
from edge_gateway.store import anchors, facts, messages, meters, outbox, quarantine, watermarks
from edge_gateway.store.messages import StoredMessage
from wire import event, fields, reading_types, status, telegram, topics
from wire.errors import WireError
from wire.event import Event
from wire.telegram import Telegram

_BOOTS_OF_NODES_FROM = 1  # boot 0 is kept for imported history


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it came from the broker."""

    topic: str
    payload: bytes
    retained: bool
    received_at_ms: int
    clock_trusted: bool  # whether the gateway believed its own clock when it came


class Finding(Protocol):
    """Something a rule noticed, or noticed to be over."""

    def body(self) -> dict[str, object]:
        """Return it as it travels to the cloud."""


class Watch(Protocol):
    """The leak rules, seen from here: they are shown each register of a water meter as it comes."""

    def look(
        self, *, node_id: str, obis: str, register_ml: int, read_at_s: int, now_s: int | None
    ) -> Sequence[Finding]:
        """Return the findings that this reading raised or cleared."""

    def open_findings(self) -> Sequence[Finding]:
        """Return the findings that were raised and not cleared."""

    def take_changed(self) -> Mapping[str, str]:
        """Return the memory of every meter that has changed since the last call."""

    def restore(self, memories: Mapping[str, str]) -> None:
        """Go back to these memories."""


class Admission:
    """Judges arrivals and writes the verdict. Lives in the store's thread.

    What it remembers between batches only mirrors the store: ``forget`` after a failed transaction.
    """

    def __init__(self, site: str, gateway_id: str, watch: Watch) -> None:
        self._own = (site, gateway_id)
        self._watch = watch
        self._progress = Progress()
        self._next_number: int | None = None
        self._tally: Counter[str] = Counter()
        self._news: list[News] = []

    def take_news(self) -> list[News]:
        """Return what neighbours may be told, once what ``admit`` wrote is committed."""
        news, self._news = self._news, []
        return news

    def forget(self) -> None:
        """Forget everything that was not committed."""
        self._progress.forget()
        self._tally.clear()
        self._news.clear()
        self._next_number = None

    def admit(
        self, db: sqlite3.Connection, arrivals: Sequence[Arrival], dropped: int
    ) -> dict[BootKey, int]:
        """Write the arrivals; return what may be acknowledged once they are committed."""
        if self._next_number is None:
            self._next_number = outbox.last_number(db) + 1
            self._watch.restore(meters.memories(db))
            self._news += [Noticed(finding=one.body()) for one in self._watch.open_findings()]
        for arrival in arrivals:
            self._admit_one(db, arrival)
        self._tally.update(received=len(arrivals), dropped=dropped)
        meters.remember(db, self._watch.take_changed())
        facts.add_to_tallies(db, self._tally)
        self._tally.clear()
        return self._progress.save(db)

    def _admit_one(self, db: sqlite3.Connection, arrival: Arrival) -> None:
        try:
            site, gateway_id, node_id, channel = topics.parse(arrival.topic)
            if (site, gateway_id) != self._own or channel not in topics.FROM_NODE:
                raise WireError("This topic is not one that a node of ours publishes on.")
        except WireError as error:
            self._quarantine(db, arrival, str(error))
            return
        try:
            if channel == topics.STATUS:
                self._admit_status(db, arrival, node_id)
            else:
                self._admit_message(db, arrival, node_id, channel)
        except WireError as error:
            self._quarantine(db, arrival, str(error))
            if channel != topics.STATUS:
                self._salvage(db, arrival, node_id)

    def _admit_message(
        self, db: sqlite3.Connection, arrival: Arrival, node_id: str, channel: str
    ) -> None:
        content = fields.parse(arrival.payload)
        decode = telegram.from_fields if channel == topics.TELEGRAM else event.from_fields
        message: Telegram | Event = decode(content)
        fields.integer(content, "boot", _BOOTS_OF_NODES_FROM, fields.MAX_BOOT)
        _check_identity(message.node_id, node_id)
        reading_time.check(message)
        body = json.dumps(content, separators=(",", ":"), sort_keys=True)
        watermark = self._progress.of(db, node_id, message.boot)
        if message.sequence in watermark and self._is_known(db, arrival, message, channel, body):
            return
        watermark.settle(message.sequence, message.sequence)
        self._store(db, arrival, message, channel, body)
        if isinstance(message, Event) and message.kind == event.JOURNAL_LOST:
            self._step_over_lost(db, message)

    def _is_known(
        self,
        db: sqlite3.Connection,
        arrival: Arrival,
        message: Telegram | Event,
        channel: str,
        body: str,
    ) -> bool:
        """Return whether the key was stored before, counting it as a repeat or a conflict.

        False for one that was stepped over: it was believed lost and comes after all. A message
        whose row has been deleted by age is a repeat, whatever it says.
        """
        key = (message.node_id, message.boot, message.sequence)
        stored = messages.content(db, *key)
        if stored is None:
            known = message.sequence <= watermarks.pruned(db, message.node_id, message.boot)
            self._tally["repeated"] += known
            return known
        if stored == (channel, body):
            self._tally["repeated"] += 1
        else:
            self._tally["conflicts"] += 1
            self._keep_aside(db, arrival, f"The key {key} is stored with other content.")
        return True

    def _store(
        self,
        db: sqlite3.Connection,
        arrival: Arrival,
        message: Telegram | Event,
        channel: str,
        body: str,
    ) -> None:
        read_at_s, quality = reading_time.read_at(db, message)
        stored = StoredMessage(
            node_id=message.node_id,
            boot=message.boot,
            sequence=message.sequence,
            kind=channel,
            received_at_ms=arrival.received_at_ms,
            read_at_s=read_at_s,
            quality=quality,
            body=body,
            number=None if read_at_s is None else self._take_number(),
        )
        messages.insert(db, stored)
        self._tally["stored"] += 1
        if read_at_s is not None:
            self._tell(db, arrival, message, read_at_s, quality)

    def _tell(
        self,
        db: sqlite3.Connection,
        arrival: Arrival,
        message: Telegram | Event,
        read_at_s: int,
        quality: int,
    ) -> None:
        """Tell neighbours and the leak rules of a message whose time is known."""
        self._news.append(Stored(message=message, read_at_s=read_at_s, quality=quality))
        if isinstance(message, Telegram):
            self._look(db, arrival, message, read_at_s)

    def _look(
        self, db: sqlite3.Connection, arrival: Arrival, message: Telegram, read_at_s: int
    ) -> None:
        """Show the water registers to the leak rules; their findings share this transaction."""
        now_s = arrival.received_at_ms // 1000 if arrival.clock_trusted else None
        for obis, register in message.registers.items():
            reading_type, _ = reading_types.parse(obis)
            if reading_type not in (reading_types.COLD_WATER, reading_types.HOT_WATER):
                continue
            for finding in self._watch.look(
                node_id=message.node_id,
                obis=obis,
                register_ml=register,
                read_at_s=read_at_s,
                now_s=now_s,
            ):
                number = self._take_number()
                outbox.append_finding(db, number, arrival.received_at_ms, finding.body())
                self._news.append(Noticed(finding=finding.body()))
                self._tally["findings"] += 1

    def _step_over_lost(self, db: sqlite3.Connection, lost: Event) -> None:
        """Settle the range that a node's full journal had to drop; the cloud shows it missing."""
        detail: dict[str, object] = dict(lost.detail)
        try:
            boot = fields.integer(detail, "boot", _BOOTS_OF_NODES_FROM, fields.MAX_BOOT)
            first = fields.integer(detail, "first", 1, fields.MAX_SEQUENCE)
            last = fields.integer(detail, "last", first, fields.MAX_SEQUENCE)
            if (boot, last) >= (lost.boot, lost.sequence):
                raise WireError("What comes after the event itself can't be lost yet.")
        except WireError:
            self._tally["unclear_losses"] += 1  # the event is stored all the same
            return
        self._progress.step_over(db, lost.node_id, boot, first, last)

    def _admit_status(self, db: sqlite3.Connection, arrival: Arrival, node_id: str) -> None:
        said = status.decode(arrival.payload)
        _check_identity(said.node_id, node_id)
        self._tally["statuses"] += 1
        self._news.append(said)
        if said.held_sequence > 1:
            self._progress.step_over(db, node_id, said.held_boot, 1, said.held_sequence - 1)
        if arrival.retained or said.state != status.ONLINE:
            return  # a word from the past: true of the journal, but not of the present moment
        for boot in {said.boot, said.held_boot}:
            self._progress.of(db, node_id, boot)
        if arrival.clock_trusted:
            self._anchor(db, arrival, said)

    def _anchor(self, db: sqlite3.Connection, arrival: Arrival, said: status.Status) -> None:
        if anchors.read(db, said.node_id, said.boot) is None:
            boot_at_ms = reading_time.boot_at_ms(arrival.received_at_ms, said.up_ms)
            anchors.insert(db, said.node_id, said.boot, boot_at_ms, anchors.FROM_STATUS)
            self._resolve(db, arrival, said.node_id, said.boot)
        for boot in reading_time.place_ended_boots(db, said.node_id, said.held_boot):
            self._resolve(db, arrival, said.node_id, boot)

    def _resolve(self, db: sqlite3.Connection, arrival: Arrival, node_id: str, boot: int) -> None:
        """Give the waiting messages of a boot their time, and send them on their way."""
        for stored in messages.without_time(db, node_id, boot):
            content = json.loads(stored.body)
            decode = telegram.from_fields if stored.kind == topics.TELEGRAM else event.from_fields
            message: Telegram | Event = decode(content)
            read_at_s, quality = reading_time.read_at(db, message)
            if read_at_s is None:
                raise AssertionError("A boot is resolved only once it is anchored.")
            messages.set_time(db, stored, read_at_s, quality, self._take_number())
            self._tally["resolved"] += 1
            self._tell(db, arrival, message, read_at_s, quality)

    def _salvage(self, db: sqlite3.Connection, arrival: Arrival, node_id: str) -> None:
        """Settle the key of a message that can't be read, so that it does not dam the stream."""
        key = salvage.key(arrival.payload, node_id)
        if key is not None:
            boot, sequence = key
            self._progress.step_over(db, node_id, boot, sequence, sequence)

    def _quarantine(self, db: sqlite3.Connection, arrival: Arrival, reason: str) -> None:
        self._tally["quarantined"] += 1
        self._keep_aside(db, arrival, reason)

    def _keep_aside(self, db: sqlite3.Connection, arrival: Arrival, reason: str) -> None:
        quarantine.add(
            db,
            topic=arrival.topic,
            payload=arrival.payload,
            reason=reason,
            seen_at_ms=arrival.received_at_ms,
        )

    def _take_number(self) -> int:
        if self._next_number is None:
            raise AssertionError("Numbers are given within a batch only.")
        self._next_number += 1
        return self._next_number - 1


def _check_identity(claimed: str, topic_node_id: str) -> None:
    if claimed != topic_node_id:
        raise WireError(f"The message says it is from {claimed}, its topic {topic_node_id}.")
