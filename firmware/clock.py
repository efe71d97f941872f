# SPDX-License-Identifier: EUPL-1.2
"""The node's clock: seconds since boot until the gateway has told the time.

The RTC is not believed: after a power cut or a flat cell it is wrong without knowing it, and the
gateway dates boot-relative telegrams exactly once it has heard from this boot.
"""

from wire import telegram

_MAX_ROUND_TRIP_MS = 2000  # the answer may be off by half of it
_HELD_AFTER_MS = 24 * 3600 * 1000  # a 40 ppm crystal drifts 3.5 s in a day
STEP_MS = 2000  # less is a correction, more is on record as clock_set


class Clock:
    """Uptime, and what must be added to it for Unix time once that is known."""

    def __init__(self, up_ms):
        self.up_ms = up_ms
        self._offset_ms = None
        self._asked_at_ms = None
        self._confirmed_at_ms = 0

    @property
    def is_set(self):
        """True once the gateway has told the time in this boot."""
        return self._offset_ms is not None

    def now_ms(self):
        """Return Unix time in ms, or ms since boot while it is not known."""
        return self.up_ms() + (self._offset_ms or 0)

    def now(self):
        """Return (t, tq) as a telegram carries them."""
        time_s = self.now_ms() // 1000
        if self._offset_ms is None:
            return time_s, telegram.TIME_SINCE_BOOT
        if self.up_ms() - self._confirmed_at_ms > _HELD_AFTER_MS:
            return time_s, telegram.TIME_HELD
        return time_s, telegram.TIME_KNOWN

    def ask(self):
        """Return the uptime, by which the answer to what is sent now will be known."""
        self._asked_at_ms = self.up_ms()
        return self._asked_at_ms

    def confirm(self, asked_at_ms, unix_ms):
        """Take the time from the first answer to what was last asked, at uptime ``asked_at_ms``.

        An answer given twice, to an earlier question or to an earlier boot's tells no time. Return
        (before_s, after_s) when the clock was first set or stepped, otherwise None.
        """
        up_ms = self.up_ms()
        round_trip_ms = up_ms - asked_at_ms
        if asked_at_ms != self._asked_at_ms or round_trip_ms >= _MAX_ROUND_TRIP_MS:
            return None
        self._asked_at_ms = None
        before_ms, was_set = self.now_ms(), self.is_set
        self._offset_ms = unix_ms + round_trip_ms // 2 - up_ms
        self._confirmed_at_ms = up_ms
        after_ms = self.now_ms()
        if was_set and abs(after_ms - before_ms) < STEP_MS:
            return None
        return before_ms // 1000, after_ms // 1000
