# SPDX-License-Identifier: EUPL-1.2
"""The world's dials, contacts and files agree, whatever interrupts it."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.city import read_city
from simulators.history import History
from simulators.meters.contact import Edge
from simulators.meters.kept import KeptDialsError
from simulators.usage import Usage
from simulators.world import STANDSTILL_MS, World, WorldError
from tests.unit.test_contact import closures_behind_a_filter

CITY = read_city()
USAGE = Usage(CITY)
MORNING_MS = int(datetime(2026, 3, 10, 7, 30, tzinfo=UTC).timestamp() * 1000)
TICK_MS = 100
MAIN, FLAT = ("w-1007", "8-0:1.0.0"), ("w-1008", "8-0:1.0.0")


class Board:
    """A pulse input with its counter."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []

    def feed(self, edges: Iterable[Edge]) -> None:
        self.edges.extend(edges)

    @property
    def pulses(self) -> int:
        return closures_behind_a_filter(self.edges) if self.edges else 0


class Town:
    """A world under a clock that the test turns, with a board at every pulse input."""

    def __init__(self, directory: Path, now_ms: int = MORNING_MS) -> None:
        self.now_ms = now_ms
        self.world = World(CITY, USAGE, directory, now_ms=lambda: self.now_ms)
        self.boards: dict[tuple[str, str], Board] = {}
        self.starts: dict[tuple[str, str], int] = {}
        for meter in CITY.meters.values():
            if meter.input is None:
                continue
            board = Board()
            self.world.attach(meter.node_id, meter.input, board)
            for channel in self.world.channels(meter.node_id):
                if channel["kind"] == "pulse" and channel["input"] == meter.input:
                    key = (channel["meter_id"], channel["obis"])
                    self.boards[key], self.starts[key] = board, channel["start"]

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 1000 / TICK_MS)):
            self.now_ms += TICK_MS
            self.world.tick()

    def counted(self) -> dict[tuple[str, str], int]:
        """Return each pulse meter's register as a node would work it out."""
        return {
            (p.meter_id, p.obis): self.starts[p.meter_id, p.obis]
            + self.boards[p.meter_id, p.obis].pulses * p.per_pulse
            for p in CITY.service_points.values()
            if p.per_pulse is not None
        }

    def shown(self) -> dict[tuple[str, str], int]:
        return {key: shown for key, shown in self.world.dials().items() if key in self.boards}


async def at_rest(town: Town) -> None:
    freezing = asyncio.create_task(town.world.freeze())
    while not freezing.done():
        town.now_ms += TICK_MS
        await asyncio.sleep(0.01)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = Town(tmp_path)
    town.world.tick()
    return town


async def test_start_and_counted_pulses_make_exactly_the_dial(town: Town):
    town.pass_time(120)
    await at_rest(town)
    assert town.counted() == town.shown()
    assert sum(board.pulses for board in town.boards.values()) > 10


def test_every_building_turns_a_dial_within_two_minutes(town: Town):
    before = town.world.dials()
    town.pass_time(120)
    turned = {key for key, shown in town.world.dials().items() if shown > before[key]}
    assert {
        p.premises_id for p in CITY.service_points.values() if (p.meter_id, p.obis) in turned
    } == set(CITY.premises)


def test_a_leak_turns_its_meter_and_the_mains_before_it(tmp_path: Path):
    dry, leaking = Town(tmp_path / "dry"), Town(tmp_path / "leaking")
    leaking.world.leak_valve("mladost-flat12-cold").open(3600)
    for town in (dry, leaking):
        town.world.tick()
        town.pass_time(10)
    for key in dry.world.dials():
        more_ml = leaking.world.dial(*key).register - dry.world.dial(*key).register
        assert more_ml == (10_000 if key in (MAIN, FLAT) else 0)


def test_electricity_has_no_leak_valve(town: Town):
    with pytest.raises(WorldError, match="mladost-electricity carries no water"):
        town.world.leak_valve("mladost-electricity")


