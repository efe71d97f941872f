# SPDX-License-Identifier: EUPL-1.2
"""The uplink: carries the journal to the gateway, again and again until it says "stored".

Go-back-N: after a connect, and when the acknowledgement has stood still, everything from the oldest
unacknowledged message on is published again. After a standstill one message probes until it is
acknowledged, then the window opens twofold each time, so that a gateway that is away does not find
the same few messages a thousand times in its broker.
"""

import asyncio
import socket

from firmware import journal as journals
from firmware import mqtt, tls
from firmware.stream import Stream
from wire import status, topics

WINDOW = 32  # messages published and not acknowledged; 6 KB in the broker
_AT_ONCE = 8  # of them read from flash at a time; 1 KB of heap
RESEND_AFTER_MS = 5000
_MAX_RESEND_AFTER_MS = 20000
_KEEPALIVE_S = 30
_STATUS_EVERY_MS = 60000
_STATUS_EVERY_MS_WHILE_UNSET = 2000  # each brings one try at the time
_JOIN_AGAIN_MS = 1000
_CONNECT_S = 15
_STABLE_MS = 30000  # a connection that lasted so long was a good one
_RETRY_MS = (1000, 2000, 4000, 8000, 16000, 32000, 60000)  # full jitter: 0 to this
_MENDABLE = (  # by another connection; without memory, the sampler at least goes on
    OSError,
    EOFError,
    ValueError,
    MemoryError,
    mqtt.MqttError,
    asyncio.TimeoutError,
)


