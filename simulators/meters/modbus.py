# SPDX-License-Identifier: EUPL-1.2
"""Modbus RTU meters on an RS-485 line: real register maps served by pymodbus over a pty pair."""

import asyncio
import os
import pty
import tty
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.register_maps import RegisterMap

_CHUNK_BYTES = 1024
_BITS_A_CHARACTER = 11  # with start, parity and stop


@dataclass(frozen=True, kw_only=True)
class ModbusMeter:
    """One meter on the line; ``read`` gives wire units by OBIS code on channel 0, as of now."""

    unit_id: int
    register_map: RegisterMap
    read: Callable[[str], int]


class ModbusLine:
    """The meters of one node on one line. The node opens ``path`` as its UART.

    The line outlives the node: both ends stay open here, so a node may come and go. A unit in
    ``unplugged`` is silent until it is taken out again.
    """

    def __init__(self, meters: Mapping[int, ModbusMeter], *, baud: int = 9600) -> None:
        self.unplugged: set[int] = set()
        self._meters = meters
        self._baud = baud
        self._ends: list[int] = []
        self._server: ModbusSerialServer | None = None
        self.path = ""

    async def __aenter__(self) -> Self:
        """Lay the line and let the meters answer."""
        meter_far, meter_near = pty.openpty()
        node_far, node_near = pty.openpty()
        self._ends = [meter_far, meter_near, node_far, node_near]
        for end in self._ends:
            tty.setraw(end)
        os.set_blocking(meter_far, False)
        os.set_blocking(node_far, False)
        loop = asyncio.get_running_loop()
        loop.add_reader(meter_far, _carry, meter_far, node_far)
        loop.add_reader(node_far, _Frames(node_far, meter_far, self._baud).carry)
        self.path = os.ttyname(node_near)
        self._server = ModbusSerialServer(
            [_device(meter) for meter in self._meters.values()],
            port=os.ttyname(meter_near),
            baudrate=self._baud,
            trace_pdu=self._heard,
        )
        async with asyncio.timeout(5):
            await self._server.serve_forever(background=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Take the line away."""
        loop = asyncio.get_running_loop()
        for far in self._ends[::2]:
            loop.remove_reader(far)
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
        for end in self._ends:
            os.close(end)
        self._ends = []

    def _heard(self, sending: bool, message: ModbusPDU) -> ModbusPDU:
        """Let through what goes to or comes from a meter that is there; nobody hears the rest.

        pymodbus 3.16 answers with an error for a unit that it has not, ignore_missing_devices or
        not; on a real line nobody does.
        """
        if not sending and message.dev_id not in self._meters.keys() - self.unplugged:
            return None  # type: ignore[return-value]  # what it takes for "no request"
        return message


def _carry(source: int, target: int) -> None:
    with suppress(BlockingIOError):  # unread for thousands of bytes: on a line they are gone
        os.write(target, os.read(source, _CHUNK_BYTES))


class _Frames:
    """Hands the meters whole requests only, as their own framing would.

    pymodbus keeps half a request for ever, and then takes the next for its tail; a real meter
    forgets it after 3.5 characters of silence (Modbus over Serial Line V1.02, 2.5.1.1).
    """

    def __init__(self, source: int, target: int, baud: int) -> None:
        self._source = source
        self._target = target
        self._silence_s = 3.5 * _BITS_A_CHARACTER / baud
        self._begun = b""
        self._forgetting: asyncio.TimerHandle | None = None

    def carry(self) -> None:
        """Take what has come, and pass it on once its checksum is right."""
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._begun += os.read(self._source, _CHUNK_BYTES)
        request, checksum = self._begun[:-2], self._begun[-2:]
        if request and FramerRTU.compute_CRC(request).to_bytes(2, "big") == checksum:
            os.write(self._target, self._begun)
            self._begun = b""
        else:
            loop = asyncio.get_running_loop()
            self._forgetting = loop.call_later(self._silence_s, self._forget)

    def _forget(self) -> None:
        self._begun = b""


def _device(meter: ModbusMeter) -> SimDevice:
    registers = meter.register_map.registers
    blocks = [
        SimData(register.address, values=register.words(0), datatype=DataType.REGISTERS)
        for register in registers.values()
    ]
    held = meter.register_map.function == 3

    async def answer(
        _function: int,
        start: int,
        _address: int,
        _count: int,
        memory: list[int],
        _written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Put what the meter shows now into its memory; pymodbus then sends what was asked."""
        for obis, register in registers.items():
            words = register.words(meter.read(obis))
            memory[register.address - start : register.address - start + len(words)] = words
        return None

    return SimDevice(
        meter.unit_id,
        simdata=(
            [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
            [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
            blocks if held else [SimData(0, datatype=DataType.INVALID)],
            [SimData(0, datatype=DataType.INVALID)] if held else blocks,
        ),
        action=answer,
    )
