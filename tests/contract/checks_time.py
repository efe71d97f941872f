# SPDX-License-Identifier: EUPL-1.2
"""Checks of the clock, and of the RTC that TLS judges certificates by; run on both interpreters."""

from firmware.clock import Clock
from firmware.tls import set_rtc_for_tls, validity_s
from tests.fakes.device import MemoryFlash, VirtualTime
from wire import fields, telegram


def check_time_is_since_boot_until_told_and_held_after_a_day():
    world = VirtualTime()
    clock = Clock(world.up_ms)
    world.now_ms = 89900
    clock.ask()
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
    world.now_ms = 2999
    clock.ask()
    world.now_ms = 5000
    assert clock.confirm(2999, 1763740800000) is None
    assert not clock.is_set


def check_only_the_first_answer_to_the_last_question_tells_the_time():
    world = VirtualTime()
    clock = Clock(world.up_ms)
    assert clock.confirm(0, 1763740800000) is None  # to a question of an earlier boot
    world.now_ms = 5000
    clock.ask()
    world.now_ms = 5300
    clock.ask()
    assert clock.confirm(5000, 1763740800000) is None
    assert clock.confirm(5301, 1763740800000) is None
    assert clock.confirm(5300, 1763740800000) == (5, 1763740800)
    world.now_ms = 7000
    assert clock.confirm(5300, 1763740800000) is None  # the same once more
    assert clock.now_ms() == 1763740801700


def check_a_step_is_on_record_and_a_correction_is_not():
    world = VirtualTime()
    clock = Clock(world.up_ms)
    clock.confirm(clock.ask(), 1763740800000)
    assert clock.confirm(clock.ask(), 1763740801500) is None
    assert clock.confirm(clock.ask(), 1763740801500 - 3600000) == (1763740801, 1763737201)


def check_a_certificate_tells_when_it_is_valid():
    life = b"\x17\x0d?\x30\x1e\x17\x0d251121160000Z\x17\x0d491231235959Z"
    assert validity_s(life) == (1763740800, 2524607999)
    assert validity_s(b"\x17\x0d240229235959Z\x18\x0f20500101000000Z")[0] == 1709251199
    assert validity_s(b"\x17\x0d700101000000Z\x17\x0d000301000000Z") == (0, 951868800)
    assert validity_s(b"\x17\x0d??????") == (0, fields.MAX_UNIX_S)


class BoardWithRtc:
    """A board of which TLS sees the RTC, and a certificate for 1970 to 2041 or 2026 to 2041."""

    def __init__(self, rtc_s, first=b"700101000000Z"):
        self._rtc_s = rtc_s
        life = b"\x17\x0d" + first + b"\x17\x0d411120000000Z"
        self.flash = MemoryFlash({"pki/node.crt.der": life})

    def rtc_s(self):
        return self._rtc_s

    def set_rtc(self, unix_s):
        self._rtc_s = unix_s


def check_no_rtc_keeps_a_node_out_of_tls():
    for rtc_s, first, expected in (
        (0, b"700101000000Z", 0),  # never set: it stands in 2000, within the certificate's life
        (1763740800, b"700101000000Z", 1763740800),
        (3155760000, b"700101000000Z", 946684800),  # 2070: no certificate would be valid any more
        (0, b"261121000000Z", 1795219200),
    ):
        board = BoardWithRtc(rtc_s, first)
        set_rtc_for_tls(board)
        assert board.rtc_s() == expected, (rtc_s, first, board.rtc_s())
