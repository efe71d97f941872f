# SPDX-License-Identifier: EUPL-1.2
"""Screening: which registers count, where an epoch ends; a part is screened as the whole."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.validation.screening import (
    WING,
    BreakKind,
    KnownBreak,
    Screened,
    Verdict,
    screen,
)
from cloud.validation.series import Limits

MINUTE_S = 60
LIMITS = Limits(max_per_h=3000)  # 250 in five minutes, 50 in a minute


def screened(registers: list[int], limits: Limits = LIMITS, **words: Any) -> Screened:
    """Screen registers a minute apart."""
    at = np.arange(len(registers), dtype=np.int64) * MINUTE_S
    return screen(at, np.array(registers, dtype=np.int64), limits, **words)


def growing(start: int, count: int) -> list[int]:
    return [start + 10 * n for n in range(count)]


def mask(count: int, *places: int) -> np.ndarray:
    found = np.zeros(count, dtype=bool)
    found[list(places)] = True
    return found


BEFORE, AFTER = growing(1000, 10), growing(1110, 10)


def test_a_register_that_only_grows_counts_wholly() -> None:
    found = screened(BEFORE + AFTER)
    assert not found.verdict.any()
    assert found.breaks == ()
    assert found.continuous.tolist() == BEFORE + AFTER


@pytest.mark.parametrize(
    ("corrupted", "verdict"),
    [
        ([90_000_000], Verdict.SPIKE_UP),
        ([1250], Verdict.SPIKE_UP),  # inside the physical maximum, but beyond what follows
        ([3], Verdict.SPIKE_DOWN),
        ([90_000_000, 5, 70_000_000], Verdict.SPIKE_UP),
    ],
)
def test_readings_that_fit_nothing_are_spikes(corrupted: list[int], verdict: Verdict) -> None:
    found = screened(BEFORE + corrupted + AFTER)
    spikes = np.flatnonzero(found.verdict)
    assert spikes.tolist() == list(range(10, 10 + len(corrupted)))
    assert found.verdict[10] == verdict
    assert found.breaks == ()
    assert found.continuous[-1] == AFTER[-1]


def test_a_reading_that_no_meter_can_reach_so_soon_is_above_its_maximum() -> None:
    at = np.array([60 * n for n in range(10)] + [600] + [1200 + 60 * n for n in range(10)])
    registers = np.array([0] * 10 + [400] + [410] * 10)
    found = screen(at, registers, Limits(max_per_h=2400))  # 40 a minute
    assert found.verdict[10] == Verdict.ABOVE_MAXIMUM
    assert found.breaks == ()


@pytest.mark.parametrize("seen", [1, 2, 3])
def test_what_nothing_confirms_yet_waits(seen: int) -> None:
    found = screened(BEFORE + growing(0, seen))
    assert found.verdict.tolist() == [0] * 10 + [Verdict.UNCONFIRMED] * seen
    assert found.breaks == ()


@pytest.mark.parametrize(("after", "kind"), [(0, BreakKind.RESET), (80_000_000, BreakKind.JUMP)])
def test_four_readings_that_agree_are_believed_after_a_break(after: int, kind: BreakKind) -> None:
    found = screened(BEFORE + growing(after, 4))
    assert not found.verdict.any()
    [end] = found.breaks
    assert (end.before, end.index, end.kind) == (9, 10, kind)
    assert (end.register_before, end.register_after) == (BEFORE[-1], after)
    assert found.continuous.tolist() == [*BEFORE, *growing(BEFORE[-1], 4)]
    assert found.epoch.tolist() == [0] * 10 + [1] * 4


@pytest.mark.parametrize(
    "modulus", [100_000, 2**16, 2**32, 100_000 * 1000, 2**16 * 1000, 99_999_999_999 + 1]
)
@pytest.mark.parametrize("is_declared", [False, True])
def test_a_rollover_goes_on_counting(modulus: int, is_declared: bool) -> None:
    registers = [(modulus - 95 + 10 * n) % modulus for n in range(20)]
    found = screened(registers, Limits(max_per_h=3000, modulus=modulus if is_declared else None))
    assert not found.verdict.any()
    assert [(one.kind, one.modulus) for one in found.breaks] == [(BreakKind.ROLLOVER, modulus)]
    assert set(np.diff(found.continuous).tolist()) == {10}


def test_a_reset_from_the_middle_of_a_scale_is_no_rollover() -> None:
    found = screened([*growing(50_000, 10), *growing(0, 10)])
    assert [one.kind for one in found.breaks] == [BreakKind.RESET]


def test_a_spike_near_zero_under_a_full_register_is_no_rollover() -> None:
    registers = growing(99_800, 20)
    registers[10] = 4
    found = screened(registers)
    assert np.flatnonzero(found.verdict).tolist() == [10]
    assert found.breaks == ()


def test_a_recorded_reset_leaves_no_doubt() -> None:
    recorded = KnownBreak(index=10, kind=BreakKind.RESET)
    found = screened([*BEFORE, 2000], known_breaks=[recorded])
    assert not found.verdict.any()
    assert [(one.kind, one.is_recorded) for one in found.breaks] == [(BreakKind.RESET, True)]
    assert found.continuous[-1] == BEFORE[-1]


def test_a_recorded_reset_is_where_the_register_says_it_is_when_the_clock_was_read_badly() -> None:
    recorded = KnownBreak(index=8, kind=BreakKind.RESET)
    found = screened(BEFORE + growing(0, 10), known_breaks=[recorded])
    assert len(found.breaks) == 1
    assert found.continuous[-1] - found.continuous[0] >= 70 + 90


def test_a_recorded_rollover_needs_no_guess() -> None:
    registers = growing(88_000, 10) + growing(1000, 10)
    limits = Limits(max_per_h=3_000_000)
    assert screened(registers, limits).breaks[0].kind == BreakKind.RESET
    recorded = KnownBreak(index=10, kind=BreakKind.ROLLOVER)
    [found] = screened(registers, limits, known_breaks=[recorded]).breaks
    assert (found.kind, found.modulus, found.is_recorded) == (BreakKind.ROLLOVER, 100_000, True)


def test_a_recorded_rollover_that_did_not_happen_breaks_nothing() -> None:
    recorded = KnownBreak(index=10, kind=BreakKind.ROLLOVER)
    assert screened(BEFORE + AFTER, known_breaks=[recorded]).breaks == ()


def test_of_two_readings_of_one_instant_the_first_counts() -> None:
    at = np.array([0, 60, 60, 60, 120])
    found = screen(at, np.array([10, 20, 25, 20, 30]), LIMITS)
    assert found.verdict.tolist() == [0, 0, Verdict.CONTRADICTS, 0, 0]


def test_an_editors_word_decides_between_two_readings_of_one_instant() -> None:
    at = np.array([0, 60, 60, 120])
    registers = np.array([10, 20, 25, 30])
    accepted = screen(at, registers, LIMITS, forced_in=mask(4, 2))
    assert accepted.verdict.tolist() == [0, Verdict.CONTRADICTS, 0, 0]
    excluded = screen(at, registers, LIMITS, forced_out=mask(4, 1))
    assert excluded.verdict.tolist() == [0, Verdict.EXCLUDED, 0, 0]


def test_an_editor_can_take_a_reading_out_and_a_giant_step_in() -> None:
    assert screened(BEFORE + AFTER, forced_out=mask(20, 5)).verdict[5] == Verdict.EXCLUDED
    registers = BEFORE + growing(80_000_000, 10)
    found = screened(registers, forced_in=mask(20, 10))
    assert not found.verdict.any()
    assert found.breaks == ()
    assert found.continuous[-1] == registers[-1]


def test_an_accepted_reading_stays_even_where_it_fits_nothing() -> None:
    found = screened([*BEFORE, 5, *AFTER], forced_in=mask(21, 10))
    assert found.verdict[10] == Verdict.ACCEPTED
    assert [one.kind for one in found.breaks] == [BreakKind.RESET, BreakKind.JUMP]


def test_a_clock_that_stepped_back_leaves_one_growing_register() -> None:
    once = [(60 * n, 100 + n) for n in range(60)]
    again = [(30 + 60 * n, 160 + n) for n in range(60)]  # the same hour, told again
    at, registers = zip(*sorted(once + again), strict=True)
    found = screen(np.array(at), np.array(registers), LIMITS)
    kept = np.array(registers)[found.accepted]
    assert (np.diff(kept) >= 0).all()
    assert found.breaks == ()
    assert kept[-1] == 219


def test_an_empty_series_and_a_single_reading_have_nothing_wrong() -> None:
    assert screened([]).verdict.tolist() == []
    assert screened([5]).verdict.tolist() == [0]


def test_nothing_is_left_out_however_long_the_rubbish() -> None:
    rubbish = [(n * 7919) % 100_000_000 for n in range(1, 700)]
    registers = BEFORE + rubbish + growing(2000, 20)
    found = screened(registers)
    assert found.verdict[:9].tolist() == [0] * 9
    assert not found.verdict[-20:].any()


@st.composite
def histories(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Registers with spikes, repeats, resets, rollovers and gaps all over."""
    steps = draw(st.lists(st.integers(0, 40), min_size=1, max_size=80))
    gaps = draw(st.lists(st.sampled_from([60, 60, 60, 0, 900, 90_000]), min_size=80, max_size=80))
    registers = np.cumsum(steps) + draw(st.sampled_from([0, 99_500]))
    at = np.cumsum(gaps[: len(steps)])
    for place in draw(st.lists(st.integers(0, len(steps) - 1), max_size=6)):
        registers[place] = draw(st.sampled_from([0, 7, 99_999, 5_000_000]))
    if draw(st.booleans()):
        registers[draw(st.integers(0, len(steps) - 1)) :] -= draw(st.integers(-(10**7), 600))
    return at, np.where(registers < 0, 0, registers) % 100_000


