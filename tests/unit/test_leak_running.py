# SPDX-License-Identifier: EUPL-1.2
"""Which alarms of the leak benchmark's real meters were right by their registers."""

import numpy as np

from tests.benchmark.leaks.running import Running

HOUR_S = 3600


def an_hourly_meter(*litres: int, gap_after: int | None = None) -> Running:
    """Return a meter that passed so much in each hour; three hours are lost after one of them."""
    at_s = HOUR_S * np.arange(len(litres) + 1)
    if gap_after is not None:
        at_s[gap_after + 1 :] += 3 * HOUR_S
    return Running(at_s, 1000 * np.cumsum((0, *litres)))


def test_an_alarm_within_a_day_without_a_still_hour_is_confirmed_however_early():
    meter = an_hourly_meter(0, *[5] * 24, 0)
    assert meter.confirms(3 * HOUR_S)
    assert meter.confirms(24 * HOUR_S)
    assert meter.for_s(3 * HOUR_S) == 24 * HOUR_S


def test_one_still_hour_too_early_leaves_it_unconfirmed():
    meter = an_hourly_meter(0, *[5] * 23, 0, *[5] * 24)
    assert not meter.confirms(3 * HOUR_S)
    assert meter.for_s(3 * HOUR_S) == 23 * HOUR_S


def test_nothing_runs_within_a_pause():
    meter = an_hourly_meter(*[5] * 24, 0, 0, *[5] * 24)
    assert meter.for_s(25 * HOUR_S) == 0


def test_a_gap_confirms_nothing_for_it_may_have_paused():
    assert an_hourly_meter(*[5] * 24).confirms(10 * HOUR_S)
    assert not an_hourly_meter(*[5] * 24, gap_after=12).confirms(10 * HOUR_S)


def test_single_steps_of_a_register_read_by_the_minute_are_no_pauses_unless_far_apart():
    at_s = 60 * np.arange(2 * 1440 + 1)
    every_half_hour, every_hour = (1000 * (at_s // every_s) for every_s in (1800, 3600))
    assert Running(at_s, every_half_hour).confirms(at_s[1440])
    assert not Running(at_s, every_hour).confirms(at_s[1440])


def test_a_register_that_never_paused_or_always_did_is_told_as_it_was():
    assert an_hourly_meter(*[5] * 30).for_s(HOUR_S) == 30 * HOUR_S
    assert an_hourly_meter(*[0] * 30).for_s(HOUR_S) == 0
