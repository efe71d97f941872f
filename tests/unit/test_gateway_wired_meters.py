# SPDX-License-Identifier: EUPL-1.2
"""What wired meters are told and say: meters.toml, words, dials (AC-43), the gateway's own node."""

import asyncio
from dataclasses import replace
from fractions import Fraction

import pytest

from edge_gateway.errors import SettingsError
from edge_gateway.store import outbox
from edge_gateway.store.database import Store
from edge_gateway.wired import commissioning, register_maps, wiring
from edge_gateway.wired.bus import Bus
from edge_gateway.wired.errors import RegisterError
from edge_gateway.wired.framing import RtuFraming
from edge_gateway.wired.node import MAX_WAITING, OwnNode, next_boot
from edge_gateway.wired.register_maps import Register
from simulators.register_maps import read_register_maps
from tests.fakes import virtual_time
from tests.fakes.gateway_clock import NOVEMBER_2026_MS, FakeClock
from tests.fakes.modbus_slaves import SlaveLine
from tests.fakes.virtual_time import LoopClock
from tests.gateway_builders import an_intake, topic
from wire import acknowledgement, batch, command, event, status, telegram, topics

MAPS = register_maps.read()
IMPORT, EXPORT, POWER = "1-1:1.8.0", "1-1:2.8.0", "1-1:1.7.0"

WIRING = """
node_id = "gw-mladost-meters"
[[lines]]
port = "/dev/serial/by-id/usb-*"
[[lines.meters]]
unit_id = 1
map = "eastron_sdm630"
registers = ["1-1:1.8.0", "1-1:1.7.0"]
"""


def a_register(**others):
    known = {"address": 0, "type": "u32", "word_order": "big", "scale": (1, 1)}
    return Register(**known | others)


def test_the_words_of_every_map_say_what_the_meter_means():
    for name, one in read_register_maps().items():
        for obis, theirs in one.registers.items():
            ours = MAPS[name].registers[obis]
            for amount in (0, 1, 12_345_600, 2**24 + 1):
                words = b"".join(word.to_bytes(2, "big") for word in theirs.words(amount))
                assert ours.amount(words) // 1 == theirs.shown(amount)


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (a_register(), b"\xff\xff\xff\xff"),
        (a_register(type="i32"), b"\x80\x00\x00\x00"),
        (a_register(type="f32"), b"\x7f\xc0\x00\x00"),
        (a_register(type="f32"), b"\x7f\x80\x00\x00"),
        (a_register(), b"\x00\x00"),
    ],
)
def test_words_that_say_nothing_are_no_number(register, words):
    with pytest.raises(RegisterError):
        register.amount(words)


def test_the_wiring_is_read(tmp_path):
    (tmp_path / "meters.toml").write_text(WIRING)
    wired = wiring.read(tmp_path)
    assert (wired.interval_s, wired.lines[0].baud) == (30, 9600)
    (meter,) = wiring.meters_of(wired.lines[0], MAPS)
    assert [one.register.address for one in meter.channels] == [72, 52]


def test_no_file_is_no_meters(tmp_path):
    assert wiring.read(tmp_path) is None


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ('port = "/dev', 'host = "10.0.0.9"\nport = "/dev', "either a port or a host"),
        ("unit_id = 1", "unit_id = 0", "lines.0.meters.0.unit_id"),
        ('"1-1:1.7.0"', '"1-1:1.8.0"', "appears 2 times"),
        ('"1-1:1.8.0", ', "", "is on no dial"),
        ('"1-1:1.7.0"', '"1-1:9.9.9"', "no reading type"),
        ("[[lines]]", "[[lines", "can't be read"),
        ("map =", "model =", "lines.0.meters.0.map"),
    ],
)
def test_a_fault_in_the_wiring_is_named(tmp_path, right, wrong, sentence):
    (tmp_path / "meters.toml").write_text(WIRING.replace(right, wrong))
    with pytest.raises(SettingsError, match=sentence):
        wiring.read(tmp_path)


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("eastron_sdm630", "eastron", "no register map eastron"),
        ("1-1:1.7.0", "8-1:1.0.0", "has no cold_water"),
    ],
)
def test_a_meter_without_its_map_is_named(tmp_path, right, wrong, sentence):
    (tmp_path / "meters.toml").write_text(WIRING.replace(right, wrong))
    with pytest.raises(SettingsError, match=sentence):
        wiring.meters_of(wiring.read(tmp_path).lines[0], MAPS)


def a_meter(registers, *, map_name="carlo_gavazzi_em340"):
    table = wiring.LineTable(
        port="line", meters=[{"unit_id": 1, "map": map_name, "registers": list(registers)}]
    )
    return wiring.meters_of(table, MAPS)[0]


