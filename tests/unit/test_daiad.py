# SPDX-License-Identifier: EUPL-1.2
"""The real homes of the benchmark: cleaned without inventing anything, split without overlap."""

import numpy as np

from tests.benchmark.leaks import daiad

HOUR_S = 3600


def cleaned(*register_l: float) -> list[int]:
    read_at_s = np.arange(len(register_l), dtype=np.int64) * HOUR_S
    return daiad.clean("home", read_at_s, np.array(register_l, dtype=float)).register_ml.tolist()


def test_an_honest_register_stays_as_it_was():
    assert cleaned(10, 10, 12, 40) == [10_000, 10_000, 12_000, 40_000]


def test_a_reading_that_runs_back_is_left_out():
    assert cleaned(10, 12, 11, 12, 13) == [10_000, 11_000, 12_000, 13_000]


def test_another_meters_register_among_ours_is_left_out():
    assert cleaned(10, 11, 90_000, 12, 13) == [10_000, 11_000, 12_000, 13_000]


def test_a_new_meter_goes_on_from_where_the_old_one_was():
    assert cleaned(10, 11, 90_000, 90_002) == [10_000, 11_000, 11_000, 13_000]


def test_a_gap_does_not_count_as_metered():
    read_at_s = np.array([0, 1, 2, 10, 11], dtype=np.int64) * HOUR_S
    home = daiad.clean("home", read_at_s, np.arange(5, dtype=float))
    assert home.metered_s == 3 * HOUR_S


def test_prior_and_test_homes_share_none_and_leave_none_out():
    prior, test, everyone = (
        {home.meter_id for home in daiad.homes(part)} for part in ("prior", "test", "all")
    )
    assert not prior & test
    assert prior | test == everyone
    assert (len(prior), len(test)) == (17, 49)


def test_real_registers_never_fall_and_their_times_rise():
    for home in daiad.homes("all"):
        assert (np.diff(home.register_ml) >= 0).all()
        assert (np.diff(home.read_at_s) > 0).all()
        assert home.metered_s >= 300 * 86_400
