# SPDX-License-Identifier: EUPL-1.2
"""The gateway's Modbus master on late, lost and damaged replies, in virtual time (AC-40 to 42)."""

import asyncio
import random
from collections import defaultdict
from itertools import pairwise

import pytest

from edge_gateway.wired import register_maps
from edge_gateway.wired.bus import Bus
from edge_gateway.wired.errors import (
    LineLostError,
    ModbusError,
    NoisyBusError,
    NoReplyError,
    RefusedError,
)
from edge_gateway.wired.framing import Question, RtuFraming, TcpFraming, _crc
from edge_gateway.wired.meter import Meter
from edge_gateway.wired.rounds import Rounds
from edge_gateway.wired.wiring import LineTable, meters_of
from tests.fakes import virtual_time
from tests.fakes.modbus_slaves import SlaveLine
from tests.fakes.virtual_time import LoopClock
from wire import event, notice

TIMEOUT_S = 0.1


def a_question(address, count=1, unit_id=1):
    return Question(unit_id=unit_id, function=3, address=address, count=count)


def a_bus(line):
    framing = TcpFraming() if line.framing == "tcp" else RtuFraming()
    return Bus(line, framing, timeout_s=TIMEOUT_S, silence_s=0.005)


def read_through(line, questions):
    """Return (what each question came to: words, or the error), the bus."""

    async def work():
        bus = a_bus(line)
        outcomes = []
        for question in questions:
            try:
                outcomes.append(await bus.read(question))
            except ModbusError as error:
                outcomes.append(error)
        return outcomes, bus

    return virtual_time.run(work())


def words_of(question):
    return b"".join((question.address + n).to_bytes(2, "big") for n in range(question.count))


def taken(questions, outcomes):
    """Return how many answers were taken, having seen that each is that of its question."""
    pairs = [(q, o) for q, o in zip(questions, outcomes, strict=True) if isinstance(o, bytes)]
    for question, words in pairs:
        assert words == words_of(question)
    return len(pairs)


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
def test_a_reply_is_taken(framing):
    questions = [a_question(5, 2), a_question(9)]
    outcomes, _ = read_through(SlaveLine(framing=framing), questions)
    assert outcomes == [b"\x00\x05\x00\x06", b"\x00\x09"]


@pytest.mark.parametrize("framing", ["rtu", "tcp"])
def test_replies_of_one_and_a_half_timeouts_are_never_taken_for_another_register(framing):  # AC-41
    line = SlaveLine(framing=framing, delays_s=[1.5 * TIMEOUT_S] * 40)
    outcomes, bus = read_through(line, [a_question(n) for n in range(20)])
    assert {type(outcome) for outcome in outcomes} == {NoReplyError}
    assert bus.late_replies[1] >= 15


@pytest.mark.parametrize("line", [{}, {"framing": "tcp"}, {"framing": "tcp", "forgetful": True}])
def test_replies_of_any_lateness_are_never_taken_for_another_register(line):
    chance = random.Random(1)  # noqa: S311 - repeatable chance
    questions = [a_question(n % 7) for n in range(2000)]
    delays_s = [
        chance.choice((0.005, 0.02, 0.09, 0.11, 0.15, 0.19, 0.31, 0.39)) for _ in range(20_000)
    ]
    outcomes, bus = read_through(SlaveLine(delays_s=delays_s, **line), questions)
    assert taken(questions, outcomes) > 300
    assert bus.late_replies[1] > 300


def test_a_unit_is_believed_again_once_it_answers_in_time():
    line = SlaveLine(delays_s=[1.5 * TIMEOUT_S])
    outcomes, bus = read_through(line, [a_question(n) for n in (1, 2, 3)])
    assert isinstance(outcomes[0], NoReplyError)
    assert outcomes[1:] == [b"\x00\x02", b"\x00\x03"]
    assert bus.late_replies == {1: 1}
    assert len(line.requests) == 4  # the second question is asked twice, the third once