def with_the_order_turned(meter):
    """The same meter, its map having the word order wrong."""
    turned = [replace(one, register=one.register.in_other_order()) for one in meter.channels]
    return replace(meter, channels=tuple(turned))


def faults(meter, dials, *, shows, map_name="carlo_gavazzi_em340"):
    """Return the faults found, by OBIS code; ``shows`` is in wire units by OBIS code."""
    theirs = read_register_maps()[map_name].registers
    memory = {}
    for obis, amount in shows.items():
        register = theirs["1-0:" + obis.split(":")[1]]
        memory |= {register.address + n: word for n, word in enumerate(register.words(amount))}
    line = SlaveLine()
    line.content = lambda _unit, address: memory[address].to_bytes(2, "big")
    bus = Bus(line, RtuFraming(), timeout_s=0.1, silence_s=0.005)
    told = {obis: Fraction(number) for obis, number in dials.items()}
    verdicts = virtual_time.run(commissioning.compare(bus, meter, told))
    return {one.obis: one.fault for one in verdicts}


def test_a_meter_that_reads_as_its_dial_shows_passes():
    shows = {IMPORT: 1_234_500, EXPORT: 0, POWER: -1500}
    found = faults(a_meter(shows), {IMPORT: "1234.5"}, shows=shows)
    assert set(found.values()) == {None}


@pytest.mark.parametrize("map_name", sorted(MAPS))
@pytest.mark.parametrize("dial", ["7.3", "1234.5", "1677721.7"])
def test_the_wrong_word_order_is_refused_with_its_remedy(map_name, dial):
    """AC-43, for every map there is."""
    shows = {IMPORT: int(Fraction(dial) * 1000)}
    meter = with_the_order_turned(a_meter(shows, map_name=map_name))
    fault = faults(meter, {IMPORT: dial}, shows=shows, map_name=map_name)[IMPORT]
    right = MAPS[map_name].registers["1-0:1.8.0"].word_order
    assert f'it would with word_order = "{right}"' in fault


def test_a_scale_that_is_ten_times_too_large_is_refused():
    shows = {IMPORT: 1_234_500}
    fault = faults(a_meter(shows), {IMPORT: "123.45"}, shows=shows)[IMPORT]
    assert (
        fault == "it does not fit the dial's 123.45; it would with a scale of 1/10 times the map's"
    )


def test_a_meter_that_has_not_counted_yet_proves_nothing():
    fault = faults(a_meter([IMPORT]), {IMPORT: "0"}, shows={IMPORT: 0})[IMPORT]
    assert "compare again once the meter has counted more" in fault


def test_a_meter_without_its_dial_is_refused():
    shows = {IMPORT: 1_234_500, POWER: 10}
    found = faults(a_meter(shows), {}, shows=shows)
    assert all("say what the dial shows" in fault for fault in found.values())


def test_a_register_of_another_type_needs_its_own_dial():
    shows = {IMPORT: 1_234_500, POWER: 1000}
    same_order = faults(
        a_meter(shows, map_name="abb_b23"), {IMPORT: "1234.5"}, shows=shows, map_name="abb_b23"
    )
    assert set(same_order.values()) == {None}  # a power follows the order
    meter = a_meter([IMPORT, EXPORT], map_name="abb_b23")
    odd = meter.channels[1].register.model_copy(update={"type": "u32"})
    channels = (meter.channels[0], replace(meter.channels[1], register=odd))
    found = faults(
        replace(meter, channels=channels),
        {IMPORT: "1234.5"},
        shows={IMPORT: 1_234_500, EXPORT: 0},
        map_name="abb_b23",
    )
    assert found[IMPORT] is None
    assert "say what the dial shows" in found[EXPORT]


def test_what_was_compared_holds_until_the_settings_change():
    meter = a_meter([IMPORT])
    assert a_meter([IMPORT]).fingerprint == meter.fingerprint
    assert a_meter([IMPORT, POWER]).fingerprint != meter.fingerprint
    assert a_meter([IMPORT], map_name="abb_b23").fingerprint != meter.fingerprint


class Intake:
    """What the own node offers, decoded."""

    def __init__(self):
        self.offered = []

    def offer(self, channel, payload):
        decode = {topics.TELEGRAM: telegram, topics.EVENT: event, topics.STATUS: status}[channel]
        self.offered.append(decode.decode(payload))

    def sequences(self):
        return [one.sequence for one in self.offered if not isinstance(one, status.Status)]


def in_virtual_time(life, *, trusted=True):
    async def work():
        intake, clock = Intake(), LoopClock(trusted=trusted)
        node = OwnNode("gw-meters", 7, clock, intake.offer)
        running = asyncio.ensure_future(node.run())
        await clock.sleep(0.1)
        await life(node, clock)
        running.cancel()
        return intake

    return virtual_time.run(work())


