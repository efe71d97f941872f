# SPDX-License-Identifier: EUPL-1.2
"""The journal: every message on flash, from before it is published until the gateway has stored it.

Append-only segments ``journal/<boot>-<first sequence>.seg``, one boot each, in order by name. A
record that a power cut tore is the last of its boot and is not read; it was never published either.
RAM holds the segments' names and the newest message, never the backlog.
"""

import binascii
import struct
from collections import namedtuple

from firmware import durable
from wire import fields

FOLDER = "journal"
SEGMENT_BYTES = 16384
MAX_SEGMENTS = 256  # 4 MB: a week at one telegram of 130 bytes every 20 s

TELEGRAM = 0
EVENT = 1

_CURSOR = "journal/cursor"
_CURSOR_EVERY = 32  # acknowledged messages; so many are sent again after a power cut, and dropped
_HEADER = "<HIIIB"  # length, CRC-32 of what follows, boot, sequence, kind
_HEADER_BYTES = struct.calcsize(_HEADER)
_CRC_FROM = 6

Entry = namedtuple("Entry", ("boot", "sequence", "kind", "payload"))


def read_record(file):
    """Return the next entry of an open segment; None at its end or where it is torn."""
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return None
    length, checksum, boot, sequence, kind = struct.unpack(_HEADER, header)
    if length > fields.MAX_MESSAGE_BYTES:  # rot; the heap may not hold so much
        return None
    payload = file.read(length)
    if binascii.crc32(payload, binascii.crc32(header[_CRC_FROM:])) != checksum:
        return None
    return Entry(boot, sequence, kind, payload)


def newest_boot(flash):
    """Return the highest boot that the journal knows of, 0 when it knows of none."""
    flash.make_folder(FOLDER)
    held_boot = _load_cursor(flash)["held"][0]
    return max([held_boot] + [boot for boot, _ in _segments(flash)])


def _load_cursor(flash):
    return durable.load(flash, _CURSOR) or {
        "held": [0, 0],
        "lost": [0, 0, 0],
        "declared": True,
    }


def _segments(flash):
    segments = []
    for name in flash.list(FOLDER):
        try:
            segment = int(name[:8], 16), int(name[9:17], 16)
        except ValueError:
            continue
        if _path(segment) == FOLDER + "/" + name:
            segments.append(segment)
    return sorted(segments)


def _path(segment):
    return "%s/%08x-%08x.seg" % (FOLDER, segment[0], segment[1])


