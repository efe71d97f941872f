# SPDX-License-Identifier: EUPL-1.2
"""The burst rule at mains of several homes, which learns what is ordinary there."""

import json

import pytest

from edge_gateway.leaks.rules.burst import Burst
from edge_gateway.leaks.stretch import Meter, Stretch
from edge_gateway.leaks.verdict import Cleared, Raised

MINUTE_S, DAY_MIN = 60, 1440
MAIN = Meter(q3_l_per_h=4000, households=8)
UNTOLD = Meter(q3_l_per_h=4000)
PEAK = [40] * 3  # minutes of l/min


class Main:
    """A main's meter, read every minute, before the rule."""

    def __init__(self, meter=MAIN):
        self.rule, self.meter, self.at_s = Burst(), meter, 0

    def flow(self, *l_per_min):
        """Return the minutes, from 1, in which the rule raises, and those in which it clears."""
        raised, cleared = [], []
        for minute, litres in enumerate(l_per_min, 1):
            seen = Stretch(self.at_s, self.at_s + MINUTE_S, litres * 1000, 1000)
            self.at_s += MINUTE_S
            verdict = self.rule.look(seen, self.meter)
            raised += [minute] if isinstance(verdict, Raised) else []
            cleared += [minute] if isinstance(verdict, Cleared) else []
        return raised, cleared

    def live(self, days):
        """Let ordinary days pass, with a peak each morning; return when the rule raises."""
        day = [2] * 480 + [10] * 30 + PEAK + [2] * (DAY_MIN - 513)
        return self.flow(*day * days)[0]


@pytest.fixture(scope="module")
def learned():
    """Return the memory of a main after 20 days."""
    main = Main()
    assert main.live(20) == []
    return vars(main.rule)


def remembering(memory):
    main = Main()
    vars(main.rule).update(json.loads(json.dumps(memory)))
    return main


def test_a_burst_beyond_what_a_main_ever_held_is_raised_within_minutes(learned):
    [minute], _ = remembering(learned).flow(*[50] * 20)
    assert minute <= 10


def test_a_peak_twice_as_long_as_ever_is_none(learned):
    assert remembering(learned).flow(*PEAK * 2, *[2] * 30) == ([], [])


def test_a_burst_does_not_teach_the_rule_to_bear_it(learned):
    main = remembering(learned)
    [minute], [_] = main.flow(*[50] * 120, *[2] * 30)
    assert main.flow(*[50] * 20) == ([minute], [])


def test_a_main_of_unknown_households_learns_by_peaks_that_end_by_themselves():
    main = Main(UNTOLD)
    main.flow(*[2] * 60)
    found = [len(main.flow(*PEAK, *[2] * 30)[0]) for _ in range(3)]
    assert found == [1, 1, 0]
    assert main.flow(*PEAK, *[2] * 30) == ([], [])


def test_a_single_home_does_not_learn_to_bear_a_burst():
    main = Main(Meter(households=1))
    for _ in range(3):
        assert main.flow(*[34] * 5, *[0] * 10) == ([2], [11])


def test_what_is_remembered_of_a_main_is_short(learned):
    assert len(json.dumps(learned, separators=(",", ":"))) <= 200
