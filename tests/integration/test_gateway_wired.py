# SPDX-License-Identifier: EUPL-1.2
"""The real gateway polls real Modbus servers, over a pseudo-terminal and over TCP (AC-40 to 44)."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge_gateway.store.database import Store
from edge_gateway.wired import Wired, commissioning, register_maps, wiring
from simulators.meters.modbus import ModbusLine, ModbusMeter
from simulators.register_maps import read_register_maps
from tests.fakes.ingest_cloud import IngestCloud
from tests.fakes.virtual_time import LoopClock
from tests.gateway_builders import Outgoing, settings
from tests.gateway_process import Program, free_port
from tests.integration.node_chain import until
from wire import event, notice, telegram, topics

OWN = "gw-mladost-meters"
UNITS = range(1, 6)
STEP_WH = 10  # the map's resolution
OF_A_UNIT_WH = 10**9  # so that a register tells whose it is
MAP = "abb_b23"
FRAMERS = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU}


def code(unit: int, quantity: str = "1.8.0") -> str:
    return f"1-{unit}:{quantity}"


class Street:
    """Five meters on a line, each counting a step at every look; the line may be laid anew."""

    def __init__(self) -> None:
        self.shown = {unit: unit * OF_A_UNIT_WH for unit in UNITS}

    def _read(self, unit: int, obis: str) -> int:
        if obis == "1-0:1.8.0":
            self.shown[unit] += STEP_WH
            return self.shown[unit]
        return unit

    def line(self, *, turned: bool = False) -> ModbusLine:
        """Lay the line; ``turned``: the meters' words stand the other way than the map says."""
        found = read_register_maps()[MAP]
        order = {"word_order": "little"} if turned else {}
        registers = {obis: replace(one, **order) for obis, one in found.registers.items()}
        return ModbusLine(
            {
                unit: ModbusMeter(
                    unit_id=unit,
                    register_map=replace(found, registers=registers),
                    read=lambda obis, unit=unit: self._read(unit, obis),
                )
                for unit in UNITS
            }
        )


def wire(data_dir: Path, where: str, units: Any = UNITS, timeout_ms: int = 200) -> None:
    tables = [
        f'[[lines.meters]]\nunit_id = {unit}\nmap = "{MAP}"\n'
        f'registers = ["{code(unit)}", "{code(unit, "1.7.0")}"]\n'
        for unit in units
    ]
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "meters.toml").write_text(
        f'node_id = "{OWN}"\ninterval_s = 1\n'
        f"[[lines]]\n{where}\ntimeout_ms = {timeout_ms}\n" + "".join(tables)
    )


async def check(data_dir: Path, *dials: str) -> tuple[int, str]:
    """Run ``iskar-gateway meters check``; return its status and what it said."""
    told = [argument for dial in dials for argument in ("--dial", dial)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "edge_gateway", "meters", "check", "--data-dir", str(data_dir), *told),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


class Received:
    """What has come to the cloud of our own node."""

    def __init__(self, cloud: IngestCloud) -> None:
        self._cloud = cloud

    def bodies(self) -> list[dict[str, Any]]:
        rows = {key: row for key, row in self._cloud.rows.items() if key[0] == OWN}
        return [rows[key]["body"] for key in sorted(rows)]

    def registers(self, unit: int) -> list[int]:
        found = [body["reg"] for body in self.bodies() if "reg" in body]
        return [registers[code(unit)] for registers in found if code(unit) in registers]

    def kinds(self, unit: int) -> list[str]:
        events = [body for body in self.bodies() if body.get("event") != event.BOOT]
        return [
            body["event"]
            for body in events
            if "event" in body and body["detail"].get("channel") == code(unit)
        ]

    async def grow(self, what: str, within_s: float = 30) -> None:
        """Wait until every meter that is plugged in has said something new."""
        before = [len(self.registers(unit)) for unit in UNITS]
        await until(
            lambda: all(len(self.registers(u)) > n for u, n in zip(UNITS, before, strict=True)),
            what,
            within_s,
        )


def plug_in(ports: Path, name: str, line: ModbusLine) -> None:
    ports.mkdir(exist_ok=True)
    (ports / name).symlink_to(line.path)


