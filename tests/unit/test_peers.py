# SPDX-License-Identifier: EUPL-1.2
"""Quartiles of similar buildings, none of which is a building's figure."""

import pytest

from cloud.demand.usual.peers import cut, quartiles


def test_each_quartile_is_the_mean_of_three_buildings():
    told = quartiles([60, 50, 40, 30, 20, 10])
    assert told is not None
    assert (told.lower, told.median, told.upper) == (20, 30, 50)


def test_a_change_of_one_building_by_a_little_does_not_show():
    before = quartiles([100, 101, 102, 103, 104, 105])
    assert before == quartiles([100, 101, 102.4, 103, 104, 105])


def test_a_building_that_outweighs_its_neighbours_hides_all():
    assert quartiles([10, 10, 10, 10, 10, 101]) is None
    assert quartiles([10, 10, 10, 10, 10, 99]) is not None


def test_two_buildings_are_too_few_for_any_figure():
    assert quartiles([10, 10]) is None


@pytest.mark.parametrize(
    ("amount", "told"), [(8_416_000, 8_400_000), (12.51, 13), (0.0347, 0.035), (0, 0)]
)
def test_two_significant_digits_are_told(amount: float, told: float):
    assert cut(amount) == pytest.approx(told)