def test_messages_are_sent_again_until_they_are_acknowledged():
    async def life(node, clock):
        node.telegram({IMPORT: 1})
        node.telegram({IMPORT: 2})
        node.hear(topics.ACKNOWLEDGEMENT, acknowledgement.encode(7, 1))
        node.hear(topics.ACKNOWLEDGEMENT, acknowledgement.encode(6, 2))  # of an earlier boot
        await clock.sleep(7)
        node.hear(topics.ACKNOWLEDGEMENT, acknowledgement.encode(7, 2))
        await clock.sleep(30)

    assert in_virtual_time(life).sequences() == [1, 2, 2]


def test_the_status_says_what_is_held():
    async def life(node, clock):
        node.begin()
        node.telegram({IMPORT: 1})
        node.hear(topics.ACKNOWLEDGEMENT, acknowledgement.encode(7, 1))
        await clock.sleep(61)

    said = [one for one in in_virtual_time(life).offered if isinstance(one, status.Status)]
    assert [(one.boot, one.held_boot, one.held_sequence) for one in said] == [(7, 7, 1), (7, 7, 2)]
    assert 59_000 < said[1].up_ms < 62_000


@pytest.mark.parametrize(
    ("trusted", "quality"), [(True, telegram.TIME_KNOWN), (False, telegram.TIME_SINCE_BOOT)]
)
def test_what_the_gateway_does_not_know_of_the_time_it_does_not_say(trusted, quality):
    async def life(node, clock):
        await clock.sleep(12)
        node.telegram({IMPORT: 1})

    told = in_virtual_time(life, trusted=trusted).offered[-1]
    assert told.time_quality == quality
    assert (told.time_s == 12) == (not trusted)


def test_commands_are_refused_once_not_left_unanswered():
    async def life(node, _clock):
        settings = command.encode_settings("c-1", 1_795_000_600, {"sample_interval_s": 10})
        update = command.encode_update("c-2", 1_795_000_600, "ab" * 32, 1000, "1.2.3")
        for told in (settings, settings, update, command.encode_time(1, 1), b"?"):
            node.hear(topics.COMMAND, told)

    answers = [one for one in in_virtual_time(life).offered if isinstance(one, event.Event)]
    assert [(one.kind, one.detail["id"]) for one in answers] == [
        (event.SETTINGS_REFUSED, "c-1"),
        (event.COMMAND_REFUSED, "c-2"),
    ]


def test_a_store_that_takes_nothing_costs_the_oldest_and_that_is_told():
    async def life(node, _clock):
        for register in range(MAX_WAITING):
            node.telegram({IMPORT: register})

    told = in_virtual_time(life).offered[-1]
    half = MAX_WAITING // 2
    assert (told.kind, told.detail) == (
        event.JOURNAL_LOST,
        {"boot": 7, "first": 1, "last": half},
    )
    assert told.sequence == MAX_WAITING + 1


async def test_boots_only_grow_also_over_a_lost_disk(tmp_path):
    now_s = 1_795_000_000
    store = await Store.open(tmp_path / "first")
    assert await store.write(lambda db: next_boot(db, None)) is None
    first = await store.write(lambda db: next_boot(db, now_s))
    boots = [await store.write(lambda db: next_boot(db, None)) for _ in range(3)]
    assert boots == [first + 1, first + 2, first + 3]
    earlier = await store.write(lambda db: next_boot(db, now_s - 86400))
    assert earlier == first + 4
    await store.close()
    replaced = await Store.open(tmp_path / "second")
    assert await replaced.write(lambda db: next_boot(db, now_s + 3600)) > earlier
    await replaced.close()


async def test_what_was_read_before_the_time_was_known_is_dated_once_it_is(tmp_path):
    """AC-30 for the gateway's own meters."""
    clock = FakeClock(now_ms=0, trusted=False)
    store = await Store.open(tmp_path)
    intake = an_intake(store, clock)
    node = OwnNode(
        "gw-meters",
        7,
        clock,
        lambda channel, payload: intake.offer(topic(channel, "gw-meters"), payload),
    )
    clock.advance(30)
    node.telegram({IMPORT: 1})
    await intake.commit()
    assert await store.read(lambda db: outbox.oldest(db, 10)) == []
    clock.at_ms, clock.trusted = NOVEMBER_2026_MS, True
    clock.advance(60)
    node.say_status()
    await intake.commit()
    found = await store.read(lambda db: outbox.oldest(db, 10))
    [read_at_s] = [one.read_at_s for one in found if one.kind == batch.TELEGRAM]
    assert read_at_s == NOVEMBER_2026_MS // 1000
    await store.close()
