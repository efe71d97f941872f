# SPDX-License-Identifier: EUPL-1.2
"""The scribe: writes what the node has to say into its journal, with the time as it is known."""

from firmware import journal as journals
from wire import event, telegram

_NO_SPACE = 28  # ENOSPC; MicroPython's errno does not name it


class Scribe:
    """Gives every telegram and event its key; ``on_written`` is called after each."""

    def __init__(self, node_id, clock, journal):
        self._node_id = node_id
        self._clock = clock
        self._journal = journal
        self.on_written = None

    def telegram(self, registers):
        """Put down ``registers`` by OBIS code, read just now."""
        self._put(telegram.encode, telegram.Telegram, registers)

    def event(self, kind, detail):
        """Put down that something happened just now."""
        self._put(event.encode, event.Event, kind, detail)

    def declare_lost(self, boot, first, last):
        """Put down that these sequences will never come."""
        detail = {"boot": boot, "first": first, "last": last}
        self._append(event.encode, event.Event, event.JOURNAL_LOST, detail)
        self._journal.declared((boot, first, last))

    def _put(self, encode, message, *content):
        try:
            lost = self._journal.overflowing()
            if lost is not None:  # first declared, then deleted: a power cut between loses nothing
                self.declare_lost(*lost)
                self._journal.give_up(lost, is_declared=True)
            self._append(encode, message, *content)
        except OSError as error:
            lost = self._journal.overflowing(is_full=True)
            if error.args[0] != _NO_SPACE or lost is None:  # room is all that giving up can make
                raise
            self._journal.give_up(lost, is_declared=False)
            self.declare_lost(*lost)
            self._append(encode, message, *content)

    def _append(self, encode, message, *content):
        time_s, time_quality = self._clock.now()
        boot, sequence = self._journal.boot, self._journal.sequence + 1
        payload = encode(message(self._node_id, boot, sequence, time_s, time_quality, *content))
        kind = journals.TELEGRAM if message is telegram.Telegram else journals.EVENT
        self._journal.append(kind, payload)
        if self.on_written is not None:
            self.on_written()
