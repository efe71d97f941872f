# SPDX-License-Identifier: EUPL-1.2
"""The watchdog is fed only while samples are taken and reach the journal."""

_LOOK_EVERY_MS = 1000
_GRACE_MS = 30000


class Watchdog:
    """Lets the board reset when the sampler has missed two intervals and half a minute."""

    def __init__(self, board, settings, sampler):
        self._board = board
        self._settings = settings
        self._sampler = sampler

    async def run(self):
        """Feed until cancelled, or until there is reason not to."""
        while True:
            if self.is_content():
                self._board.feed_watchdog()
            await self._board.sleep_ms(_LOOK_EVERY_MS)

    def is_content(self):
        """True while the last sample, journaled and synced, is recent enough."""
        idle_ms = self._board.up_ms() - self._sampler.sampled_at_ms
        return idle_ms <= 2000 * self._settings.sample_interval_s + _GRACE_MS