def test_noise_before_a_reply_and_the_echo_of_the_request_do_no_harm():  # AC-42
    line = SlaveLine(echo=True, damage=lambda reply: b"\x00\xff\x01\x03\x55" + reply)
    outcomes, bus = read_through(line, [a_question(5, 2), a_question(0x0306, 2)])
    assert outcomes == [b"\x00\x05\x00\x06", b"\x03\x06\x03\x07"]
    assert (bus.garbled, dict(bus.late_replies)) == (0, {})


@pytest.mark.parametrize("error_rate", [1e-4, 1e-3, 1e-2])
def test_bit_errors_never_make_a_value_and_the_next_good_frame_is_read(error_rate):  # AC-42
    chance = random.Random(2)  # noqa: S311 - repeatable chance
    flipped = []

    def flip(reply):
        bits = [bit for bit in range(8 * len(reply)) if chance.random() < error_rate]
        number = int.from_bytes(reply, "big") ^ sum(1 << bit for bit in bits)
        flipped.append(bool(bits))
        return number.to_bytes(len(reply), "big")

    questions = [a_question(n % 50, 4) for n in range(1000)]
    line = SlaveLine(damage=flip)
    outcomes, _ = read_through(line, questions)
    good = taken(questions, outcomes)
    assert any(flipped)
    assert good >= (0.95 if error_rate <= 1e-3 else 0.05) * len(questions)
    line.damage = None
    assert read_through(line, [a_question(7)])[0] == [b"\x00\x07"]


def test_a_damaged_reply_is_asked_for_again():
    spoilt = [True]

    def flip(reply):
        return reply[:4] + bytes([reply[4] ^ spoilt.pop()]) + reply[5:] if spoilt else reply

    outcomes, bus = read_through(SlaveLine(damage=flip), [a_question(5)])
    assert (outcomes, bus.garbled) == ([b"\x00\x05"], 1)


def test_an_exception_is_an_error_with_its_code():
    refusal = b"\x01\x83\x02"
    outcomes, _ = read_through(SlaveLine(damage=lambda _: refusal + _crc(refusal)), [a_question(0)])
    assert isinstance(outcomes[0], RefusedError)
    assert outcomes[0].reason == "exception_2"


def test_another_units_frame_is_counted_and_the_right_one_taken():
    stray = b"\x07\x03\x02\x00\x2a"
    line = SlaveLine(damage=lambda reply: stray + _crc(stray) + reply)
    outcomes, bus = read_through(line, [a_question(5)])
    assert (outcomes, bus.late_replies) == ([b"\x00\x05"], {7: 1})


def test_a_line_that_is_never_silent_is_not_asked():
    async def work():
        line = SlaveLine()
        bus = a_bus(line)

        async def chatter():
            while True:
                line.receive(b"\x55")
                await asyncio.sleep(0.002)

        noise = asyncio.ensure_future(chatter())
        with pytest.raises(NoisyBusError):
            await bus.read(a_question(1))
        noise.cancel()
        assert line.requests == []
        return await bus.read(a_question(1))

    assert virtual_time.run(work()) == b"\x00\x01"


class Scribe:
    def __init__(self, clock):
        self.clock = clock
        self.telegrams = defaultdict(list)  # when, by OBIS code
        self.events = []  # (kind, channel, when)

    def telegram(self, registers):
        for obis in registers:
            self.telegrams[obis].append(self.clock.monotonic_s())

    def event(self, kind, detail):
        self.events.append((kind, detail["channel"], self.clock.monotonic_s()))


def five_meters(**options):
    table = LineTable(
        port="line",
        timeout_ms=500,
        meters=[
            {"unit_id": n, "map": "eastron_sdm630", "registers": [f"1-{n}:1.8.0", f"1-{n}:1.7.0"]}
            for n in range(1, 6)
        ],
    )
    line = SlaveLine(units=range(1, 6), usual_s=0.05, **options)
    line.content = lambda unit, _address: unit.to_bytes(2, "big")  # a tiny float, and the same
    return line, [Meter(one) for one in meters_of(table, register_maps.read())]


