# SPDX-License-Identifier: EUPL-1.2
"""A contact's trace is as dirty as a real one, and holds exactly one closure per pulse."""

import math
from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest

from simulators.meters.contact import BOUNCE_US, GLITCH_US, MAX_PULSES_PER_S, Contact, Edge, closure
from simulators.meters.dial import Dial

LITRE_ML = 1000
RC_US = 8000  # of the filter modelled here
HIGH, LOW = 0.7, 0.3  # Schmitt thresholds


class Scope:
    """Records what it is fed, and refuses edges that go back in time."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []

    def feed(self, edges: Iterable[Edge]) -> None:
        for edge in edges:
            assert not self.edges or edge[0] > self.edges[-1][0]
            self.edges.append(edge)


def closures_behind_a_filter(edges: list[Edge]) -> int:
    """Count closures behind an RC low-pass and a Schmitt trigger, from the formula alone."""
    volts, closed, count, level, last_us = 0.0, False, 0, 0, edges[0][0]
    for at_us, next_level in [*edges, (edges[-1][0] + 100_000, 0)]:
        volts = level + (volts - level) * math.exp(-(at_us - last_us) / RC_US)
        if not closed and volts > HIGH:
            closed, count = True, count + 1
        elif closed and volts < LOW:
            closed = False
        level, last_us = next_level, at_us
    return count


def turned(litres: int, *, seed: str, every_ms: int, litres_a_step: int = 1) -> Scope:
    """Return what an input saw while a 1 l meter turned by ``litres``."""
    dial, scope = Dial(0, lambda ml: ml // LITRE_ML * LITRE_ML), Scope()
    contact = Contact(dial, LITRE_ML, seed)
    contact.attach(scope)
    now_ms = 0
    for _ in range(litres // litres_a_step):
        now_ms += every_ms
        dial.turn(litres_a_step * LITRE_ML, at_s=now_ms / 1000)
        contact.follow(now_ms * 1000)
    while contact.pending:
        now_ms += every_ms
        contact.follow(now_ms * 1000)
    return scope


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_a_bounced_trace_has_exactly_as_many_closures_as_pulses(seed: str):
    assert closures_behind_a_filter(turned(500, seed=seed, every_ms=250).edges) == 500


def test_the_same_trace_without_a_filter_would_count_far_too_much():
    edges = turned(500, seed="a", every_ms=250).edges
    assert sum(level for _, level in edges) > 1000


def test_pulses_that_come_at_once_are_told_at_full_rate_and_none_is_lost():
    scope = turned(120, seed="a", every_ms=100, litres_a_step=40)
    assert closures_behind_a_filter(scope.edges) == 120
    lasted_s = (scope.edges[-1][0] - scope.edges[0][0]) / 1e6
    assert 120 / lasted_s >= MAX_PULSES_PER_S * 0.8


def test_a_pulse_is_as_ac_25_says():
    traces = [closure(0, Random(seed)) for seed in range(300)]  # noqa: S311
    gaps_us = {b - a for trace in traces for (a, _), (b, _) in pairwise(trace)}
    assert GLITCH_US in gaps_us
    assert min(gaps_us - {GLITCH_US}) >= BOUNCE_US[0]
    for trace in traces:
        assert trace[0] == (0, 1)
        assert trace[-1][1] == 0
        assert all(a != b for (_, a), (_, b) in pairwise(trace))
        bounces_us = [at_us for at_us, _ in trace if at_us < 10_000]
        release_us = min(at_us for at_us, level in trace if at_us > 20_000 and level == 0)
        assert max(bounces_us) <= 5000
        assert release_us >= 30_000


def test_what_the_dial_showed_before_it_was_wired_is_not_told():
    dial, scope = Dial(5 * LITRE_ML, lambda ml: ml // LITRE_ML * LITRE_ML), Scope()
    contact = Contact(dial, LITRE_ML, "a")
    dial.turn(3 * LITRE_ML, at_s=1.0)
    contact.follow(1_000_000)
    contact.attach(scope)
    contact.follow(2_000_000)
    assert (scope.edges, contact.pending) == ([], 0)


def test_a_pulse_is_pending_until_its_trace_is_over():
    dial, scope = Dial(0, lambda ml: ml // LITRE_ML * LITRE_ML), Scope()
    contact = Contact(dial, LITRE_ML, "a")
    contact.attach(scope)
    dial.turn(LITRE_ML, at_s=1.0)
    assert contact.pending == 1
    contact.follow(1_000_000)
    assert (contact.pending, scope.edges) == (1, [])
    contact.follow(1_100_000)
    assert contact.pending == 0
    assert closures_behind_a_filter(scope.edges) == 1