async def test_five_meters_reach_the_cloud_whatever_happens_to_line_adapter_and_gateway(
    tmp_path: Path,
):
    ports, street, cloud = tmp_path / "by-id", Street(), IngestCloud()
    received = Received(cloud)
    await cloud.start()
    gateway = Program(
        "run",
        tmp_path / "gateway",
        BROKER_TLS="false",
        BROKER_PORT=free_port(),
        CLOUD_URL=f"http://127.0.0.1:{cloud.port}",
        CLOUD_TOKEN="token",
        CLOCK="assumed",
    )
    wire(gateway.data_dir, f'port = "{ports}/usb-*"')
    try:
        async with street.line() as line:
            plug_in(ports, "usb-adapter-1", line)
            status, said = await check(gateway.data_dir)
            assert (status, said.count("say what the dial shows")) == (1, 10), said
            dials = [f"{code(unit)}={street.shown[unit] / 1000}" for unit in UNITS]
            status, said = await check(gateway.data_dir, *dials)
            assert (status, said.count(": right")) == (0, 10), said

            gateway.start()
            await received.grow("no readings come")
            # AC-40: one is unplugged, and plugged in again
            line.unplugged.add(2)
            await until(lambda: event.METER_UNREACHABLE in received.kinds(2), "not noticed", 30)
            line.unplugged.clear()
            await until(lambda: event.METER_BACK in received.kinds(2), "not back", 30)
            (ports / "usb-adapter-1").unlink()
        await until(lambda: cloud.notices, "nobody is told that the line is lost", 30)
        # AC-44: the adapter went, and comes back under another name
        async with street.line() as line:
            plug_in(ports, "usb-adapter-2", line)
            await received.grow("not opened again")
            gateway.kill()
            gateway.start()
            await received.grow("not read after kill -9")
            gateway.stop()
    finally:
        gateway.kill()
        await cloud.stop()

    assert cloud.conflicts == []
    told = [said["notice"] for _, said in sorted(cloud.notices.items())]
    assert told == [notice.METER_BUS_LOST, notice.METER_BUS_BACK]
    keys = sorted(key for key in cloud.rows if key[0] == OWN)
    boots = {boot: [seq for _, b, seq in keys if b == boot] for _, boot, _ in keys}
    assert len(boots) == 2
    for sequences in boots.values():
        assert sequences == list(range(1, len(sequences) + 1))
    for unit in UNITS:
        registers = received.registers(unit)
        assert {register // OF_A_UNIT_WH for register in registers} == {unit}
        assert all(before < after for before, after in pairwise(registers))


async def test_the_wrong_word_order_is_refused_and_not_put_on_record(tmp_path: Path):
    """AC-43."""
    street = Street()
    wire(tmp_path, f'port = "{tmp_path}/usb-*"', [1])
    async with street.line(turned=True) as line:
        plug_in(tmp_path, "usb-adapter", line)
        status, said = await check(tmp_path, f"{code(1)}={street.shown[1] / 1000}")
    assert status == 1
    assert 'it would with word_order = "little"' in said
    assert not (tmp_path / commissioning.FILE_NAME).exists()


async def test_a_meter_that_was_not_compared_is_left_alone(tmp_path: Path):
    wire(tmp_path, f'host = "127.0.0.1"\ntcp_port = {free_port()}')
    store = await Store.open(tmp_path)
    offered: list[bytes] = []
    wired = Wired(settings(tmp_path), store, LoopClock(), Outgoing())
    await wired.run(lambda _topic, payload: offered.append(payload))
    await store.close()
    assert offered == []


async def test_check_says_which_line_does_not_open(tmp_path: Path):
    wire(tmp_path, f'port = "{tmp_path}/usb-*"')
    status, said = await check(tmp_path)
    assert status == 1
    assert "No adapter is there as" in said
    assert "Traceback" not in said


@asynccontextmanager
async def tcp_meter(delays_s: Any, framing: str):
    """Serve unit 1, whose every answer takes the next of ``delays_s``; yield the port."""
    shown = count(OF_A_UNIT_WH // STEP_WH)
    where = register_maps.read()[MAP].registers

    async def answer(_function, start, address, _count, memory, _written):
        await asyncio.sleep(next(delays_s))
        number = next(shown) if address == where["1-0:1.8.0"].address else 7
        for place in (address - start + n for n in range(_count)):
            memory[place] = number >> 16 * (address - start + _count - 1 - place) & 0xFFFF

    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    words = [SimData(20000, count=5000, values=0, datatype=DataType.REGISTERS)]
    device = SimDevice(1, simdata=(bits, bits, words, words), action=answer)
    port = free_port()
    server = ModbusTcpServer(device, framer=FRAMERS[framing], address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield port
    finally:
        await server.shutdown()


async def readings_of(data_dir: Path, delays_s: Any, framing: str, enough: int) -> list[Any]:
    """Poll one meter over TCP until ``enough`` messages were offered; return them decoded."""
    told: list[Any] = []

    def offer(topic: str, payload: bytes) -> None:
        decode = {topics.TELEGRAM: telegram, topics.EVENT: event}.get(topic.split("/")[-1])
        if decode is not None:
            told.append(decode.decode(payload))

    async with tcp_meter(delays_s, framing) as port:
        where = f'host = "127.0.0.1"\ntcp_port = {port}\nframing = "{framing}"'
        wire(data_dir, where, [1], timeout_ms=100)
        (meter,) = wiring.meters_of(wiring.read(data_dir).lines[0], register_maps.read())
        (data_dir / commissioning.FILE_NAME).write_text(f'{{"{meter.fingerprint}": {{}}}}')
        store = await Store.open(data_dir)
        wired = Wired(settings(data_dir), store, LoopClock(), Outgoing())
        running = asyncio.ensure_future(wired.run(offer))
        await until(lambda: len(told) >= enough, "too few messages", 60)
        running.cancel()
        await asyncio.wait([running])
        await store.close()
    return told


@pytest.mark.parametrize(("framing", "late_s"), [("tcp", 0.0), ("tcp", 0.15), ("rtu", 0.15)])
async def test_a_tcp_meter_is_read_and_no_late_reply_is_another_register(
    tmp_path: Path, framing: str, late_s: float
):
    """AC-41 on a real server: every third answer takes 1.5 timeouts."""
    delays_s = (late_s if n % 3 == 2 else 0.0 for n in count())
    told = await readings_of(tmp_path, delays_s, framing, enough=4)
    registers = [one.registers for one in told if hasattr(one, "registers")]
    assert registers
    for one in registers:
        assert one.get(code(1), OF_A_UNIT_WH) >= OF_A_UNIT_WH
        assert one.get(code(1, "1.7.0"), 0) == 0  # 7 counts of 0.01 W, rounded down
    kinds = {one.kind for one in told if hasattr(one, "kind")}
    assert late_s == 0 or event.LATE_REPLY in kinds
