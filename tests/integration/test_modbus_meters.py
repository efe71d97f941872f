# SPDX-License-Identifier: EUPL-1.2
"""A real Modbus client reads over a pty exactly what the dials show."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusIOException

from simulators.city import read_city
from simulators.register_maps import Register, read_register_maps
from simulators.usage import Usage
from simulators.world import World

CITY = read_city()
MAPS = read_register_maps()
MORNING_MS = int(datetime(2026, 3, 10, 7, 30, tzinfo=UTC).timestamp() * 1000)
ELECTRICITY = [p for p in CITY.service_points.values() if p.per_pulse is None]


class Town:
    """A world of which the test turns the clock."""

    def __init__(self, directory: Path, *nodes: str) -> None:
        self.now_ms = MORNING_MS
        self.world = World(CITY, Usage(CITY), directory, nodes=nodes, now_ms=lambda: self.now_ms)

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_ms += 1000
            self.world.tick()


@asynccontextmanager
async def connected(town: Town, node_id: str) -> AsyncIterator[AsyncModbusSerialClient]:
    line = town.world.line(node_id)
    assert line is not None
    client = AsyncModbusSerialClient(line.path, baudrate=9600, timeout=2, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


async def words_at(
    client: AsyncModbusSerialClient, unit_id: int, function: int, register: Register
) -> list[int]:
    read = client.read_holding_registers if function == 3 else client.read_input_registers
    async with asyncio.timeout(5):
        answer = await read(register.address, count=len(register.words(0)), device_id=unit_id)
    assert not answer.isError(), answer
    return answer.registers


@pytest.mark.parametrize("point", ELECTRICITY, ids=lambda point: point.service_point_id)
async def test_the_register_read_is_the_dial_shown(tmp_path: Path, point):
    node_id, meter = CITY.node_of(point).node_id, CITY.meters[point.meter_id]
    meter_map = MAPS[meter.register_map]
    register = meter_map.registers[point.reading_type.obis]
    town = Town(tmp_path, node_id)
    async with town.world, connected(town, node_id) as client:
        for _ in range(4):
            words = await words_at(client, meter.unit_id, meter_map.function, register)
            assert register.amount(words) == town.world.dial(point.meter_id, point.obis).shown
            town.pass_time(40)


async def test_what_is_read_has_grown_with_the_dial(tmp_path: Path):
    town = Town(tmp_path, "n-iliyantsi-04")
    register = MAPS["schneider_iem3000"].registers["1-0:1.8.0"]
    async with town.world, connected(town, "n-iliyantsi-04") as client:
        before = register.amount(await words_at(client, 1, 3, register))
        town.pass_time(30)
        assert register.amount(await words_at(client, 1, 3, register)) > before


async def test_two_meters_on_one_line_answer_for_themselves(tmp_path: Path):
    town = Town(tmp_path, "n-iliyantsi-05")
    async with town.world, connected(town, "n-iliyantsi-05") as client:
        for unit_id, name in ((1, "janitza_b23"), (2, "eastron_sdm630"), (1, "janitza_b23")):
            register = MAPS[name].registers["1-0:1.8.0"]
            words = await words_at(client, unit_id, MAPS[name].function, register)
            meter_id, obis = ("e-2002", "1-1:1.8.0") if unit_id == 1 else ("e-2003", "1-2:1.8.0")
            assert register.amount(words) == town.world.dial(meter_id, obis).shown


async def test_power_is_that_of_the_main_and_all_behind_it(tmp_path: Path):
    town = Town(tmp_path, "n-iliyantsi-04", "n-iliyantsi-05")
    main, sub = MAPS["schneider_iem3000"], MAPS["janitza_b23"]
    async with town.world:
        town.pass_time(10)
        async with connected(town, "n-iliyantsi-04") as client:
            power = main.registers["1-0:1.7.0"]
            main_w = power.amount(await words_at(client, 1, main.function, power))
        async with connected(town, "n-iliyantsi-05") as client:
            power = sub.registers["1-0:1.7.0"]
            sub_w = power.amount(await words_at(client, 1, sub.function, power))
    assert main_w > sub_w > 10_000


@pytest.mark.parametrize(("unit_id", "unplugged"), [(9, set()), (1, {1})])
async def test_a_meter_that_is_not_there_is_silent(
    tmp_path: Path, unit_id: int, unplugged: set[int]
):
    town = Town(tmp_path, "n-mladost-05")
    async with town.world, connected(town, "n-mladost-05") as client:
        town.world.line("n-mladost-05").unplugged |= unplugged
        with pytest.raises(ModbusIOException, match="No response"):
            await client.read_input_registers(72, count=2, device_id=unit_id)


async def test_a_meter_answers_again_once_it_is_plugged_in(tmp_path: Path):
    town = Town(tmp_path, "n-mladost-05")
    register = MAPS["eastron_sdm630"].registers["1-0:1.8.0"]
    async with town.world, connected(town, "n-mladost-05") as client:
        town.world.line("n-mladost-05").unplugged.add(1)
        with pytest.raises(ModbusIOException):
            await words_at(client, 1, 4, register)
        town.world.line("n-mladost-05").unplugged.clear()
        assert await words_at(client, 1, 4, register)


async def test_half_a_request_of_a_node_that_died_does_not_deafen_the_meters(tmp_path: Path):
    town = Town(tmp_path, "n-mladost-05")
    register = MAPS["eastron_sdm630"].registers["1-0:1.8.0"]
    async with town.world:
        died = os.open(town.world.line("n-mladost-05").path, os.O_WRONLY)
        os.write(died, b"\x01\x04\x00\x48")
        os.close(died)
        await asyncio.sleep(0.1)
        async with connected(town, "n-mladost-05") as client:
            assert await words_at(client, 1, 4, register)


async def test_an_address_without_a_register_is_refused(tmp_path: Path):
    town = Town(tmp_path, "n-mladost-05")
    async with town.world, connected(town, "n-mladost-05") as client:
        answer = await client.read_input_registers(500, count=2, device_id=1)
        assert answer.isError()


async def test_a_node_that_comes_back_finds_the_line_as_it_was(tmp_path: Path):
    town = Town(tmp_path, "n-mladost-05")
    register = MAPS["eastron_sdm630"].registers["1-0:1.8.0"]
    async with town.world:
        for _ in range(3):
            async with connected(town, "n-mladost-05") as client:
                words = await words_at(client, 1, 4, register)
            assert register.amount(words) == town.world.dial("e-2006", "1-0:1.8.0").shown
