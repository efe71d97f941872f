# SPDX-License-Identifier: EUPL-1.2
"""The line itself: a serial port or a TCP connection, by pymodbus's transport.

pymodbus carries the bytes. Which of them are the answer to what is decided in ``bus``: its own
client takes any frame of the right unit for the reply, and drops a whole buffer for one stray byte.
"""

import glob
import logging
from collections.abc import Callable
from pathlib import Path

from pymodbus.transport import CommParams, CommType, ModbusProtocol

from edge_gateway.wired.errors import LineLostError
from edge_gateway.wired.wiring import LineTable

_CONNECT_TIMEOUT_S = 3.0

# it says in lines of its own what we say in ours, once for each attempt
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

Receive = Callable[[bytes], None]


class Line:
    """Opens what ``table`` names, and again after it was lost."""

    def __init__(self, table: LineTable) -> None:
        self.name = table.name
        self.receive: Receive = _ignore
        self._table = table
        self._transport: _Transport | None = None

    @property
    def is_open(self) -> bool:
        """Return whether something can be sent; only sending tells whether it arrives."""
        return self._transport is not None and self._transport.is_active()

    async def open(self) -> None:
        """Open the line, or raise LineLostError saying what is missing."""
        self.close()
        transport = _Transport(self._parameters(), self._received)
        if not await transport.connect():
            raise LineLostError(
                f"{transport.comm_params.host} does not open: denied, in use or dead."
            )
        self._transport = transport

    def write(self, frame: bytes) -> None:
        """Send a frame, or raise LineLostError."""
        if self._transport is None or not self._transport.is_active():
            raise LineLostError(f"{self.name} is not open.")
        self._transport.send(frame)

    def close(self) -> None:
        """Let the port go."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _received(self, arrived: bytes) -> None:
        self.receive(arrived)

    def _parameters(self) -> CommParams:
        table = self._table
        if table.host:
            return CommParams(
                comm_name=self.name,
                comm_type=CommType.TCP,
                host=table.host,
                port=table.tcp_port,
                timeout_connect=_CONNECT_TIMEOUT_S,
            )
        return CommParams(
            comm_name=self.name,
            comm_type=CommType.SERIAL,
            host=_first_there(table.port),
            baudrate=table.baud,
            bytesize=8,
            parity=table.parity,
            stopbits=table.stop_bits,
            timeout_connect=_CONNECT_TIMEOUT_S,
        )


def _first_there(pattern: str) -> str:
    """Return the first path that fits and leads somewhere, or raise LineLostError.

    The names under ``/dev/serial/by-id`` are links, of which a stale one leads nowhere.
    """
    for path in sorted(glob.glob(pattern)):
        if Path(path).exists():
            return path
    raise LineLostError(f"No adapter is there as {pattern}.")


def _ignore(_: bytes) -> None:
    """Hear what nobody has asked for."""


class _Transport(ModbusProtocol):
    """Hands on bytes as they come; opening again is not its business but ours."""

    def __init__(self, parameters: CommParams, receive: Receive) -> None:
        super().__init__(parameters, is_server=False)
        self._receive = receive

    def callback_connected(self) -> None:
        """Know already, from ``connect``."""

    def callback_disconnected(self, exc: Exception | None) -> None:
        """Say so at the next request."""

    def callback_new_connection(self) -> ModbusProtocol:
        """Never listen."""
        raise AssertionError("A line of meters is not listened on.")

    def callback_data(self, data: bytes, addr: tuple[object, ...] | None = None) -> int:  # noqa: ARG002
        """Take everything; return how much that was."""
        self._receive(data)
        return len(data)
