# SPDX-License-Identifier: EUPL-1.2
"""Checks of the firmware's own logic, run on CPython and on MicroPython; each name is a sentence.

``firmware_checks.py`` prints a line per check. Plain asserts: MicroPython has no pytest.
"""

import asyncio
import random
import sys

from firmware import boots, durable, registers
from firmware import journal as journals
from firmware import settings as node_settings
from firmware.clock import Clock
from firmware.journal import Journal
from firmware.modbus import Bus, DoubtfulError, GarbledError, ModbusError, NoReplyError, crc16
from firmware.pulse_counter import CounterError, PulseCounter
from firmware.scribe import Scribe
from firmware.settings import ModbusChannel, PulseChannel, Settings, SettingsError
from firmware.tls import issued_at_s
from tests.fakes.device import FakeCounter, MemoryFlash, PowerCutError, SlaveUart, VirtualTime
from wire import event, telegram


def a_modbus_channel(type_name, word_order="big", scale=(1, 1), obis="1-0:1.8.0"):
    return ModbusChannel(obis, 1, 3, 0, type_name, word_order, scale)


def settings_of(**changes):
    content = {
        "ver": 1,
        "node_id": "n-1",
        "site": "sofia",
        "gateway_id": "gw-1",
        "first_boot": 1,
        "sample_interval_s": 30,
        "wifi": {"ssid": "s", "password": "p"},
        "broker": {"host": "h", "port": 8883, "tls": True, "server_name": "gw-1"},
        "modbus": {"baud": 9600, "parity": "N", "timeout_ms": 500},
        "channels": [
            {"obis": "8-0:1.0.0", "kind": "pulse", "input": 0, "per_pulse": [1000, 1], "start": 0}
        ],
    }
    content.update(changes)
    return content


def refusal_of(**changes):
    try:
        Settings(settings_of(**changes))
    except SettingsError as error:
        return str(error)
    return "accepted"


def entries_of(journal):
    reader = journal.reader()
    found = []
    while True:
        entries = reader.take(3)
        if not entries:
            return found, reader
        found.extend(entries)


def fill(journal, count, size=40):
    for number in range(count):
        journal.append(journals.TELEGRAM, b"%06d" % number + b"." * (size - 6))


def keys_of(journal):
    return [(entry.boot, entry.sequence) for entry in entries_of(journal)[0]]


# ---- registers


def check_a_pulse_is_an_exact_rational_of_the_unit():
    channel = PulseChannel("1-0:1.8.0", 0, (1000, 3), 7)
    assert registers.of_pulses(channel, 0) == 7
    assert registers.of_pulses(channel, 1) == 340  # 333 and a third, rounded down
    assert registers.of_pulses(channel, 3) == 1007
    assert registers.of_pulses(channel, 3000001) == 1000000340


def check_a_register_passes_two_to_the_24th_pulse_by_pulse():
    channel = PulseChannel("8-0:1.0.0", 0, (1, 1), 0)
    for pulses in (2**24 - 1, 2**24, 2**24 + 1, 2**53 - 1):
        assert registers.of_pulses(channel, pulses) == pulses


def check_integers_of_every_width_and_sign_are_decoded():
    for type_name, words, expected in (
        ("u16", b"\xff\xfe", 65534),
        ("u32", b"\x00\x01\x00\x02", 65538),
        ("u64", b"\x00\x00\x00\x00\x01\x00\x00\x01", 2**24 + 1),
    ):
        assert registers.of_words(a_modbus_channel(type_name), words) == expected
    for type_name, words in (("i16", b"\xff\xfe"), ("i32", b"\xff" * 3 + b"\xfe")):
        power = a_modbus_channel(type_name, obis="1-0:1.7.0")
        assert registers.of_words(power, words) == -2
    power = a_modbus_channel("i64", obis="1-0:1.7.0")
    assert registers.of_words(power, b"\xff" * 7 + b"\xfe") == -2