async def test_a_frozen_world_stands_still_and_a_thawed_one_goes_on(town: Town):
    town.world.leak_valve("mladost-cold").open(36_000)
    await at_rest(town)
    frozen = town.world.dials()
    town.pass_time(60)
    assert town.world.dials() == frozen
    town.world.thaw()
    town.pass_time(1)
    assert town.world.dials() != frozen


def test_a_dial_knows_when_it_showed_what_it_shows(town: Town):
    town.world.leak_valve("mladost-flat12-cold").open(36_000)  # 10 l/s: a pulse per tick
    start = town.world.dial(*FLAT).shown
    began_s = town.now_ms / 1000
    town.pass_time(2)
    reached_s = town.world.dial(*FLAT).first_reached(start + 10_000)
    assert reached_s is not None
    assert 0.9 <= reached_s - began_s <= 1.1


async def test_a_second_start_goes_on_where_the_first_stopped(tmp_path: Path, town: Town):
    town.pass_time(30)
    await at_rest(town)
    night = Town(tmp_path, now_ms=town.now_ms + 8 * 3_600_000)
    assert night.world.resumed
    assert night.world.dials() == town.world.dials()


async def test_pulses_not_told_when_the_process_is_killed_are_turned_again(
    tmp_path: Path, town: Town
):
    for valve in ("mladost-flat12-cold", "mladost-cold", "lyulin-hot"):
        town.world.leak_valve(valve).open(36_000)
    town.pass_time(20)  # and then it is killed, with pulses under way
    assert town.counted() != town.shown()
    revived = Town(tmp_path, now_ms=town.now_ms + 1000)
    assert {key: revived.world.dials()[key] for key in town.boards} == town.counted()


def test_a_process_that_was_stopped_or_a_clock_that_jumped_is_no_use(town: Town):
    town.pass_time(1)
    before = town.world.dials()
    town.now_ms += STANDSTILL_MS + 1
    town.world.tick()
    town.now_ms -= 3_600_000
    town.world.tick()
    assert town.world.dials() == before


async def test_pulses_go_on_while_the_clock_is_set_back(town: Town):
    town.world.leak_valve("mladost-flat12-cold").open(3600)
    town.pass_time(5)
    town.now_ms -= 3_600_000
    town.pass_time(5)
    await at_rest(town)
    assert town.counted() == town.shown()


def test_the_dials_of_another_city_are_refused(tmp_path: Path):
    (tmp_path / "dials.json").write_text('{"somewhere-else": 5}')
    with pytest.raises(KeptDialsError, match="holds the dials of another city; remove it"):
        Town(tmp_path)


def test_half_a_file_of_dials_is_refused_by_name(tmp_path: Path):
    (tmp_path / "dials.json").write_text('{"mladost-c')
    with pytest.raises(KeptDialsError, match=r"dials\.json can't be read"):
        Town(tmp_path)


async def test_a_world_with_a_loose_contact_does_not_run(tmp_path: Path):
    world = World(CITY, USAGE, tmp_path, nodes=["n-mladost-01", "n-mladost-05"])
    with pytest.raises(WorldError, match="No pulse input is attached for mladost-cold"):
        await world.run()


def test_a_board_can_only_be_attached_where_a_meter_is(town: Town):
    with pytest.raises(WorldError, match="n-mladost-01 has no meter on pulse input 1"):
        town.world.attach("n-mladost-01", 1, Board())


def test_the_world_goes_on_from_history_to_the_last_unit(tmp_path: Path):
    history = History(CITY, USAGE, days=2, until_ms=MORNING_MS)
    world = World(CITY, USAGE, tmp_path, registers=history.final_registers)
    assert {
        point_id: world.dial(point.meter_id, point.obis).register
        for point_id, point in CITY.service_points.items()
    } == history.final_registers


def test_an_exporting_meter_is_two_channels_of_one_unit(town: Town):
    assert town.world.channels("n-lozenets-04") == [
        {
            "service_point_id": f"lozenets-{name}",
            "meter_id": "e-2010",
            "obis": obis,
            "kind": "modbus",
            "map": "abb_b23",
            "unit_id": 1,
            "also": also,
        }
        for name, obis, also in [
            ("electricity", "1-0:1.8.0", ["1-0:1.7.0"]),
            ("solar", "1-0:2.8.0", []),
        ]
    ]