class Uplink:
    """Keeps one connection to the broker and lets the journal flow through it."""

    def __init__(self, board, settings, clock, journal, scribe, inbox):
        self._board = board
        self._settings = settings
        self._clock = clock
        self._journal = journal
        self._scribe = scribe
        self._inbox = inbox
        self._wake = asyncio.Event()
        self._in_flight = []  # keys published since the last rewind, not acknowledged
        self._window = WINDOW
        self._resend_after_ms = RESEND_AFTER_MS
        self._progress_at_ms = 0
        self._tls = None
        self.connections = 0
        scribe.on_written = self._wake.set
        inbox.on_acknowledged = self._acknowledged
        inbox.on_other = self._wake.set

    async def run(self):
        """Connect, carry, and connect again, until cancelled."""
        attempt = 0
        while True:
            await self._join()
            await self._board.sleep_ms(self._board.random_ms(_RETRY_MS[attempt]))
            began_at_ms = self._board.up_ms()
            try:
                await self._connect_and_carry()
            except _MENDABLE as error:
                print("uplink: %s: %s" % (type(error).__name__, error))
            self._board.show(False)
            lasted_ms = self._board.up_ms() - began_at_ms
            attempt = 0 if lasted_ms > _STABLE_MS else min(attempt + 1, len(_RETRY_MS) - 1)

    async def _join(self):
        """Join the Wi-Fi, trying for ever; the broker is to be spared, the air is not."""
        while not self._board.wifi.is_up():
            try:
                await self._board.wifi.join(self._settings.ssid, self._settings.password)
            except OSError as error:
                print("uplink: %s" % error)
                await self._board.sleep_ms(_JOIN_AGAIN_MS)

    async def _connect_and_carry(self):
        stream = Stream(self._board.wifi.socket())
        receiver = None
        try:
            await asyncio.wait_for(self._connect(stream), _CONNECT_S)
            connection = mqtt.Connection(
                stream, self._board.up_ms, self._inbox.take, self._wake.set
            )
            await asyncio.wait_for(
                connection.open(
                    self._settings.node_id,
                    _KEEPALIVE_S,
                    self._inbox.topic(topics.STATUS),
                    self._status(status.OFFLINE),
                ),
                _CONNECT_S,
            )
            receiver = asyncio.create_task(connection.receive())
            await connection.subscribe(
                [self._inbox.topic(topics.ACKNOWLEDGEMENT), self._inbox.topic(topics.COMMAND)]
            )
            self.connections += 1
            await self._carry(connection)
        finally:
            if receiver is not None:
                receiver.cancel()
            stream.close()

    async def _connect(self, stream):
        """Connect without blocking the sampler; only TLS's arithmetic does."""
        settings = self._settings
        address = socket.getaddrinfo(settings.host, settings.port, 0, socket.SOCK_STREAM)[0][-1]
        if settings.has_tls and self._tls is None:
            tls.set_rtc_for_tls(self._board)
            self._tls = tls.context(self._board.flash)
        await stream.connect(address, self._tls, settings.server_name)

    async def _carry(self, connection):
        """Publish status and journal until the connection fails."""
        status_at_ms = self._board.up_ms()
        reader = self._rewind(WINDOW)
        while True:
            connection.check()
            if not self._board.wifi.is_up():
                raise OSError("Wi-Fi is down.")
            now_ms = self._board.up_ms()
            if self._in_flight and now_ms - self._progress_at_ms >= self._resend_after_ms:
                self._resend_after_ms = min(2 * self._resend_after_ms, _MAX_RESEND_AFTER_MS)
                self._board.show(False)
                reader = self._rewind(1)
                status_at_ms = now_ms  # it may be `held` that the gateway waits for
            if now_ms >= status_at_ms:
                await connection.publish(
                    [(self._inbox.topic(topics.STATUS), self._status(status.ONLINE), True)]
                )
                every_ms = _STATUS_EVERY_MS if self._clock.is_set else _STATUS_EVERY_MS_WHILE_UNSET
                status_at_ms = now_ms + every_ms
            if not await self._publish_next(connection, reader):
                if now_ms - connection.heard_at_ms > _KEEPALIVE_S * 500:
                    await connection.ping()
                await self._wait(min(1000, max(0, status_at_ms - now_ms)))

    async def _publish_next(self, connection, reader):
        """Publish what the window allows; False when there was nothing to do."""
        room = self._window - len(self._in_flight)
        if 2 * room < self._window:  # a few at a time: one by one would open the segment each time
            return False
        entries = reader.take(min(room, _AT_ONCE))
        while reader.holes:
            self._lose(reader.holes.pop(0))
        if not entries:
            return False
        if not self._in_flight:
            self._progress_at_ms = self._board.up_ms()
        messages = []
        for entry in entries:
            self._in_flight.append((entry.boot, entry.sequence))
            channel = topics.TELEGRAM if entry.kind == journals.TELEGRAM else topics.EVENT
            messages.append((self._inbox.topic(channel), entry.payload, False))
        await connection.publish(messages)
        return True

    def _lose(self, hole):
        """Declare what the flash no longer gives back, once in this boot."""
        if not self._journal.is_passed_over(hole):
            self._scribe.declare_lost(*hole)
            self._journal.pass_over(hole)

    def _rewind(self, window):
        self._in_flight = []
        self._window = window
        self._progress_at_ms = self._board.up_ms()
        return self._journal.reader()

    def _acknowledged(self, boot, sequence):
        if self._journal.forget(boot, sequence):
            self._window = min(WINDOW, 2 * self._window)
            self._resend_after_ms = RESEND_AFTER_MS
            self._progress_at_ms = self._board.up_ms()
            self._board.show(True)
        self._in_flight = [key for key in self._in_flight if key[0] != boot or key[1] > sequence]
        self._wake.set()

    async def _wait(self, limit_ms):
        """Return when something happened, at the latest after ``limit_ms``."""
        try:
            await asyncio.wait_for(self._wake.wait(), limit_ms / 1000)
        except asyncio.TimeoutError:
            pass
        self._wake.clear()

    def _status(self, state):
        journal = self._journal
        up_ms = self._clock.ask() if state == status.ONLINE else self._board.up_ms()
        return status.encode(
            status.Status(self._settings.node_id, journal.boot, state, up_ms, *journal.held)
        )