def check_little_word_order_swaps_words_not_bytes():
    words = b"\x00\x02\x00\x01"
    assert registers.of_words(a_modbus_channel("u32", "little"), words) == 65538
    assert registers.of_words(a_modbus_channel("u32", "big"), words) == 131073


def check_a_scale_is_exact_and_rounds_down():
    assert registers.of_words(a_modbus_channel("u16", scale=(10, 1)), b"\x00\x07") == 70
    assert registers.of_words(a_modbus_channel("u16", scale=(1, 10)), b"\x00\x2b") == 4
    power = a_modbus_channel("i16", scale=(1, 10), obis="1-0:1.7.0")
    assert registers.of_words(power, b"\xff\xff") == -1  # -0.1 W


def check_a_float_is_read_bit_by_bit():
    kwh = a_modbus_channel("f32", scale=(1000, 1))
    for words, expected in (
        (b"\x00\x00\x00\x00", 0),
        (b"\x3f\x80\x00\x00", 1000),
        (b"\x3d\xcc\xcc\xcd", 100),  # 0.1 is a little more than a tenth in binary32
        (b"\x4b\x80\x00\x00", 2**24 * 1000),
        (b"\x4b\x7f\xff\xff", (2**24 - 1) * 1000),
        (b"\x00\x00\x00\x01", 0),  # the smallest subnormal
    ):
        assert registers.of_words(kwh, words) == expected, expected


def check_what_is_no_number_is_refused():
    for type_name, words in (
        ("f32", b"\x7f\xc0\x00\x00"),  # NaN
        ("f32", b"\x7f\x80\x00\x00"),  # infinity
        ("f32", b"\xbf\x80\x00\x00"),  # -1 in a register that only grows
        ("u64", b"\xff" * 8),  # "not available" of many meters
        ("u32", b"\x00\x01"),  # half of it
    ):
        try:
            registers.of_words(a_modbus_channel(type_name), words)
        except registers.RegisterError:
            continue
        raise AssertionError(f"{type_name} {words} was taken")


# ---- pulse counter


def a_counter(flash=None, total=0):
    counter = FakeCounter()
    counter.total = total
    return counter, PulseCounter(counter, flash or MemoryFlash(), 0)


def check_pulses_pass_the_loop_of_the_24_bit_counter():
    counter, pulses = a_counter(total=2**24 - 2)
    assert pulses.read() == (2**24 - 2, False)
    counter.total += 5
    assert pulses.read() == (2**24 + 3, False)


def check_pulses_go_on_over_a_reboot_with_those_that_came_meanwhile():
    flash = MemoryFlash()
    counter, pulses = a_counter(flash, total=3)
    pulses.read()
    counter.total = 10
    assert PulseCounter(counter, flash, 0).read() == (10, False)


def check_a_counter_that_lost_power_is_reported_once_and_counting_goes_on():
    flash = MemoryFlash()
    counter, pulses = a_counter(flash, total=100)
    pulses.read()
    counter.total, counter.free_register = 4, 0
    assert pulses.read() == (104, True)
    assert pulses.read() == (104, False)
    counter.total, counter.free_register = 2, 0
    again = PulseCounter(counter, flash, 0)
    assert again.read() == (106, True)
    assert again.read() == (106, False)


def check_a_disturbed_transfer_is_read_again():
    counter, pulses = a_counter(total=7)
    counter.glitches = [0xFF0007]
    assert pulses.read() == (7, False)
    counter.glitches = [0, 100, 200, 300, 400, 500]
    try:
        pulses.read()
    except CounterError:
        return
    raise AssertionError("a count that is never the same was taken")


# ---- states on flash, boots


def check_a_state_is_the_old_or_the_new_one_wherever_the_power_fails():
    for budget in range(60):
        flash = MemoryFlash()
        durable.save(flash, "boot", 7)
        flash.bytes_left = budget
        try:
            durable.save(flash, "boot", 8)
        except PowerCutError:
            assert durable.load(flash, "boot") == 7
        else:
            assert durable.load(flash, "boot") == 8


