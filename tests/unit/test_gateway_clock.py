# SPDX-License-Identifier: EUPL-1.2
"""The gateway's clock: whom it believes, and what it does when nobody can be believed."""

import time
from pathlib import Path

import pytest

from edge_gateway.clock import SystemClock
from edge_gateway.machine import Machine
from tests.fakes.gateway_clock import NOVEMBER_2026_MS, FakeMachine

HOUR_MS = 3_600_000
STALE_MS = NOVEMBER_2026_MS - 90 * 24 * HOUR_MS


def test_a_machine_that_nobody_has_told_the_time_is_not_believed_however_right_it_looks():
    assert not SystemClock(machine=FakeMachine()).is_trusted()


def test_the_kernel_s_word_is_enough():
    machine = FakeMachine()
    machine.synchronised = True
    clock = SystemClock(machine=machine)
    assert clock.is_trusted()
    assert clock.now_ms() == NOVEMBER_2026_MS


def test_the_cloud_s_word_sets_a_stale_clock_right_to_half_the_round_trip():
    machine = FakeMachine(STALE_MS)
    clock = SystemClock(machine=machine)
    sent_at_s = clock.monotonic_s()
    machine.advance(0.4)
    clock.learn(NOVEMBER_2026_MS, sent_at_s)
    assert clock.is_trusted()
    assert clock.now_ms() == NOVEMBER_2026_MS + 200
    machine.advance(3600)
    assert clock.now_ms() == NOVEMBER_2026_MS + 200 + HOUR_MS


@pytest.mark.parametrize("round_trip_s", [2.0, 30.0, -1.0])
def test_an_answer_that_took_too_long_tells_no_time(round_trip_s):
    machine = FakeMachine(STALE_MS)
    clock = SystemClock(machine=machine)
    clock.learn(NOVEMBER_2026_MS, clock.monotonic_s() - round_trip_s)
    assert not clock.is_trusted()


def test_on_a_line_that_is_never_quick_a_slow_answer_counts_after_a_while():
    machine = FakeMachine(STALE_MS)
    clock = SystemClock(machine=machine)
    clock.learn(NOVEMBER_2026_MS, clock.monotonic_s() - 3)
    machine.advance(29)
    clock.learn(NOVEMBER_2026_MS + 29_000, clock.monotonic_s() - 3)
    assert not clock.is_trusted()
    machine.advance(1)
    clock.learn(NOVEMBER_2026_MS + 30_000, clock.monotonic_s() - 12)
    assert not clock.is_trusted()
    clock.learn(NOVEMBER_2026_MS + 30_000, clock.monotonic_s() - 3)
    assert clock.now_ms() == NOVEMBER_2026_MS + 31_500
    clock.learn(NOVEMBER_2026_MS + 31_000, clock.monotonic_s() - 0.2)
    assert clock.now_ms() == NOVEMBER_2026_MS + 31_100


@pytest.mark.parametrize("told_ms", [0, 946_684_800_000, 4_102_444_800_001])
def test_a_cloud_that_is_itself_lost_in_time_is_not_believed(told_ms):
    clock = SystemClock(machine=FakeMachine(STALE_MS))
    clock.learn(told_ms, clock.monotonic_s())
    assert not clock.is_trusted()


def test_a_quicker_answer_refines_a_slow_one_and_not_the_other_way_round():
    machine = FakeMachine(STALE_MS)
    clock = SystemClock(machine=machine)
    clock.learn(NOVEMBER_2026_MS, clock.monotonic_s() - 1.8)  # really 1.8 s old: wrong by 900 ms
    assert clock.now_ms() == NOVEMBER_2026_MS + 900
    clock.learn(NOVEMBER_2026_MS + 1800, clock.monotonic_s() - 0.02)
    assert clock.now_ms() == NOVEMBER_2026_MS + 1810
    clock.learn(NOVEMBER_2026_MS + 1500, clock.monotonic_s() - 1.0)
    assert clock.now_ms() == NOVEMBER_2026_MS + 1810


