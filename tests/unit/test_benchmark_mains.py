# SPDX-License-Identifier: EUPL-1.2
"""The mains of the benchmark: sums of homes, split by homes and by dates."""

import numpy as np
import pytest

from tests.benchmark.leaks import mains
from tests.benchmark.leaks.daiad import History, homes


def a_home(*, left_out_hour: int | None = None) -> History:
    """Return a home that uses 7 l in every hour, not read for a day after one hour."""
    kept = np.ones(len(mains.READ_AT_S), dtype=bool)
    if left_out_hour is not None:
        kept[left_out_hour : left_out_hour + 24] = False
    register_ml = 7000 * np.arange(len(kept), dtype=np.int64)
    register_ml[~kept.cumprod().astype(bool)] += 90_000  # what came in the gap, at an unknown time
    return History("home", mains.READ_AT_S[kept], register_ml[kept])


def test_a_sum_of_all_homes_passes_what_they_pass():
    flats = homes("prior")
    [main] = mains.sums("prior", households=len(flats), count=1, seed=1, is_shifted=False)
    each_ml = sum(mains.hourly(home).sum() for home in flats)
    assert main.register_ml[-1] - main.register_ml[0] == pytest.approx(each_ml, abs=2000)
    assert (np.diff(main.register_ml) >= 0).all()


def test_the_same_seed_gives_the_same_main_and_another_seed_another():
    def register(seed):
        [main] = mains.sums("prior", households=8, count=1, seed=seed, is_shifted=True)
        return main.register_ml.tolist()

    assert register(1) == register(1)
    assert register(1) != register(2)


def test_a_gap_is_filled_with_the_same_hours_of_another_week():
    assert mains.hourly(a_home(left_out_hour=1000)).tolist() == mains.hourly(a_home()).tolist()


def test_no_moment_counts_both_in_tuning_and_in_the_test():
    for at_s in mains.READ_AT_S[:-1:24].tolist():
        assert mains.is_counted("prior", at_s) != mains.is_counted("test", at_s)


def test_a_shift_keeps_what_counts_counting():
    for weeks in mains.SHIFTS_WEEKS:
        assert (weeks * mains.WEEK_S) % (2 * mains.BLOCK_S) == 0
