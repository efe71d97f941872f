# SPDX-License-Identifier: EUPL-1.2
import numpy as np
import pytest

from tests.benchmark.leaks.hanoi.baseline import minimum_night_flow
from tests.benchmark.leaks.hanoi.demand import STEPS_PER_DAY, demands
from tests.benchmark.leaks.hanoi.scoring import early_detections, score
from tests.benchmark.leaks.hanoi.shift import shift_alarms

DAYS = 42


def labels(*spans, steps=100):
    marked = np.zeros(steps, bool)
    for first, end in spans:
        marked[first:end] = True
    return marked


def an_inflow(*, leak_m3_per_h=0.0, from_day=DAYS):
    inflow = demands(np.full(20, 50.0), np.random.default_rng(3)).sum(axis=1)
    inflow = inflow[: DAYS * STEPS_PER_DAY]
    inflow[from_day * STEPS_PER_DAY :] += leak_m3_per_h
    return inflow


def test_labels_are_scored_step_by_step_over_all_scenarios():
    truth = [labels((0, 40)), labels()]
    alarms = [labels((20, 60)), labels()]
    told = score([*truth[:1], labels((10, 50))], [*alarms[:1], labels((10, 50))])
    assert told.true_positive_rate == pytest.approx(75)  # 20 + 40 of 80
    assert told.true_negative_rate == pytest.approx(100 * (1 - 20 / 120))
    assert told.f1 == pytest.approx(100 * 120 / (120 + 20 + 20))


def test_a_leak_found_at_once_scores_one_and_halfway_next_to_nothing():
    leak = labels((20, 60))
    assert early_detections(leak, labels((20, 70))) == [1.0]
    [late] = early_detections(leak, labels((45, 70)))
    assert late == pytest.approx(2 / (1 + np.exp(6 * 25 / 49)))


def test_an_alarm_that_lets_go_of_the_leak_does_not_count_as_early():
    assert early_detections(labels((20, 60)), labels((20, 50))) == [0.0]
    assert early_detections(labels((20, 60)), labels()) == [0.0]


def test_a_leak_to_the_end_of_the_year_has_no_hours_after_it():
    assert early_detections(labels((80, 100)), labels((80, 100))) == [1.0]


def test_the_baseline_alarms_on_a_raised_night_and_not_on_a_raised_day():
    nights = np.tile(np.where(np.arange(STEPS_PER_DAY) < 10, 10.0, 50.0), 20)
    nights[15 * STEPS_PER_DAY :] += 3
    assert minimum_night_flow(nights, 0.2)[15 * STEPS_PER_DAY :].all()
    assert not minimum_night_flow(nights, 0.2)[: 15 * STEPS_PER_DAY].any()
    assert not minimum_night_flow(nights, 0.4).any()


def test_a_shift_is_found_within_a_day_and_a_season_is_none():
    found = shift_alarms(an_inflow(leak_m3_per_h=80, from_day=30))
    began = 30 * STEPS_PER_DAY
    assert not found[:began].any()
    assert found[began : began + STEPS_PER_DAY].any()
    assert found[began + STEPS_PER_DAY :].all()
    grown = an_inflow() * np.linspace(1, 1.1, DAYS * STEPS_PER_DAY)
    assert not shift_alarms(grown).any()


def test_a_shift_that_ends_is_cleared_within_a_day():
    inflow = an_inflow(leak_m3_per_h=80, from_day=30)
    inflow[35 * STEPS_PER_DAY :] -= 80
    found = shift_alarms(inflow)
    assert found[35 * STEPS_PER_DAY - 1]
    assert not found[36 * STEPS_PER_DAY :].any()
