# SPDX-License-Identifier: EUPL-1.2
"""Health: every quarter of an hour an event that says how the node itself is doing."""

from wire import event

EVERY_MS = 15 * 60 * 1000


class Health:
    """Gathers figures from the parts; nothing here is needed for anything but looking after it."""

    def __init__(self, board, journal, scribe, uplink, inbox, bus):
        self._board = board
        self._journal = journal
        self._scribe = scribe
        self._uplink = uplink
        self._inbox = inbox
        self._bus = bus

    async def run(self):
        """Report until cancelled."""
        while True:
            await self._board.sleep_ms(EVERY_MS)
            self._scribe.event(event.HEALTH, self.detail())

    def detail(self):
        """Return the figures."""
        detail = {
            "up_s": self._board.up_ms() // 1000,
            "heap_free_bytes": self._board.free_heap_bytes(),
            "journal_bytes": self._journal.bytes_held(),
            "journal_segments": len(self._journal.segments),
            "connections": self._uplink.connections,
            "refused_messages": self._inbox.refused,
        }
        if self._board.wifi.is_up():
            detail["rssi_dbm"] = self._board.wifi.rssi_dbm()
        if self._bus is not None:
            detail["garbled_frames"] = self._bus.garbled
        return detail
