# SPDX-License-Identifier: EUPL-1.2
"""Prints how long the firmware's uplink may wait before each try, in ms; for MicroPython.

Ten connections end at once, as when a broker accepts and then throws off; one lasts a minute; two
more end at once. The waits are the bounds that the uplink asks its board's chance for.
"""

import asyncio

from firmware.uplink import Uplink

LASTED_MS = [0] * 10 + [60000, 0, 0]


class Wifi:
    """One that is up."""

    def is_up(self):
        return True


class Board:
    """Time passes only in connections; chance gives its bound, which is remembered."""

    def __init__(self):
        self.wifi = Wifi()
        self.asked_ms = []
        self.now_ms = 0

    def up_ms(self):
        return self.now_ms

    def random_ms(self, limit_ms):
        self.asked_ms.append(limit_ms)
        return limit_ms

    async def sleep_ms(self, _delay_ms):
        pass

    def show(self, _is_carried):
        pass


class Hooks:
    """Stands for the scribe and the inbox: takes what the uplink hangs on it."""


class ThrownOff(Uplink):
    """Its connections last as long as they are told to."""

    async def _connect_and_carry(self):
        if self.connections == len(LASTED_MS):
            raise asyncio.CancelledError
        self._board.now_ms += LASTED_MS[self.connections]
        self.connections += 1
        raise OSError("The broker has hung up.")


board = Board()
try:
    asyncio.run(ThrownOff(board, None, None, None, Hooks(), Hooks()).run())
except asyncio.CancelledError:
    print(*board.asked_ms)