@given(histories(), st.data())
def test_a_part_is_screened_as_the_whole_between_its_anchors(
    history: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    at, registers = history
    whole = screen(at, registers, LIMITS)
    begin = data.draw(st.integers(0, len(at) - 1))
    end = data.draw(st.integers(begin, len(at)))
    part = screen(at[begin:end], registers[begin:end], LIMITS)
    anchors = part.anchors.place
    if len(anchors):
        inside = slice(anchors[0], anchors[-1] + 1)
        wide = slice(begin + anchors[0], begin + anchors[-1] + 1)
        assert part.verdict[inside].tolist() == whole.verdict[wide].tolist()
        assert np.diff(part.continuous[inside]).tolist() == np.diff(whole.continuous[wide]).tolist()


@given(histories(), st.data())
def test_later_readings_change_nothing_before_the_last_anchor(
    history: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    at, registers = history
    whole = screen(at, registers, LIMITS)
    end = data.draw(st.integers(0, len(at)))
    part = screen(at[:end], registers[:end], LIMITS)
    anchors = part.anchors.place
    if len(anchors):
        assert part.verdict[: anchors[-1]].tolist() == whole.verdict[: anchors[-1]].tolist()


@given(histories())
def test_what_counts_never_goes_back_and_never_leaps(
    history: tuple[np.ndarray, np.ndarray],
) -> None:
    at, registers = history
    found = screen(at, registers, LIMITS)
    grown = np.diff(found.continuous[found.accepted])
    passed_s = np.maximum(np.diff(at[found.accepted]), 300)
    assert (grown >= 0).all()
    assert (grown <= 3000 * passed_s / 3600 + 1).all()


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=2 * WING + 2, max_size=40), st.data())
def test_one_corrupted_reading_never_moves_the_total(steps: list[int], data: st.DataObject) -> None:
    registers = np.cumsum([1000, *steps])
    place = data.draw(st.integers(1, len(registers) - 5))
    broken = registers.copy()
    broken[place] = data.draw(st.integers(0, 2**53))
    at = np.arange(len(registers)) * 900
    found = screen(at, broken, LIMITS)
    kept = found.continuous[found.accepted]
    assert kept[-1] - kept[0] == registers[-1] - registers[0]
