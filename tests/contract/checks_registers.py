# SPDX-License-Identifier: EUPL-1.2
"""Checks of registers, pulses, boots and settings; run on both interpreters."""

from firmware import boots, durable, registers
from firmware import settings as node_settings
from firmware.clock import Clock
from firmware.journal import EVENT, TELEGRAM, Journal
from firmware.pulse_counter import CounterError, PulseCounter
from firmware.sampler import Sampler
from firmware.scribe import Scribe
from firmware.settings import ModbusChannel, PulseChannel, Settings, SettingsError
from tests.fakes.device import FakeCounter, MemoryFlash, PowerCutError, VirtualTime
from wire import event


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
        ("u32", b"\xff" * 4),
        ("u16", b"\xff" * 2),
        ("f32", b"\xff" * 4),
        ("u32", b"\x00\x01"),  # half of it
    ):
        try:
            registers.of_words(a_modbus_channel(type_name), words)
        except registers.RegisterError:
            continue
        raise AssertionError(f"{type_name} {words} was taken")


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
    assert pulses.read() == (100, True)
    pulses.mark()
    assert pulses.read() == (104, False)
    counter.total, counter.free_register = 2, 0
    again = PulseCounter(counter, flash, 0)
    assert again.read() == (104, True)
    again.mark()
    assert again.read() == (106, False)


def check_a_loss_is_reported_until_it_is_on_record_and_counts_nothing_twice():
    flash = MemoryFlash()
    counter, pulses = a_counter(flash, total=100)
    pulses.read()
    counter.total, counter.free_register = 4, 0
    for _ in range(3):  # crashes before the event is written
        assert PulseCounter(counter, flash, 0).read() == (100, True)
        counter.total += 1
    again = PulseCounter(counter, flash, 0)
    assert again.read() == (100, True)
    assert again.read() == (100, True)  # the marker did not arrive
    again.mark()
    assert again.read() == (107, False)


def check_a_disturbed_marker_is_no_loss_of_power():
    counter, pulses = a_counter(total=5000)
    pulses.read()
    marker = counter.marker
    disturbed = [0, 0x49534A]
    counter.marker = lambda: disturbed.pop() if disturbed else marker()
    assert pulses.read() == (5000, False)
    counter.marker = lambda: 0x49534A
    try:
        pulses.read()
    except CounterError:
        counter.marker = marker
        assert pulses.read() == (5000, False)
        return
    raise AssertionError("a marker that is neither ours nor 0 was believed")


class StillBoard:
    """A board of which the sampler sees nothing but the time."""

    def up_ms(self):
        return 7000


def check_a_loss_before_the_first_sample_has_an_unknown_risk():
    flash = MemoryFlash()
    counter, pulses = a_counter(flash, total=100)
    pulses.read()
    counter.total, counter.free_register = 4, 0
    settings = Settings(settings_of())
    journal = Journal(flash, 2)
    board = StillBoard()
    scribe = Scribe("n-1", Clock(board.up_ms), journal)
    sampler = Sampler(board, settings, None, scribe, {0: PulseCounter(counter, flash, 0)}, None)
    sampler.sample()
    counter.free_register = 0
    sampler.sample()
    found = [event.decode(e.payload) for e in journal.reader().take(9) if e.kind == EVENT]
    assert [said.kind for said in found] == [event.POWER_LOST] * 2
    assert [said.detail["pulses_at_risk"] for said in found] == ["unknown", 20]
    assert counter.free_register != 0


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
    Journal(flash, 6).append(TELEGRAM, b"{}")
    del flash.files["boot"]
    assert boots.next_boot(flash, 1) == 7


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
    message = {"id": "c-1", "expires_s": 1763740900, "settings": {"sample_interval_s": 5}}

    def refused():
        try:
            node_settings.change(settings, flash, message, clock)
        except SettingsError as error:
            return str(error)
        return None

    assert refused() == "The clock is not set, so it may have expired."
    clock.confirm(clock.ask(), 1763740800000)
    assert node_settings.change(settings, flash, message, clock) == {"sample_interval_s": 5}
    assert node_settings.change(settings, flash, message, clock) is None
    assert settings.sample_interval_s == 5
    message = {"id": "c-2", "expires_s": 1763740700, "settings": {"sample_interval_s": 7}}
    assert refused() == "It expired 100 s ago."
