# SPDX-License-Identifier: EUPL-1.2
"""Limits: probabilities that can be looked up, and news that doesn't waver with the forecast."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from cloud.demand.issued.limits import (
    CALLED_OFF,
    DAY_PEAK,
    DAY_SUM,
    RAISED,
    WORSENED,
    exceedance,
    news,
    outlooks,
)
from tests.unit.test_demand_audits import a_run, flat


@pytest.mark.parametrize(
    ("limit", "probability"),
    [(100, 0.5), (116.4485, 0.05), (91.7757, 0.95), (110, 0.159), (0, 1.0), (1000, 0.0)],
)
def test_the_quantiles_themselves_are_passed_as_often_as_they_say(limit: float, probability: float):
    skewed = np.array([91.7757, 100.0, 116.4485])
    assert exceedance(skewed, limit) == pytest.approx(probability, abs=1e-3)


def test_a_forecast_without_a_range_is_passed_or_not():
    certain = np.array([5.0, 5.0, 5.0])
    assert [exceedance(certain, limit) for limit in (4, 5, 6)] == [1.0, 0.5, 0.0]


def test_days_have_the_ranges_that_were_learnt_for_days():
    ranged = np.tile([2300.0, 2400.0, 2500.0], (14, 1))
    run = replace(a_run(0, flat(80, 100, 120)), sums=ranged, peaks=ranged / 24)
    [first, *rest] = outlooks(run, DAY_SUM, 2500)
    assert len(rest) == 13
    assert first.day == date(2026, 9, 1)
    assert (first.p05, first.probability, first.is_calibrated) == (2300, 0.05, True)
    assert outlooks(run, DAY_PEAK, 2300 / 24)[0].probability == 0.95


def test_without_them_all_hours_of_a_day_are_off_together_and_it_says_so():
    run = a_run(0, flat(80, 100, 120))
    [first, *_] = outlooks(run, DAY_SUM, 24 * 120)
    assert (first.p50, first.probability, first.is_calibrated) == (2400, 0.05, False)
    assert outlooks(run, DAY_PEAK, 80)[0].probability == 0.95
    assert outlooks(run, DAY_PEAK, 1e9)[0].probability == 0.01  # nobody is as sure as that


def test_news_is_told_once_worse_news_again_and_the_all_clear():
    told: list[tuple[float, str]] = []
    step = 0
    for probability in (0.3, 0.55, 0.6, 0.45, 0.52, 0.8, 0.7, 0.95, 0.98, 0.42, 0.39, 0.3, 0.6):
        step, what = news(step, probability, 0.5)
        if what is not None:
            told.append((probability, what))
    assert told == [
        (0.55, RAISED),
        (0.8, WORSENED),
        (0.95, WORSENED),
        (0.98, WORSENED),
        (0.39, CALLED_OFF),
        (0.6, RAISED),
    ]


def test_a_low_threshold_is_called_off_as_well():
    step, what = news(0, 0.06, 0.05)
    assert (step, what) == (1, RAISED)
    assert news(step, 0.045, 0.05) == (1, None)
    assert news(step, 0.03, 0.05) == (0, CALLED_OFF)
