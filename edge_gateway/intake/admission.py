# SPDX-License-Identifier: EUPL-1.2
"""Admission: what one arrival changes in the store, inside the transaction of its batch."""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from edge_gateway.clock import Moment
from edge_gateway.feed import News, Noticed, Stored
from edge_gateway.intake import reading_time, repeats, salvage, watching
from edge_gateway.intake.arrival import Arrival, Finding, Watch, check_identity
from edge_gateway.intake.machine_time import MachineTime
from edge_gateway.intake.progress import BootKey, Progress
from edge_gateway.store import (
    anchors,
    commands,
    entries,
    facts,
    messages,
    meters,
    notices,
    quarantine,
    rollouts,
)
from wire import event, fields, notice, status, telegram, topics
from wire.errors import WireError
from wire.event import Event
from wire.telegram import Telegram

_BOOTS_OF_NODES_FROM = 1  # boot 0 is kept for imported history
# Synced at once when so many wait for it: half of what a node sends before it waits for our word.
MAX_UNSYNCED = 16
DATED_AT_ONCE = 500  # messages that waited, per transaction: as many as come at once at most


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
        self._machine = MachineTime()
        self.is_behind = False  # messages wait whose time can be told
        self._unsynced = 0  # writes that a power cut may still undo
        self._is_urgent = False
        self._news: list[News] = []

    @property
    def unsettled(self) -> int:
        """Return how many messages were stored since the last ``settle``."""
        return self._progress.unsettled

    @property
    def awaits_time(self) -> bool:
        """Return whether there may be something to date once the time is known."""
        return self._machine.has_unknown

    def forget(self) -> None:
        """Forget everything; the store tells it again."""
        self._progress.forget()
        self._tally.clear()
        self._news.clear()
        self._is_loaded = False
        self._machine = MachineTime()
        self.is_behind = False
        self._unsynced = 1  # perhaps: what the failure left may be no more on the disk than before

    def admit(
        self, db: sqlite3.Connection, arrivals: Sequence[Arrival], dropped: int, now: Moment
    ) -> dict[BootKey, int] | None:
        """Write the arrivals; return what may be acknowledged, None if it must be synced first."""
        with self._forgetting_failures():
            self._load(db)
            self._catch_up(db, now)
            still_behind = self.is_behind
            for arrival in arrivals:
                self._admit_one(db, arrival)
            if not still_behind:
                self._catch_up(db, now)  # with what they told
            self._tally.update(received=len(arrivals), dropped=dropped)
            if not self._unsynced:
                return self._progress.take_touched()
            self.save_tallies(db)
            return None

    def release(self, db: sqlite3.Connection, kept: quarantine.Kept, now: Moment) -> bool:
        """Admit what was kept in quarantine; return whether it was taken, else it stays there."""
        with self._forgetting_failures():
            self._load(db)
            refused = self._tally["quarantined"] + self._tally["conflicts"]
            self._admit_one(db, Arrival.released(kept.topic, kept.payload, now))
            is_taken = self._tally["quarantined"] + self._tally["conflicts"] == refused
            if is_taken:
                quarantine.remove(db, [kept.digest])
            return is_taken

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

    def watch_silence(self, db: sqlite3.Connection, now: Moment) -> None:
        """Write down which meters have been silent for too long, and settle."""
        with self._forgetting_failures():
            self._load(db)
            self._take(db, self._watch.overdue(now.unix_ms // 1000), now)
        self.settle(db)

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
            if "reg" in entry.body:
                now_s = entry.received_at_ms // 1000
                said = watching.show(self._watch, entry.body, entry.read_at_s, entry.quality, now_s)
                list(said)  # follows in the table already
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
        check_identity(message.node_id, node_id)
        reading_time.check(message)
        boot_id, watermark = self._progress.of(db, node_id, message.boot)
        if message.sequence in watermark:
            number = self._progress.place(db, boot_id, message.sequence)
            repeat = repeats.judge(db, boot_id, number, arrival, (channel, content))
            if repeat is not None:
                self._tally[repeat] += 1
                if repeat == "conflicts":
                    self._keep_conflict(db, arrival, message)
                return
        watermark.settle(message.sequence, message.sequence)
        self._store(db, arrival, message, boot_id, channel, content)
        if isinstance(message, Event):
            commands.take_answer(db, message)
            rollouts.take_word(db, message)
            if message.kind == event.JOURNAL_LOST:
                self._step_over_lost(db, message)

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
        if read_at_s is None or not arrival.at.is_trusted or self._queues(db, message.node_id):
            run, received_at_ms = self._machine.date(db, arrival.at)
            messages.wait(
                db,
                boot_id,
                kind=channel,
                received_at_ms=received_at_ms,
                run=run,
                body=content,
            )
            # It came before the time was known, and is looked at now that it is.
            self.is_behind |= read_at_s is not None and run is None
            return
        number = entries.append_message(
            db,
            boot_id,
            kind=channel,
            received_at_ms=arrival.at.unix_ms,
            read_at_s=read_at_s,
            quality=quality,
            body=content,
        )
        self._progress.put((message.node_id, message.boot), boot_id, message.sequence, number)
        self._news.append(Stored(message=message, read_at_s=read_at_s, quality=quality))
        if channel == topics.TELEGRAM:
            self._look(db, arrival.at, content, read_at_s, quality)

    def _queues(self, db: sqlite3.Connection, node_id: str) -> bool:
        """Return whether a node's earlier messages are just being dated: later ones follow them."""
        return self.is_behind and messages.node_waits(db, node_id)

    def _look(
        self,
        db: sqlite3.Connection,
        now: Moment,
        content: Mapping[str, Any],
        read_at_s: int,
        quality: int,
    ) -> None:
        """Show a telegram to the leak rules; their findings share its transaction."""
        now_s = now.unix_ms // 1000
        self._take(db, watching.show(self._watch, content, read_at_s, quality, now_s), now)

    def _take(self, db: sqlite3.Connection, findings: Iterable[Finding], now: Moment) -> None:
        for finding in findings:
            body = watching.write_down(db, finding, now.unix_ms)
            self._tally["findings"] += 1
            self._news.append(Noticed(finding=body))

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
        check_identity(said.node_id, node_id)
        self._tally["statuses"] += 1
        self._news.append(said)
        if said.held_sequence > 1:
            self._step_over(db, node_id, said.held_boot, 1, said.held_sequence - 1)
        if arrival.retained or said.state != status.ONLINE:
            return  # a word from the past: true of the journal, but not of the present moment
        for boot in sorted({said.boot, said.held_boot}):
            self._progress.of(db, node_id, boot)
        self._anchor(db, arrival.at, said)

    def _anchor(self, db: sqlite3.Connection, at: Moment, said: status.Status) -> None:
        """Keep when the node's boot began; with that, messages that waited can be dated.

        Synced at once: an anchor that a power cut undid would come back a little elsewhere, and
        with it readings that the cloud has.
        """
        run, received_at_ms = self._machine.date(db, at)
        boot_at_ms = reading_time.boot_at_ms(received_at_ms, said.up_ms)
        if run is not None:
            anchors.sight(db, said.node_id, said.boot, run, boot_at_ms)
            self._unsynced += 1
            return
        is_news = anchors.read(db, said.node_id, said.boot) is None
        if is_news:
            anchors.insert(db, said.node_id, said.boot, boot_at_ms, anchors.FROM_STATUS)
        if reading_time.place_ended_boots(db, said) or is_news:
            self.is_behind = self._is_urgent = True
            self._unsynced += 1

    def _catch_up(self, db: sqlite3.Connection, now: Moment) -> None:
        """Give messages that waited their time, as many as are done at once, and send them on."""
        self.is_behind |= self._machine.settle(db, now)
        if not self.is_behind:
            return
        found = messages.datable(db, DATED_AT_ONCE)
        self.is_behind = len(found) == DATED_AT_ONCE
        for one in found:
            decode = telegram.from_fields if one.kind == topics.TELEGRAM else event.from_fields
            try:
                message: Telegram | Event = decode(dict(one.body))
            except WireError as error:  # rot, or kept by a release with other rules
                salvage.set_aside(db, self._own, one, str(error), now)
                self._tally["quarantined"] += 1
                self._unsynced += 1
                continue
            read_at_s, quality = reading_time.read_at(db, message)
            if read_at_s is None:
                raise AssertionError("Only what can be dated is found.")
            self._progress.of(db, message.node_id, message.boot)
            messages.stop_waiting(db, one.boot_id, one.sequence)
            number = entries.append_message(
                db,
                one.boot_id,
                kind=one.kind,
                received_at_ms=one.received_at_ms,
                read_at_s=read_at_s,
                quality=quality,
                body=one.body,
            )
            self._progress.put((message.node_id, message.boot), one.boot_id, one.sequence, number)
            self._tally["resolved"] += 1
            self._unsynced += 1
            self._news.append(Stored(message=message, read_at_s=read_at_s, quality=quality))
            if one.kind == topics.TELEGRAM:
                self._look(db, now, one.body, read_at_s, quality)

    def _salvage(self, db: sqlite3.Connection, arrival: Arrival, node_id: str) -> None:
        """Settle the key of a message that can't be read, so that it does not dam the stream."""
        key = salvage.key(arrival.payload, node_id)
        if key is not None:
            boot, sequence = key
            self._step_over(db, node_id, boot, sequence, sequence)

    def _quarantine(self, db: sqlite3.Connection, arrival: Arrival, reason: str) -> None:
        self._tally["quarantined"] += 1
        self._keep_aside(db, arrival, reason)

    def _keep_conflict(
        self, db: sqlite3.Connection, arrival: Arrival, message: Telegram | Event
    ) -> None:
        """Keep what contradicts a stored message, and tell the operators, once each."""
        key = (message.node_id, message.boot, message.sequence)
        if self._keep_aside(db, arrival, f"The key {key} is stored with other content."):
            detail: dict[str, int | str] = dict(zip(("node", "boot", "sequence"), key, strict=True))
            notices.append(db, notice.KEY_CONFLICT, detail, arrival.at.unix_ms)

    def _keep_aside(self, db: sqlite3.Connection, arrival: Arrival, reason: str) -> bool:
        self._unsynced += 1
        return quarantine.add(
            db,
            topic=arrival.topic,
            payload=arrival.payload,
            reason=reason,
            seen_at_ms=arrival.at.unix_ms,
        )
