# SPDX-License-Identifier: EUPL-1.2
"""A TCP or TLS stream that sleeps on the socket itself.

asyncio's own stream would wait on the TLS object, which is no file descriptor, so MicroPython looks
at it every millisecond: a node would never be idle and a battery never last.
"""

import errno
from asyncio import core

_TCP = 6
_TCP_NODELAY = 1  # Nagle's algorithm and delayed ACKs together would cost 40 ms per telegram


class Stream:
    """Reads and writes ``raw``, once ``connect`` has succeeded."""

    def __init__(self, raw):
        self._raw = raw
        self._io = raw

    async def connect(self, address, tls_context, server_name):
        """Connect; with ``tls_context`` (or None), and the broker must then be ``server_name``."""
        self._raw.setblocking(False)
        self._raw.setsockopt(_TCP, _TCP_NODELAY, 1)
        try:
            self._raw.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        await _writable(self._raw)
        if tls_context is not None:
            self._io = tls_context.wrap_socket(
                self._raw, server_hostname=server_name, do_handshake_on_connect=False
            )

    async def readexactly(self, count):
        """Return ``count`` bytes, or raise EOFError."""
        received = b""
        while len(received) < count:
            piece = self._io.read(count - len(received))
            if piece is None:  # nothing decrypted is left, so the socket has the word
                await _readable(self._raw)
            elif not piece:
                raise EOFError("The broker has hung up.")
            else:
                received += piece
        return received

    def close(self):
        """Hang up; only now does TLS give its buffers back."""
        self._io.close()
        self._raw.close()

    async def write(self, content):
        """Return once all of ``content`` has been handed over."""
        while content:
            written = self._io.write(content)
            if written is None:  # TLS knows whether its handshake waits for reading or writing
                await _writable(self._io)
            else:
                content = content[written:]


def _readable(source):
    yield core._io_queue.queue_read(source)  # noqa: SLF001 - as asyncio's own streams do


def _writable(sink):
    yield core._io_queue.queue_write(sink)  # noqa: SLF001 - as asyncio's own streams do