def check_a_state_with_a_rotten_bit_is_no_state():
    flash = MemoryFlash()
    durable.save(flash, "boot", 7)
    flash.files["boot"] = flash.files["boot"][:-1] + b"9"
    assert durable.load(flash, "boot") is None


def check_a_boot_is_never_had_twice_even_without_its_counter():
    flash = MemoryFlash()
    assert boots.next_boot(flash, 5) == 5
    assert boots.next_boot(flash, 5) == 6
    fill(Journal(flash, 6), 1)
    del flash.files["boot"]
    assert boots.next_boot(flash, 1) == 7


# ---- journal


def check_the_journal_gives_back_what_was_put_in_across_segments_and_boots():
    flash = MemoryFlash()
    fill(Journal(flash, 1, segment_bytes=200), 11)
    second = Journal(flash, 2, segment_bytes=200)
    fill(second, 5)
    assert keys_of(second) == [(1, n) for n in range(1, 12)] + [(2, n) for n in range(1, 6)]
    assert second.held == (1, 1)


def check_a_torn_tail_is_tolerated_at_every_byte():
    whole = MemoryFlash()
    fill(Journal(whole, 1), 3)
    name = "journal/00000001-00000001.seg"
    record = len(whole.files[name]) // 3
    for length in range(len(whole.files[name]) + 1):
        flash = MemoryFlash({name: whole.files[name][:length]})
        journal = Journal(flash, 2)
        fill(journal, 1)
        expected = [(1, n) for n in range(1, length // record + 1)] + [(2, 1)]
        assert keys_of(journal) == expected, length
        journal.forget(1, 3)
        assert journal.held == (2, 1)
        assert name not in flash.files


def check_only_what_is_acknowledged_in_its_boot_is_forgotten():
    flash = MemoryFlash()
    fill(Journal(flash, 1, segment_bytes=200), 11)
    journal = Journal(flash, 2, segment_bytes=200)
    fill(journal, 3)
    journal.forget(2, 2)  # overtakes: boot 1 is not acknowledged yet
    assert journal.held == (1, 1)
    journal.forget(1, 5)
    assert journal.held == (1, 6)
    assert keys_of(journal)[0] == (1, 6)
    journal.forget(1, 11)
    assert journal.held == (2, 3)
    journal.forget(2, 999)
    assert journal.held == (2, 4)  # the next to be written
    assert keys_of(journal) == []


def check_the_cursor_survives_a_reboot():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    fill(journal, 20)
    journal.forget(1, 12)
    first = keys_of(Journal(flash, 2))[0]
    assert (1, 9) <= first <= (1, 13), first


def check_an_overflow_declares_what_it_deletes():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200, max_segments=3)
    scribe = Scribe("n-1", Clock(lambda: 5000), journal)
    for register in range(40):
        scribe.telegram({"8-0:1.0.0": register})
    assert len(journal.segments) <= 3
    found, _ = entries_of(journal)
    assert journal.held == (1, found[0].sequence)
    declared = [
        event.decode(entry.payload).detail for entry in found if entry.kind == journals.EVENT
    ]
    newest = declared[-1]
    assert newest == {"boot": 1, "first": 1, "last": found[0].sequence - 1}
    assert [entry.sequence for entry in found] == list(
        range(found[0].sequence, journal.sequence + 1)
    )


def check_a_full_flash_gives_up_the_oldest_and_goes_on():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    scribe = Scribe("n-1", Clock(lambda: 5000), journal)
    for register in range(10):
        scribe.telegram({"8-0:1.0.0": register})
    remove = flash.remove

    def remove_and_have_room(name):
        flash.is_full = False
        remove(name)

    flash.remove = remove_and_have_room
    flash.is_full = True
    scribe.telegram({"8-0:1.0.0": 99})
    found, _ = entries_of(journal)
    assert telegram.decode(found[-1].payload).registers == {"8-0:1.0.0": 99}
    assert [entry.kind for entry in found].count(journals.EVENT) == 1


def check_what_the_flash_no_longer_gives_back_is_named_as_a_hole():
    flash = MemoryFlash()
    journal = Journal(flash, 1, segment_bytes=200)
    fill(journal, 11)
    name = "journal/00000001-00000001.seg"
    content = flash.files[name]
    flash.files[name] = content[:80] + b"\x00" + content[81:]  # in the second record
    found, reader = entries_of(journal)
    assert [entry.sequence for entry in found] == [1] + list(range(5, 12))
    assert reader.holes == [(1, 2, 4)]


def check_a_reader_follows_what_is_appended():
    journal = Journal(MemoryFlash(), 1, segment_bytes=200)
    reader = journal.reader()
    seen = []
    chance = random.Random(3) if hasattr(random, "Random") else random
    for _ in range(40):
        fill(journal, chance.randint(0, 3))
        for entry in reader.take(chance.randint(0, 5)):
            seen.append(entry.sequence)
        if chance.randint(0, 3) == 0 and seen:
            journal.forget(1, seen[-1])
    seen.extend([entry.sequence for entry in reader.take(999)])
    assert seen == list(range(1, journal.sequence + 1))


def check_nothing_goes_back_and_nothing_synced_is_lost_in_50_reboots_mid_write():
    files, counter = {}, FakeCounter()
    durable_keys, last_boot, last_register = [], 0, 0
    channel = PulseChannel("8-0:1.0.0", 0, (1000, 1), 5000)
    for reboot in range(50):
        flash = MemoryFlash(files)
        flash.bytes_left = 40 + reboot * 17
        try:
            boot = boots.next_boot(flash, 1)
            assert boot > last_boot
            last_boot = boot
            journal = Journal(flash, boot, segment_bytes=300)
            pulses = PulseCounter(counter, flash, 0)
            scribe = Scribe("n-1", Clock(lambda: 1000), journal)
            while True:
                counter.total += 3
                register = registers.of_pulses(channel, pulses.read()[0])
                assert register >= last_register
                scribe.telegram({channel.obis: register})
                last_register = register
                durable_keys.append((boot, journal.sequence))
        except PowerCutError:
            pass
    journal = Journal(MemoryFlash(files), last_boot + 1)
    assert set(durable_keys) <= set(keys_of(journal))
    assert len(durable_keys) > 50
    final = PulseCounter(counter, MemoryFlash(files), 0).read()
    assert final == (counter.total, False)


# ---- clock


def check_time_is_since_boot_until_told_and_held_after_a_day():
    world = VirtualTime()
    clock = Clock(world.up_ms)
    world.now_ms = 90000
    assert clock.now() == (90, telegram.TIME_SINCE_BOOT)
    assert clock.confirm(89900, 1763740800000) == (90, 1763740800)
    assert clock.now() == (1763740800, telegram.TIME_KNOWN)
    assert clock.now_ms() == 1763740800050  # half of the round trip
    world.now_ms += 24 * 3600 * 1000 + 1
    assert clock.now() == (1763740800 + 86400, telegram.TIME_HELD)


def check_an_answer_that_was_long_under_way_is_not_believed():
    world = VirtualTime()
    clock = Clock(world.up_ms)
    world.now_ms = 5000
    assert clock.confirm(2999, 1763740800000) is None
    assert clock.confirm(5001, 1763740800000) is None  # an answer to a question never asked
    assert not clock.is_set


def check_a_step_is_on_record_and_a_correction_is_not():
    world = VirtualTime()
    clock = Clock(world.up_ms)
    clock.confirm(0, 1763740800000)
    assert clock.confirm(0, 1763740801500) is None
    assert clock.confirm(0, 1763740801500 - 3600000) == (1763740801, 1763737201)


# ---- settings


def check_settings_are_refused_with_the_name_and_the_reason():
    pulse = settings_of()["channels"][0]

    def channels(**changes):
        changed = dict(pulse)
        changed.update(changes)
        return refusal_of(channels=[changed])

    assert refusal_of() == "accepted"
    assert refusal_of(ver=2) == "Field ver is 2, outside 1 to 1."
    assert refusal_of(node_id="N 1").startswith("Field node_id is 'N 1'")
    assert refusal_of(wifi=None) == "wifi is missing or not an object."
    assert refusal_of(channels=[]) == "channels is not a list of 1 to 16."
    assert refusal_of(channels=[pulse, pulse]) == "channels[1] repeats 8-0:1.0.0."
    assert channels(kind="magic") == "channels[0].kind is 'magic', none of pulse, modbus."
    assert channels(obis="8-0:2.0.0") == "channels[0]: pulses make no cold_water_flow."
    assert channels(per_pulse=[1, 0]).endswith("per_pulse[1] is 0, outside 1 to 9007199254740991.")
    assert channels(per_pulse=1000).endswith("is 1000, not [numerator, denominator].")
    assert channels(input=2).endswith("Field input is 2, outside 0 to 1.")
    modbus = {
        "obis": "1-0:1.8.0",
        "kind": "modbus",
        "unit_id": 1,
        "function": 3,
        "address": 20480,
        "type": "u64",
        "word_order": "big",
        "scale": [10, 1],
    }
    assert refusal_of(channels=[modbus]) == "accepted"
    modbus["type"] = "u128"
    assert refusal_of(channels=[modbus]).startswith("channels[0].type is 'u128', none of u16, i16")
    modbus["type"], modbus["function"] = "u16", True
    assert refusal_of(channels=[modbus]) == "channels[0].function is True, none of 3, 4."


def check_a_node_without_settings_says_what_to_do():
    for content, expected in (
        (None, "settings.json is missing; provision this node first."),
        (b"{", "settings.json is not JSON"),
    ):
        flash = MemoryFlash({} if content is None else {"settings.json": content})
        try:
            node_settings.load(flash)
        except SettingsError as error:
            assert str(error).startswith(expected), error


def check_settings_from_afar_are_applied_once_kept_and_expire():
    flash = MemoryFlash()
    world = VirtualTime()
    clock = Clock(world.up_ms)
    settings = Settings(settings_of())
    settings.change_id = None
    message = {"id": "c-1", "expires_s": 1763740900, "settings": {"sample_interval_s": 5}}

    def refused():
        try:
            node_settings.change(settings, flash, message, clock)
        except SettingsError as error:
            return str(error)
        return None

    assert refused() == "The clock is not set, so it may have expired."
    clock.confirm(0, 1763740800000)
    assert node_settings.change(settings, flash, message, clock) == {"sample_interval_s": 5}
    assert node_settings.change(settings, flash, message, clock) is None
    assert settings.sample_interval_s == 5
    message = {"id": "c-2", "expires_s": 1763740700, "settings": {"sample_interval_s": 7}}
    assert refused() == "It expired 100 s ago."


def check_a_certificate_tells_when_it_was_issued():
    assert issued_at_s(b"\x30\x1e\x17\x0d251121160000Z\x17\x0d") == 1763740800
    assert issued_at_s(b"\x17\x0d240229235959Z") == 1709251199
    assert issued_at_s(b"\x17\x0d??????") == 0


# ---- modbus


def read_through(uart, world, reads, timeout_ms=100):
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
    return world.uart, world


def check_the_crc_is_that_of_the_standard():
    # MODBUS over Serial Line 1.02, 6.2.2: the frame 02 07 has the CRC 41 12, low byte first
    assert crc16(b"\x02\x07") == b"\x41\x12"


def check_a_reply_is_taken():
    uart, world = a_line()
    outcomes, _ = read_through(uart, world, [(5, 2), (9, 1)])
    assert outcomes == [b"\x00\x05\x00\x06", b"\x00\x09"]


def check_replies_of_one_and_a_half_timeouts_are_never_taken_for_another_register():
    uart, world = a_line(delays_ms=[150] * 40)
    outcomes, bus = read_through(uart, world, [(n, 1) for n in range(20)])
    assert set(outcomes) == {NoReplyError}
    assert bus.late_replies[1] >= 15


def check_replies_of_any_lateness_are_never_taken_for_another_register():
    chance = random.Random(1) if hasattr(random, "Random") else random
    taken = 0
    for _ in range(60):
        delays_ms = [chance.choice((5, 20, 90, 110, 150, 190, 310, 390)) for _ in range(400)]
        uart, world = a_line(delays_ms=delays_ms)
        reads = [(n % 7, 1) for n in range(60)]
        outcomes, _ = read_through(uart, world, reads)
        for (address, _), outcome in zip(reads, outcomes):
            if isinstance(outcome, bytes):
                assert outcome == bytes([0, address]), (address, outcome)
                taken += 1
    assert taken > 500


def check_a_unit_is_trusted_again_once_it_answers_in_time():
    uart, world = a_line(delays_ms=[150])
    outcomes, bus = read_through(uart, world, [(1, 1), (2, 1), (3, 1)])
    assert outcomes == [NoReplyError, b"\x00\x02", b"\x00\x03"]
    assert bus.late_replies == {1: 1}


def check_noise_before_a_reply_and_the_echo_of_the_request_do_no_harm():
    uart, world = a_line(echo=True, damage=lambda reply: b"\x00\xff\x01\x03\x55" + reply)
    outcomes, bus = read_through(uart, world, [(5, 2)])
    assert outcomes == [b"\x00\x05\x00\x06"]
    assert bus.garbled == 0


def check_a_damaged_reply_is_asked_for_again():
    damaged = [True]

    def flip(reply):
        if damaged.pop() if damaged else False:
            return reply[:4] + bytes([reply[4] ^ 1]) + reply[5:]
        return reply

    uart, world = a_line(damage=flip)
    outcomes, bus = read_through(uart, world, [(5, 1)])
    assert outcomes == [b"\x00\x05"]
    assert bus.garbled == 1


def check_bit_errors_never_make_a_value():
    chance = random.Random(2) if hasattr(random, "Random") else random

    def flip(reply):
        return bytes(
            [byte ^ (1 << chance.randint(0, 7) if chance.random() < 0.02 else 0) for byte in reply]
        )

    uart, world = a_line(damage=flip)
    reads = [(n % 50, 4) for n in range(150)]
    outcomes, _ = read_through(uart, world, reads)
    good = 0
    for (address, _), outcome in zip(reads, outcomes):
        if isinstance(outcome, bytes):
            assert outcome == bytes([0, address, 0, address + 1, 0, address + 2, 0, address + 3])
            good += 1
    assert good > 75
    assert GarbledError in outcomes or DoubtfulError in outcomes or good == len(reads)


def check_an_exception_reply_is_an_error_with_its_code():
    uart, world = a_line(damage=lambda _: b"\x01\x83\x02" + crc16(b"\x01\x83\x02"))
    bus = Bus(world, 9600, 100)
    try:
        asyncio.run(bus.read(1, 3, 0, 1))
    except ModbusError as error:
        assert error.reason == "exception_2"
        return
    raise AssertionError("an exception reply was taken")


def check_another_units_frame_is_counted_and_the_right_one_taken():
    stray = b"\x07\x03\x02\x00\x2a"
    uart, world = a_line(damage=lambda reply: stray + crc16(stray) + reply)
    outcomes, bus = read_through(uart, world, [(5, 1)])
    assert outcomes == [b"\x00\x05"]
    assert bus.late_replies == {7: 1}


CHECKS = sorted([name for name in globals() if name.startswith("check_")])


def main():
    """Run every check and print how it went."""
    for name in CHECKS:
        try:
            globals()[name]()
        except Exception as error:  # noqa: BLE001 - a line per check, whatever it was
            print(f"FAIL {name}: {type(error).__name__} {error}")
            if hasattr(sys, "print_exception"):
                sys.print_exception(error)
        else:
            print(f"ok {name}")


if __name__ == "__main__":
    main()
