# SPDX-License-Identifier: EUPL-1.2
"""The real firmware reads real Modbus slaves over a pseudo-terminal, also when one is silent."""

import asyncio
import os
import pty
import tty
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.virtual_node import VirtualNode
from tests.integration.node_chain import WATER, a_pulse_channel, chain, provision, until
from wire import event

pytestmark = pytest.mark.needs_broker
ENERGY = "1-0:1.8.0"
POWER = "1-0:1.7.0"
DEAD_ENERGY = "1-2:1.8.0"
TIMEOUT_MS = 200


def a_channel(obis, unit_id, address, type_name, scale):
    return {
        "obis": obis,
        "kind": "modbus",
        "unit_id": unit_id,
        "function": 3,
        "address": address,
        "type": type_name,
        "word_order": "big",
        "scale": scale,
    }


class Slaves:
    """Units 1 and 2 with a u64 register at 100 and an i32 power at 200; unit 2 may be unplugged."""

    def __init__(self):
        self.raw = 2**24 + 1
        self.power = -15
        self.present = {1, 2}

    @asynccontextmanager
    async def on_a_line(self):
        """Serve them and yield the terminal for the master."""
        masters, terminals = zip(*[pty.openpty() for _ in range(2)], strict=True)
        for descriptor in masters + terminals:
            tty.setraw(descriptor)
        loop = asyncio.get_running_loop()
        loop.add_reader(masters[0], lambda: os.write(masters[1], os.read(masters[0], 1024)))
        loop.add_reader(masters[1], lambda: self._pass(masters[1], masters[0]))
        devices = [self._device(unit_id) for unit_id in (1, 2)]
        server = ModbusSerialServer(devices, port=os.ttyname(terminals[0]), baudrate=9600)
        await server.serve_forever(background=True)
        try:
            yield os.ttyname(terminals[1])
        finally:
            await server.shutdown()
            for descriptor in masters:
                loop.remove_reader(descriptor)
            for descriptor in masters + terminals:
                os.close(descriptor)

    def _pass(self, source, sink):
        request = os.read(source, 1024)
        if request[0] in self.present:
            os.write(sink, request)

    def _device(self, unit_id):
        registers = SimData(100, count=120, values=0, datatype=DataType.REGISTERS)
        unused = SimData(0, count=8, datatype=DataType.BITS)

        async def serve(_function, start, _address, _count, content, _values):
            content[100 - start : 104 - start] = _words(self.raw, 4)
            content[200 - start : 202 - start] = _words(self.power & 0xFFFFFFFF, 2)

        return SimDevice(
            unit_id, simdata=([unused], [unused], [registers], [registers]), action=serve
        )


def _words(number, count):
    return [number >> 16 * shift & 0xFFFF for shift in range(count - 1, -1, -1)]


async def test_meters_are_read_and_a_silent_one_delays_nobody(mosquitto, tmp_path):
    """AC-40: one of two meters is unplugged and plugged in again."""
    slaves = Slaves()
    async with (
        chain(mosquitto, tmp_path) as (pki, broker, _),
        slaves.on_a_line() as terminal,
    ):
        channels = [
            a_pulse_channel(),
            a_channel(ENERGY, 1, 100, "u64", [10, 1]),
            a_channel(POWER, 1, 200, "i32", [1, 10]),
            a_channel(DEAD_ENERGY, 2, 100, "u64", [10, 1]),
        ]
        bus = {"baud": 9600, "parity": "N", "timeout_ms": TIMEOUT_MS}
        provision(tmp_path / "n-test", pki, broker.port, channels=channels, modbus=bus)
        node = VirtualNode(tmp_path / "n-test", uart=terminal)

        def last(code):
            found = [m.registers[code] for m in telegrams(node) if code in m.registers]
            return found[-1] if found else None

        await node.start()
        await until(lambda: last(ENERGY) == 10 * (2**24 + 1), "unit 1 is not read")
        assert last(POWER) == -2  # -1.5 W, rounded down
        await until(lambda: last(DEAD_ENERGY) == 10 * (2**24 + 1), "unit 2 is not read")
        slaves.present = {1}
        await until(lambda: kinds(node).count(event.METER_UNREACHABLE) == 1, "not noticed", 30)
        seen = len(telegrams(node))
        await asyncio.sleep(5)
        recent = telegrams(node)[seen:]
        for code in (ENERGY, WATER):
            times = [m.time_s for m in recent if code in m.registers]
            assert len(times) >= 4
            assert {after - before for before, after in pairwise(times)} == {1}
        slaves.raw += 5
        slaves.present = {1, 2}
        await until(lambda: event.METER_BACK in kinds(node), "not back", 5)
        await until(lambda: last(DEAD_ENERGY) == 10 * (2**24 + 6), "its register is not read")
        await node.stop()


def telegrams(node):
    return [e.message for e in node.journaled() if hasattr(e.message, "registers")]


def kinds(node):
    return [e.message.kind for e in node.journaled() if hasattr(e.message, "kind")]