def test_what_was_learnt_long_ago_has_drifted_and_gives_way():
    machine = FakeMachine(STALE_MS)
    clock = SystemClock(machine=machine)
    clock.learn(NOVEMBER_2026_MS, clock.monotonic_s() - 0.02)
    machine.advance(86_400)  # the crystal ran 4 s fast
    clock.learn(NOVEMBER_2026_MS + 86_396_000, clock.monotonic_s() - 0.5)
    assert clock.now_ms() == NOVEMBER_2026_MS + 86_396_250


def test_a_cloud_that_contradicts_what_is_held_is_believed():
    clock = SystemClock(machine=FakeMachine(STALE_MS))
    clock.learn(NOVEMBER_2026_MS + HOUR_MS, clock.monotonic_s())
    clock.learn(NOVEMBER_2026_MS, clock.monotonic_s() - 1)
    assert clock.now_ms() == NOVEMBER_2026_MS + 500


def test_a_machine_set_back_an_hour_by_hand_goes_on_by_what_it_knew():
    machine = FakeMachine()
    machine.synchronised = True
    clock = SystemClock(machine=machine)
    assert clock.is_trusted()
    machine.synchronised = False  # as the kernel does when somebody sets its clock
    machine.shows_ms -= HOUR_MS
    machine.advance(60)
    assert clock.is_trusted()
    assert clock.now_ms() == NOVEMBER_2026_MS + 60_000


def test_the_kernel_overrules_the_cloud():
    machine = FakeMachine()
    clock = SystemClock(machine=machine)
    clock.learn(NOVEMBER_2026_MS - 5000, clock.monotonic_s())
    machine.synchronised = True
    clock.learn(NOVEMBER_2026_MS - 5000, clock.monotonic_s())
    assert clock.now_ms() == NOVEMBER_2026_MS


def test_the_next_process_of_the_same_run_of_the_machine_knows_the_time(tmp_path: Path):
    machine = FakeMachine(STALE_MS)
    memory = tmp_path / "data" / "clock.json"
    SystemClock(memory, machine=machine).learn(NOVEMBER_2026_MS, machine.up_s())
    machine.advance(7)
    clock = SystemClock(memory, machine=machine)
    assert clock.is_trusted()
    assert clock.now_ms() == NOVEMBER_2026_MS + 7000


def test_after_the_machine_has_started_anew_nothing_is_known(tmp_path: Path):
    machine = FakeMachine(STALE_MS)
    memory = tmp_path / "clock.json"
    SystemClock(memory, machine=machine).learn(NOVEMBER_2026_MS, machine.up_s())
    machine.reboot(wall_ms=STALE_MS)
    assert not SystemClock(memory, machine=machine).is_trusted()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"offset_ms": 1}'])
def test_a_spoilt_memory_is_as_good_as_none(tmp_path: Path, content: str):
    memory = tmp_path / "clock.json"
    memory.write_text(content)
    assert not SystemClock(memory, machine=FakeMachine()).is_trusted()


def test_a_memory_that_cannot_be_written_does_not_keep_the_clock_from_learning(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    clock = SystemClock(tmp_path / "file" / "clock.json", machine=FakeMachine(STALE_MS))
    clock.learn(NOVEMBER_2026_MS, clock.monotonic_s())
    assert clock.is_trusted()


def test_where_only_the_cloud_counts_the_kernel_is_not_asked():
    machine = FakeMachine(STALE_MS)
    machine.synchronised = True
    clock = SystemClock(trust="cloud", machine=machine)
    assert not clock.is_trusted()
    clock.learn(NOVEMBER_2026_MS, clock.monotonic_s())
    assert clock.now_ms() == NOVEMBER_2026_MS


def test_an_operator_may_vouch_for_the_machine_s_clock_but_not_for_1970():
    assert SystemClock(trust="assumed", machine=FakeMachine()).is_trusted()
    assert not SystemClock(trust="assumed", machine=FakeMachine(1000)).is_trusted()


def test_this_machine_can_be_asked():
    machine = Machine()
    assert len(machine.boot_id()) == 36
    assert machine.up_s() >= time.monotonic() - 1  # what it slept is counted too
    assert machine.is_synchronised() in (True, False)
    moment = SystemClock(machine=machine).moment()
    assert moment.up_ms > 0
