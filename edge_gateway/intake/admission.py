# SPDX-License-Identifier: EUPL-1.2
"""Admission: what one arrival changes in the store, inside the transaction of its batch."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge_gateway.feed import News, Noticed, Stored
from edge_gateway.intake import reading_time, salvage
from edge_gateway.intake.progress import BootKey, Progress
from edge_gateway.store import (
    anchors,
    boots,
    commands,
    entries,
    facts,
    messages,
    meters,
    quarantine,
    rollouts,
)
from wire import batch, event, fields, reading_types, status, telegram, topics
from wire.errors import WireError
from wire.event import Event
from wire.telegram import Telegram

_BOOTS_OF_NODES_FROM = 1  # boot 0 is kept for imported history
# Synced at once when so many wait for it: half of what a node sends before it waits for our word.
MAX_UNSYNCED = 16


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

    def body(self) -> dict[str, Any]:
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

    What it remembers between batches only mirrors the store: ``forget`` when that was undone.
    """

    def __init__(self, site: str, gateway_id: str, watch: Watch) -> None:
        self._own = (site, gateway_id)
        self._watch = watch
        self._progress = Progress()
        self._tally: Counter[str] = Counter()
        self._is_loaded = False
        self._unsynced = 0  # writes that a power cut may still undo
        self._is_urgent = False
        self._news: list[News] = []

    @property
    def unsettled(self) -> int:
        """Return how many messages were stored since the last ``settle``."""
        return self._progress.unsettled

    def forget(self) -> None:
        """Forget everything; the store tells it again."""
        self._progress.forget()
        self._tally.clear()
        self._news.clear()
        self._is_loaded = False
        self._unsynced = 1  # perhaps: what the failure left may be no more on the disk than before

    def admit(
        self, db: sqlite3.Connection, arrivals: Sequence[Arrival], dropped: int
    ) -> dict[BootKey, int] | None:
        """Write the arrivals; return what may be acknowledged, None if it must be synced first."""
        with self._forgetting_failures():
            self._load(db)
            for arrival in arrivals:
                self._admit_one(db, arrival)
            self._tally.update(received=len(arrivals), dropped=dropped)
            if not self._unsynced:
                return self._progress.take_touched()
            self.save_tallies(db)
            return None

    def take_news(self) -> list[News]:
        """Return what neighbours may be told, now that it is in the store."""
        news, self._news = self._news, []
        return news

    def wants_sync(self) -> bool:
        """Return whether the acknowledgement of what was written should not wait any longer."""
        return self._is_urgent or self._unsynced >= MAX_UNSYNCED

    def synced(self) -> dict[BootKey, int]:
        """Return what may be acknowledged now that everything written is on the disk."""
        self._unsynced = 0
        self._is_urgent = False
        return self._progress.take_touched()

    def save_tallies(self, db: sqlite3.Connection) -> None:
        """Write down what was counted."""
        facts.add_to_tallies(db, self._tally)
        self._tally.clear()

    def settle(self, db: sqlite3.Connection) -> None:
        """Write down what follows from the rows, so that a start need not work it out again."""
        with self._forgetting_failures():
            self._load(db)
            self._progress.settle(db)
            meters.remember(db, self._watch.take_changed())
            self.save_tallies(db)
            facts.write(db, facts.SETTLED_UP_TO, str(entries.last_number(db)))

    @contextlib.contextmanager
    def _forgetting_failures(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.forget()
            raise

    def _load(self, db: sqlite3.Connection) -> None:
        """Take up what the store holds: as it was settled, and what came since."""
        if self._is_loaded:
            return
        self._watch.restore(meters.memories(db))
        settled_up_to = facts.number(db, facts.SETTLED_UP_TO)
        for entry in entries.select(db, "number > ?", (settled_up_to,)):
            if entry.key is None:
                continue
            node_id, boot, sequence = entry.key
            boot_id, watermark = self._progress.of(db, node_id, boot)
            watermark.settle(sequence, sequence)
            self._progress.put((node_id, boot), boot_id, sequence, entry.number)
            if entry.kind == batch.TELEGRAM:
                now_s = entry.received_at_ms // 1000
                for _ in self._findings(entry.body, entry.read_at_s, now_s):
                    pass  # it follows in the table already
        self._progress.take_touched()
        self._news += [Noticed(finding=one.body()) for one in self._watch.open_findings()]
        self._is_loaded = True

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
        boot_id, watermark = self._progress.of(db, node_id, message.boot)
        if message.sequence in watermark:
            repeat = self._judge_repeat(db, boot_id, message.sequence, (channel, content))
            if repeat is not None:
                self._tally[repeat] += 1
                if repeat == "conflicts":
                    key = (node_id, message.boot, message.sequence)
                    self._keep_aside(db, arrival, f"The key {key} is stored with other content.")
                return
        watermark.settle(message.sequence, message.sequence)
        self._store(db, arrival, message, boot_id, channel, content)
        if isinstance(message, Event):
            commands.take_answer(db, message)
            rollouts.take_word(db, message)
            if message.kind == event.JOURNAL_LOST:
                self._step_over_lost(db, message)

    def _judge_repeat(
        self, db: sqlite3.Connection, boot_id: int, sequence: int, content: messages.Content
    ) -> str | None:
        """Return the tally of a key that was stored before: a repeat, or a conflict.

        None for one that was stepped over: it was believed lost and comes after all. A message
        whose row has been deleted by age is a repeat, whatever it says.
        """
        number = self._progress.place(db, boot_id, sequence)
        if number is None:
            stored = messages.waiting_content(db, boot_id, sequence)
        else:
            stored = messages.content(db, number)
        if stored is None:
            return "repeated" if sequence <= boots.pruned(db, boot_id) else None
        return "repeated" if stored == content else "conflicts"

    def _store(
        self,
        db: sqlite3.Connection,
        arrival: Arrival,
        message: Telegram | Event,
        boot_id: int,
        channel: str,
        content: Mapping[str, Any],
    ) -> None:
        read_at_s, quality = reading_time.read_at(db, message)
        self._tally["stored"] += 1
        self._unsynced += 1
        if read_at_s is None:
            messages.wait(
                db,
                boot_id,
                kind=channel,
                received_at_ms=arrival.received_at_ms,
                body=content,
            )
            return
        number = entries.append_message(
            db,
            boot_id,
            kind=channel,
            received_at_ms=arrival.received_at_ms,
            read_at_s=read_at_s,
            quality=quality,
            body=content,
        )
        self._progress.put((message.node_id, message.boot), boot_id, message.sequence, number)
        self._news.append(Stored(message=message, read_at_s=read_at_s, quality=quality))
        if channel == topics.TELEGRAM:
            self._look(db, arrival, content, read_at_s)

    def _look(
        self,
        db: sqlite3.Connection,
        arrival: Arrival,
        content: Mapping[str, Any],
        read_at_s: int,
    ) -> None:
        """Show a telegram to the leak rules; their findings share its transaction."""
        now_s = arrival.received_at_ms // 1000 if arrival.clock_trusted else None
        for finding in self._findings(content, read_at_s, now_s):
            body = finding.body()
            cleared_at_s = body["cleared_at_s"]
            entries.append(
                db,
                kind=batch.FINDING,
                received_at_ms=arrival.received_at_ms,
                read_at_s=body["raised_at_s"] if cleared_at_s is None else cleared_at_s,
                body=body,
            )
            self._tally["findings"] += 1
            self._news.append(Noticed(finding=body))

    def _findings(
        self, content: Mapping[str, Any], read_at_s: int, now_s: int | None
    ) -> Iterator[Finding]:
        """Yield what the leak rules say of the water registers of a telegram."""
        for obis, register in content["reg"].items():
            reading_type, _ = reading_types.parse(obis)
            if reading_type in (reading_types.COLD_WATER, reading_types.HOT_WATER):
                yield from self._watch.look(
                    node_id=content["id"],
                    obis=obis,
                    register_ml=register,
                    read_at_s=read_at_s,
                    now_s=now_s,
                )

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
        self._step_over(db, lost.node_id, boot, first, last)

    def _step_over(
        self, db: sqlite3.Connection, node_id: str, boot: int, first: int, last: int
    ) -> None:
        self._unsynced += self._progress.step_over(db, node_id, boot, first, last)

    def _admit_status(self, db: sqlite3.Connection, arrival: Arrival, node_id: str) -> None:
        said = status.decode(arrival.payload)
        _check_identity(said.node_id, node_id)
        self._tally["statuses"] += 1
        self._news.append(said)
        if said.held_sequence > 1:
            self._step_over(db, node_id, said.held_boot, 1, said.held_sequence - 1)
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
        """Give the waiting messages of a boot their time, and send them on their way.

        Synced at once: an anchor that a power cut undid would come back a little elsewhere, and
        with it readings that the cloud has.
        """
        self._unsynced += 1
        self._is_urgent = True
        for stored in messages.undated(db, node_id, boot):
            decode = telegram.from_fields if stored.kind == topics.TELEGRAM else event.from_fields
            message: Telegram | Event = decode(dict(stored.body))
            read_at_s, quality = reading_time.read_at(db, message)
            if read_at_s is None:
                raise AssertionError("A boot is resolved only once it is anchored.")
            messages.stop_waiting(db, stored.boot_id, stored.sequence)
            number = entries.append_message(
                db,
                stored.boot_id,
                kind=stored.kind,
                received_at_ms=stored.received_at_ms,
                read_at_s=read_at_s,
                quality=quality,
                body=stored.body,
            )
            self._progress.put((node_id, boot), stored.boot_id, stored.sequence, number)
            self._tally["resolved"] += 1
            self._news.append(Stored(message=message, read_at_s=read_at_s, quality=quality))
            if stored.kind == topics.TELEGRAM:
                self._look(db, arrival, stored.body, read_at_s)

    def _salvage(self, db: sqlite3.Connection, arrival: Arrival, node_id: str) -> None:
        """Settle the key of a message that can't be read, so that it does not dam the stream."""
        key = salvage.key(arrival.payload, node_id)
        if key is not None:
            boot, sequence = key
            self._step_over(db, node_id, boot, sequence, sequence)

    def _quarantine(self, db: sqlite3.Connection, arrival: Arrival, reason: str) -> None:
        self._tally["quarantined"] += 1
        self._keep_aside(db, arrival, reason)

    def _keep_aside(self, db: sqlite3.Connection, arrival: Arrival, reason: str) -> None:
        self._unsynced += 1
        quarantine.add(
            db,
            topic=arrival.topic,
            payload=arrival.payload,
            reason=reason,
            seen_at_ms=arrival.received_at_ms,
        )


def _check_identity(claimed: str, topic_node_id: str) -> None:
    if claimed != topic_node_id:
        raise WireError(f"The message says it is from {claimed}, its topic {topic_node_id}.")