class Journal:
    """Appends for this boot, reads from the oldest message on, forgets what is acknowledged."""

    def __init__(self, flash, boot, segment_bytes=SEGMENT_BYTES, max_segments=MAX_SEGMENTS):
        flash.make_folder(FOLDER)
        self.flash = flash
        self.boot = boot
        self.sequence = 0  # of the newest message
        self.newest = None
        self.segments = _segments(flash)
        self._segment_bytes = segment_bytes
        self._max_segments = max_segments
        self._file = None
        self._file_bytes = 0
        self._acknowledged = {}  # boot: sequence
        self._end = (0, 0)  # an older boot and its last sequence, found by reading
        self._holes = []  # (boot, first, last) that can't be read back, not passed by `held` yet
        state = _load_cursor(flash)
        self.held = tuple(state["held"])  # key of the oldest message not acknowledged
        self._lost = tuple(state["lost"])  # boot, first, last of the newest range given up
        self._is_declared = state["declared"]
        self._unsaved = 0
        self._settle()

    def append(self, kind, payload):
        """Put ``payload`` under the next sequence; it is on flash when this returns."""
        if self._file is None or self._file_bytes >= self._segment_bytes:
            self._begin_segment()
        body = struct.pack("<IIB", self.boot, self.sequence + 1, kind)
        checksum = binascii.crc32(payload, binascii.crc32(body))
        record = struct.pack("<HI", len(payload), checksum) + body + payload
        try:
            self._file.write(record)
            self.flash.sync(self._file)
        except OSError:
            self.end_segment()  # what was half written is its torn tail
            raise
        self._file_bytes += len(record)
        self.sequence += 1
        self.newest = Entry(self.boot, self.sequence, kind, payload)

    def forget(self, boot, sequence):
        """Forget this boot's messages up to ``sequence``: the gateway has them. True if any did.

        What is not written yet can't have been stored: such an acknowledgement ends at the newest.
        """
        before = self.held
        if boot == self.boot:
            sequence = min(sequence, self.sequence)
        if boot == self.boot or boot in [segment[0] for segment in self.segments]:
            self._acknowledged[boot] = max(sequence, self._acknowledged.get(boot, 0))
        self._settle()
        return self.held != before

    def pass_over(self, hole):
        """Hold no longer what a reader named as a hole, once all before it is acknowledged.

        The range must have been declared lost. It is said in ``held`` too, and has to be: the
        declaration comes after everything that waits for the range, perhaps outside the window.
        """
        self._holes.append(hole)
        self._settle()

    def is_passed_over(self, hole):
        """True when this hole was met before."""
        return hole in self._holes

    def reader(self):
        """Return a reader that starts at the oldest message."""
        return Reader(self)

    def overflowing(self, is_full=False):
        """Return (boot, first, last) of what must be given up before the next append, or None.

        ``is_full``: the flash refused to take more, whatever our own count says.

        A range that joins the last one given up includes it, so that the newest event alone
        declares both: the event about the first may itself be given up.
        """
        is_rotating = self._file is None or self._file_bytes >= self._segment_bytes
        if not is_full and not (is_rotating and len(self.segments) >= self._max_segments):
            return None
        if len(self.segments) < 2:
            return None
        boot, first = self.segments[0]
        last = self._last_of_segment(0)
        if self.held[0] == boot:
            first = max(first, self.held[1])
        if self._lost[0] == boot and self._lost[2] == first - 1:
            first = self._lost[1]
        return boot, first, last

    def give_up(self, lost, is_declared):
        """Delete the oldest segment, which holds ``lost`` as ``overflowing`` named it."""
        self._lost = lost
        self._is_declared = is_declared
        if not is_declared:
            try:
                self._save_cursor()  # before the deletion, or a power cut between left it unsaid
            except OSError as error:  # no room even for that
                print("journal: %s" % error)
        self._delete_oldest()
        self._settle()
        self._save_cursor()

    def undeclared(self):
        """Return the range that was given up and not declared before the power failed, or None."""
        return None if self._is_declared else self._lost

    def declared(self, lost):
        """Take note that the event about ``lost`` is written."""
        if lost == self._lost:
            self._is_declared = True

    def bytes_held(self):
        """Return the size of all segments."""
        return sum([self.flash.size(_path(segment)) for segment in self.segments])

    def _begin_segment(self):
        self.end_segment()
        segment = (self.boot, self.sequence + 1)
        self._file = self.flash.open(_path(segment), "wb")
        self._file_bytes = 0
        if segment not in self.segments:
            self.segments.append(segment)

    def end_segment(self):
        """Let the next append begin a new segment."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _settle(self):
        """Move ``held`` over what is acknowledged and delete the segments before it."""
        self.held = max(self.held, self.segments[0] if self.segments else (self.boot, 1))
        boot, sequence = self.held
        while True:
            done = min(self._acknowledged.get(boot, 0), self.last_of(boot))
            self._unsaved += max(0, done + 1 - sequence)
            sequence = max(sequence, done + 1)
            for hole in self._holes:
                if hole[0] == boot and hole[1] <= sequence <= hole[2]:
                    sequence = hole[2] + 1
            if boot >= self.boot or sequence <= self.last_of(boot):
                break
            self._acknowledged.pop(boot, None)
            boot, sequence = min([s for s in self.segments if s[0] > boot] or [(self.boot, 1)])
        self.held = (boot, sequence)
        self._holes = [hole for hole in self._holes if (hole[0], hole[2]) >= self.held]
        has_deleted = False
        while self.segments and self._next_key(0) <= self.held and not self._is_active(0):
            self._delete_oldest()
            has_deleted = True
        if has_deleted or self._unsaved >= _CURSOR_EVERY:
            self._save_cursor()

    def _delete_oldest(self):
        try:
            self.flash.remove(_path(self.segments.pop(0)))
        except OSError as error:  # the cursor keeps it from being read again
            print("journal: %s" % error)

    def _save_cursor(self):
        durable.save(self.flash, _CURSOR, self._state())
        self._unsaved = 0

    def _state(self):
        return {"held": self.held, "lost": self._lost, "declared": self._is_declared}

    def _is_active(self, index):
        return self._file is not None and index == len(self.segments) - 1

    def _next_key(self, index):
        """Return the key that follows segment ``index``, or would."""
        if index + 1 < len(self.segments):
            return self.segments[index + 1]
        return self.boot, self.sequence + 1

    def last_of(self, boot):
        """Return the last sequence of ``boot``; of an older one, what was first read of it."""
        if boot == self.boot:
            return self.sequence
        if self._end[0] != boot:
            indexes = [i for i, segment in enumerate(self.segments) if segment[0] == boot]
            self._end = (boot, self._last_of_segment(indexes[-1]) if indexes else 0)
        return self._end[1]

    def _last_of_segment(self, index):
        boot, first = self.segments[index]
        following = self._next_key(index)
        if following[0] == boot:
            return following[1] - 1
        last = first - 1
        try:
            with self.flash.open(_path((boot, first)), "rb") as file:
                entry = read_record(file)
                while entry is not None:
                    last = entry.sequence
                    entry = read_record(file)
        except OSError as error:  # what lies beyond is as lost as behind a torn record
            print("journal: %s" % error)
        return last


class Reader:
    """Walks the journal in order, a few messages at a time, keeping only its place."""

    def __init__(self, journal):
        self._journal = journal
        self._key = journal.held
        self._segment = None
        self._offset = 0
        self.holes = []  # (boot, first, last) of what could not be read back

    def take(self, limit):
        """Return the next entries, at most ``limit``; none when the reader has caught up."""
        if self._key < self._journal.held:
            self._key = self._journal.held
            self._segment = None  # where in it the key is, is found again by reading
        newest = self._journal.newest
        if newest is not None and self._key == (newest.boot, newest.sequence) and limit > 0:
            self._key = (newest.boot, newest.sequence + 1)
            if self._segment == self._journal.segments[-1]:
                self._offset += _HEADER_BYTES + len(newest.payload)
            else:
                self._segment = None  # found again by key when it is needed
            return [newest]
        entries = []
        while len(entries) < limit and self._find_segment():
            entries.extend(self._read(limit - len(entries)))
        return entries

    def _find_segment(self):
        """Stand in a segment that may hold our key; False when there is nothing left."""
        segments = self._journal.segments
        if self._key > (self._journal.boot, self._journal.sequence):
            return False
        if self._segment not in segments:
            before = [segment for segment in segments if segment <= self._key]
            self._segment = before[-1] if before else segments[0]
            self._offset = 0
        return True

    def _read(self, limit):
        """Return entries from where we stand; leave the segment at its end or where it is unfit."""
        entries = []
        following = self._following()
        try:
            with self._journal.flash.open(_path(self._segment), "rb") as file:
                file.seek(self._offset)
                while len(entries) < limit:
                    entry = read_record(file)
                    # an append that failed may be there whole; its key went to the next segment
                    if entry is None or (entry.boot, entry.sequence) in following:
                        self._leave_segment()
                        break
                    self._offset = file.tell()
                    if (entry.boot, entry.sequence) >= self._key:
                        entries.append(entry)
                        self._key = (entry.boot, entry.sequence + 1)
        except OSError as error:
            print("journal: %s" % error)
            self._leave_segment()
        return entries

    def _following(self):
        return [segment for segment in self._journal.segments if segment > self._segment][:1]

    def _leave_segment(self):
        """Go on to the next segment; what the flash no longer gives back is a hole."""
        journal = self._journal
        following = self._following()
        if not following:
            following = [(journal.boot, journal.sequence + 1)]
            if self._key < following[0]:
                journal.end_segment()
        boot, first = self._key
        last = following[0][1] - 1 if boot == following[0][0] else journal.last_of(boot)
        if first <= last:
            self.holes.append((boot, first, last))
        self._key = max(self._key, following[0])
        if following[0] in journal.segments:
            self._segment, self._offset = following[0], 0
