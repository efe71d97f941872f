# SPDX-License-Identifier: EUPL-1.2
"""The real homes of the benchmark: cleaned without inventing anything, split without overlap."""

import numpy as np

from tests.benchmark.leaks import daiad

HOUR_S = 3600
MONDAY_S = 4 * 86_400  # 5 January 1970


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


def a_year(*, drips_in_week=None):
    """Read hourly; one litre in every hour of the day, and of that week's nights too."""
    read_at_s = np.arange(52 * 7 * 24, dtype=np.int64) * HOUR_S + daiad.WEEK_S
    local_hour = (read_at_s // HOUR_S) % 24  # near enough: the zone is an hour or two ahead
    flows = local_hour >= 8
    if drips_in_week is not None:
        flows |= (read_at_s - MONDAY_S) // daiad.WEEK_S == drips_in_week
    return daiad.History("home", read_at_s, np.cumsum(flows) * 1000)


def test_a_home_whose_nights_are_still_is_clean_in_all_weeks():
    assert daiad.clean_weeks(a_year()) == {0, 1}


def test_a_week_that_drips_spoils_the_weeks_of_the_other_kind_only():
    [clean] = daiad.clean_weeks(a_year(drips_in_week=20))
    assert clean == daiad.week_parity(MONDAY_S + 20 * daiad.WEEK_S)
