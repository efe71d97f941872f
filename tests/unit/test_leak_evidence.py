# SPDX-License-Identifier: EUPL-1.2
"""What one hour says for a steady flow, by the hour itself and the one before."""

import pytest

from edge_gateway.leaks import hour_habit, shift_evidence

QUIET_HOUR = 3
OF_5_L_PER_H = 5  # the place of 1.35^5 = 4.5 l/h
STANDS_FOR_100_L_PER_H = 15


def evidence_after(*hours_l, length_h=1.0):
    evidence, before_l = shift_evidence.fresh(), 0.0
    weights = hour_habit.weights(hour_habit.fresh(), QUIET_HOUR)
    for now_l in hours_l:
        shift_evidence.add_hour(
            evidence, weights, before_l=before_l, now_l=now_l, step_l=1.0, length_h=length_h
        )
        before_l = now_l
    return list(evidence)


def test_the_same_litres_in_every_quiet_hour_speak_for_such_a_flow_the_most():
    evidence = evidence_after(*[5.0] * 8)
    assert evidence.index(max(evidence)) == pytest.approx(OF_5_L_PER_H, abs=1)


def test_still_hours_speak_for_no_flow():
    assert max(evidence_after(*[0.0] * 8)) < shift_evidence.ENOUGH / 4


def test_evidence_for_a_flow_far_beyond_what_passed_comes_to_rest():
    evidence = evidence_after(*[100.0] * 4, *[0.0] * 20)
    assert evidence_after(*[100.0] * 4)[STANDS_FOR_100_L_PER_H] > shift_evidence.ENOUGH
    assert evidence[STANDS_FOR_100_L_PER_H] == shift_evidence.AT_REST


def test_half_an_hour_with_half_the_litres_speaks_for_the_same_flow():
    evidence = evidence_after(*[50.0] * 8, length_h=0.5)
    assert evidence.index(max(evidence)) == pytest.approx(STANDS_FOR_100_L_PER_H, abs=1)
