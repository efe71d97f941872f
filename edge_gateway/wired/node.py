# SPDX-License-Identifier: EUPL-1.2
"""The gateway as a node: readings of its wired meters go the way of every telegram.

It has boots and sequences, says its status, sends again until it is acknowledged, and forgets then;
only the broker between is missing. What is lost with a crash is what was not stored within the last
seconds: the next boot's registers carry its volume.
"""

import sqlite3
from collections import deque
from collections.abc import Callable
from importlib.metadata import version
from itertools import islice

from edge_gateway.clock import Clock
from edge_gateway.store import facts
from wire import acknowledgement, command, event, status, telegram, topics
from wire.errors import WireError
from wire.event import Event
from wire.status import Status
from wire.telegram import Telegram

MAX_WAITING = 20_000  # messages, some 6 MB: what a store that takes nothing leaves in memory
SEND_AGAIN_S = 5.0  # as the nodes' firmware does
STATUS_EVERY_S = 60.0
_LOOK_EVERY_S = 1.0
_AT_ONCE = 500  # messages sent again in one go, so that nodes on the broker have their turn
_BOOT_NUMBERS_FROM_S = 1_577_836_800  # 2020-01-01T00:00:00Z

_BOOT = "boot_of_wired_meters"

Offer = Callable[[str, bytes], None]  # (channel, payload)


class OwnNode:
    """One boot of the gateway's own node."""

    def __init__(self, node_id: str, boot: int, clock: Clock, offer: Offer) -> None:
        self._node_id = node_id
        self._boot = boot
        self._clock = clock
        self._offer = offer
        self._began_s = clock.monotonic_s()
        self._sequence = 0
        self._waiting: deque[tuple[int, str, bytes]] = deque()  # sequence, channel, payload
        self._progress_at_s = self._began_s
        self._last_refused: object = None

    async def run(self) -> None:
        """Say the status now and then, and again what isn't acknowledged, until cancelled."""
        said_at_s = float("-inf")
        while True:
            now_s = self._clock.monotonic_s()
            if now_s - said_at_s >= STATUS_EVERY_S:
                self.say_status()
                said_at_s = now_s
            if self._waiting and now_s - self._progress_at_s >= SEND_AGAIN_S:
                self._progress_at_s = now_s
                for _, channel, payload in islice(self._waiting, _AT_ONCE):
                    self._offer(channel, payload)
            await self._clock.sleep(_LOOK_EVERY_S)

    def begin(self) -> None:
        """Tell that this boot has begun."""
        self.event(event.BOOT, {"reset": "gateway_start", "firmware": version("iskar")})

    def telegram(self, registers: dict[str, int]) -> None:
        """Take the registers of one meter, read just now."""
        sequence = self._next_sequence()
        time_s, quality = self._time()
        told = Telegram(self._node_id, self._boot, sequence, time_s, quality, registers)
        self._send(sequence, topics.TELEGRAM, telegram.encode(told))

    def event(self, kind: str, detail: dict[str, int | str]) -> None:
        """Take what happened just now."""
        sequence = self._next_sequence()
        time_s, quality = self._time()
        told = Event(self._node_id, self._boot, sequence, time_s, quality, kind, detail)
        self._send(sequence, topics.EVENT, event.encode(told))

    def hear(self, channel: str, payload: bytes) -> None:
        """Take what the gateway says to this node."""
        if channel == topics.ACKNOWLEDGEMENT:
            boot, up_to = acknowledgement.decode(payload)
            while boot == self._boot and self._waiting and self._waiting[0][0] <= up_to:
                self._waiting.popleft()
                self._progress_at_s = self._clock.monotonic_s()
        elif channel == topics.COMMAND:
            self._refuse(payload)

    def _refuse(self, payload: bytes) -> None:
        """Answer what has an id, once: its sender waits, and asks again until it has the answer."""
        try:
            told = command.decode(payload)
        except WireError:
            return  # of a later release; it expires
        kind = str(told["command"])
        if kind == command.TIME or told["id"] == self._last_refused:
            return
        self._last_refused = told["id"]
        detail: dict[str, int | str] = {"id": str(told["id"]), "reason": "set in meters.toml"}
        if kind == command.SETTINGS:
            self.event(event.SETTINGS_REFUSED, detail)
        else:
            reason = "This is the gateway itself."
            self.event(event.COMMAND_REFUSED, detail | {"command": kind, "reason": reason})

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def _time(self) -> tuple[int, int]:
        """Return (s, time quality): Unix time if it is known, else since this boot."""
        if self._clock.is_trusted():
            return self._clock.now_ms() // 1000, telegram.TIME_KNOWN
        return int(self._up_s()), telegram.TIME_SINCE_BOOT

    def _up_s(self) -> float:
        return self._clock.monotonic_s() - self._began_s

    def _send(self, sequence: int, channel: str, payload: bytes) -> None:
        if not self._waiting:
            self._progress_at_s = self._clock.monotonic_s()
        self._waiting.append((sequence, channel, payload))
        self._offer(channel, payload)
        if len(self._waiting) >= MAX_WAITING:
            self._give_up_half()

    def _give_up_half(self) -> None:
        """Make room, and say what will never come."""
        dropped = [self._waiting.popleft()[0] for _ in range(MAX_WAITING // 2)]
        self.event(
            event.JOURNAL_LOST, {"boot": self._boot, "first": dropped[0], "last": dropped[-1]}
        )

    def say_status(self) -> None:
        """Say what is held, and since when this boot lasts: that dates what has no time yet."""
        oldest = self._waiting[0][0] if self._waiting else self._sequence + 1
        said = Status(
            self._node_id, self._boot, status.ONLINE, int(self._up_s() * 1000), self._boot, oldest
        )
        self._offer(topics.STATUS, status.encode(said))


def next_boot(db: sqlite3.Connection, now_s: int | None) -> int | None:
    """Return the number of this boot, kept so that no later one can have it again.

    It is a number of seconds, so that a new disk's first boot is above every boot of the lost one.
    None while that takes a time that nobody knows: with an empty store, and ``now_s`` None.
    """
    kept = facts.read(db, _BOOT)
    if kept is None and now_s is None:
        return None
    boot = max(int(kept or 0) + 1, (now_s or 0) - _BOOT_NUMBERS_FROM_S)
    facts.write(db, _BOOT, str(boot))
    return boot