def rounds_on(line, meters, clock, scribe, interval_s=10):
    async def tell(kind, detail):
        notice.body(kind, detail)  # as it would travel
        scribe.events.append((kind, detail["bus"], clock.monotonic_s()))

    bus = Bus(line, RtuFraming(), timeout_s=0.5, silence_s=0.005)
    return Rounds(bus, meters, interval_s=interval_s, clock=clock, scribe=scribe, tell=tell)


def test_an_unplugged_meter_delays_nobody_and_is_back_within_a_round():
    """AC-40: unit 2 of 5 is unplugged for ten minutes."""

    async def work():
        clock = LoopClock()
        scribe = Scribe(clock)
        line, meters = five_meters()
        running = asyncio.ensure_future(rounds_on(line, meters, clock, scribe).run())
        await clock.sleep(60)
        line.unplugged.add(2)
        await clock.sleep(600)
        line.unplugged.clear()
        plugged_in_s = clock.monotonic_s()
        await clock.sleep(60)
        running.cancel()
        return scribe, plugged_in_s

    scribe, plugged_in_s = virtual_time.run(work())
    for unit in (1, 3, 4, 5):
        moments = scribe.telegrams[f"1-{unit}:1.8.0"]
        assert len(moments) >= 71
        assert all(9 <= after - before <= 11 for before, after in pairwise(moments))
    back_s = next(at_s for at_s in scribe.telegrams["1-2:1.8.0"] if at_s > plugged_in_s)
    assert back_s - plugged_in_s <= 10
    assert [(kind, channel) for kind, channel, _ in scribe.events] == [
        (event.METER_UNREACHABLE, "1-2:1.8.0"),
        (event.METER_UNREACHABLE, "1-2:1.7.0"),
        (event.METER_BACK, "1-2:1.8.0"),
        (event.METER_BACK, "1-2:1.7.0"),
    ]


def test_late_replies_are_reported_with_their_count():
    async def work():
        clock = LoopClock()
        scribe = Scribe(clock)
        line, meters = five_meters(delays_s=[0.05, 0.05, 0.75])
        running = asyncio.ensure_future(rounds_on(line, meters, clock, scribe).run())
        await clock.sleep(30)
        running.cancel()
        return scribe

    scribe = virtual_time.run(work())
    assert [(kind, channel) for kind, channel, _ in scribe.events] == [
        (event.LATE_REPLY, "1-2:1.8.0")
    ]


def test_a_line_on_which_nobody_answers_is_opened_anew():
    """A half-open connection takes every request and brings nothing."""

    async def work():
        clock = LoopClock()
        scribe = Scribe(clock)
        line, meters = five_meters()
        opened = []
        line.open = lambda opening=line.open: opened.append(clock.monotonic_s()) or opening()
        line.unplugged = {1, 2, 3, 4, 5}
        running = asyncio.ensure_future(rounds_on(line, meters, clock, scribe).run())
        await clock.sleep(65)
        running.cancel()
        return opened

    assert len(virtual_time.run(work())) == 2


def test_a_line_that_comes_back_is_open_within_ten_seconds_and_both_are_told_once():
    """AC-44, also where nothing is to be read for a quarter of an hour."""

    async def work():
        clock = LoopClock()
        scribe = Scribe(clock)
        line, meters = five_meters()
        line.is_open, line.is_there = False, False

        async def open_line():
            if not line.is_there:
                raise LineLostError("No adapter is there.")
            line.is_open = True
            opened_s.append(clock.monotonic_s())

        opened_s = []
        line.open = open_line
        rounds = rounds_on(line, meters, clock, scribe, interval_s=900)
        running = asyncio.ensure_future(rounds.run())
        await clock.sleep(1000)
        line.is_there, back_s = True, clock.monotonic_s()
        await clock.sleep(100)
        running.cancel()
        return scribe, opened_s[0] - back_s

    scribe, after_s = virtual_time.run(work())
    assert after_s <= 10
    told = [kind for kind, channel, _ in scribe.events if channel == "line"]
    assert told == [notice.METER_BUS_LOST, notice.METER_BUS_BACK]
