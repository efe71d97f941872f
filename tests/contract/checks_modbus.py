# SPDX-License-Identifier: EUPL-1.2
"""Checks of the Modbus master on late, lost and damaged replies; run on both interpreters."""

import asyncio
import random

from firmware.modbus import Bus, DoubtfulError, GarbledError, ModbusError, NoReplyError, crc16
from tests.fakes.device import SlaveUart, VirtualTime


def read_through(world, reads, timeout_ms=100):
    """Return what a bus makes of ``reads`` (address, count): bytes, or the error's class."""
    bus = Bus(world, 9600, timeout_ms)

    async def run():
        outcomes = []
        for address, count in reads:
            try:
                outcomes.append(await bus.read(1, 3, address, count))
            except ModbusError as error:
                outcomes.append(type(error))
        return outcomes

    return asyncio.run(run()), bus


def a_line(**options):
    world = VirtualTime()
    world.uart = SlaveUart(world, **options)
    return world


def check_the_crc_is_that_of_the_standard():
    # MODBUS over Serial Line 1.02, 6.2.2: the frame 02 07 has the CRC 41 12, low byte first
    assert crc16(b"\x02\x07") == b"\x41\x12"


def check_a_reply_is_taken():
    world = a_line()
    outcomes, _ = read_through(world, [(5, 2), (9, 1)])
    assert outcomes == [b"\x00\x05\x00\x06", b"\x00\x09"]


def check_replies_of_one_and_a_half_timeouts_are_never_taken_for_another_register():
    world = a_line(delays_ms=[150] * 40)
    outcomes, bus = read_through(world, [(n, 1) for n in range(20)])
    assert set(outcomes) == {NoReplyError}
    assert bus.late_replies[1] >= 15


def check_replies_of_any_lateness_are_never_taken_for_another_register():
    chance = random.Random(1) if hasattr(random, "Random") else random
    taken = 0
    for _ in range(60):
        delays_ms = [chance.choice((5, 20, 90, 110, 150, 190, 310, 390)) for _ in range(400)]
        world = a_line(delays_ms=delays_ms)
        reads = [(n % 7, 1) for n in range(60)]
        outcomes, _ = read_through(world, reads)
        for (address, _), outcome in zip(reads, outcomes):
            if isinstance(outcome, bytes):
                assert outcome == bytes([0, address]), (address, outcome)
                taken += 1
    assert taken > 500


def check_a_unit_is_trusted_again_once_it_answers_in_time():
    world = a_line(delays_ms=[150])
    outcomes, bus = read_through(world, [(1, 1), (2, 1), (3, 1)])
    assert outcomes == [NoReplyError, b"\x00\x02", b"\x00\x03"]
    assert bus.late_replies == {1: 1}


def check_noise_before_a_reply_and_the_echo_of_the_request_do_no_harm():
    world = a_line(echo=True, damage=lambda reply: b"\x00\xff\x01\x03\x55" + reply)
    outcomes, bus = read_through(world, [(5, 2)])
    assert outcomes == [b"\x00\x05\x00\x06"]
    assert bus.garbled == 0


def check_a_damaged_reply_is_asked_for_again():
    damaged = [True]

    def flip(reply):
        if damaged.pop() if damaged else False:
            return reply[:4] + bytes([reply[4] ^ 1]) + reply[5:]
        return reply

    world = a_line(damage=flip)
    outcomes, bus = read_through(world, [(5, 1)])
    assert outcomes == [b"\x00\x05"]
    assert bus.garbled == 1


def check_bit_errors_never_make_a_value():
    chance = random.Random(2) if hasattr(random, "Random") else random

    def flip(reply):
        return bytes(
            [byte ^ (1 << chance.randint(0, 7) if chance.random() < 0.02 else 0) for byte in reply]
        )

    world = a_line(damage=flip)
    reads = [(n % 50, 4) for n in range(150)]
    outcomes, _ = read_through(world, reads)
    good = 0
    for (address, _), outcome in zip(reads, outcomes):
        if isinstance(outcome, bytes):
            assert outcome == bytes([0, address, 0, address + 1, 0, address + 2, 0, address + 3])
            good += 1
    assert good > 75
    assert GarbledError in outcomes or DoubtfulError in outcomes or good == len(reads)


def check_an_exception_reply_is_an_error_with_its_code():
    world = a_line(damage=lambda _: b"\x01\x83\x02" + crc16(b"\x01\x83\x02"))
    bus = Bus(world, 9600, 100)
    try:
        asyncio.run(bus.read(1, 3, 0, 1))
    except ModbusError as error:
        assert error.reason == "exception_2"
        return
    raise AssertionError("an exception reply was taken")


def check_another_units_frame_is_counted_and_the_right_one_taken():
    stray = b"\x07\x03\x02\x00\x2a"
    world = a_line(damage=lambda reply: stray + crc16(stray) + reply)
    outcomes, bus = read_through(world, [(5, 1)])
    assert outcomes == [b"\x00\x05"]
    assert bus.late_replies == {7: 1}
