# SPDX-License-Identifier: EUPL-1.2
import random

import pytest

from edge_gateway.leaks.chain import Draw, longest_chain
from edge_gateway.leaks.rules.intermittent_flow import LEAST_LINKS, RAISE_AT

MINUTE_S = 60
HALF_AN_HOUR_S = 1800


def a_draw(at_s, steps=6, for_s=120):
    return Draw(at_s, at_s + for_s, steps)


def refills(number, *, every_s=HALF_AN_HOUR_S, steps=6):
    return [a_draw(at * every_s, steps) for at in range(number)]


def judged(draws, *, reading_s=MINUTE_S, an_hour=1.0):
    return longest_chain(sorted(draws), reading_s, lambda _: an_hour)


def convinces(chain):
    return chain.links >= LEAST_LINKS and chain.score >= RAISE_AT


def test_refills_at_equal_distances_are_a_chain():
    chain = judged(refills(8))
    assert (chain.links, chain.every_s, chain.steps) == (7, HALF_AN_HOUR_S, 6)
    assert convinces(chain)


def test_as_many_draws_at_odd_distances_are_none():
    chance = random.Random(3)  # noqa: S311 - the same day every time
    draws = [a_draw(chance.randrange(4 * 3600)) for _ in range(8)]
    assert not convinces(judged(draws))


def test_a_dishwasher_is_not_a_leak():
    assert not convinces(judged(refills(4)))


def test_other_draws_between_the_links_do_not_hide_them():
    others = [a_draw(HALF_AN_HOUR_S * at + 700, steps=30) for at in range(0, 8, 2)]
    chain = judged(refills(9) + others)
    assert (chain.links, chain.steps) == (8, 6)
    assert convinces(chain)


def test_the_same_chain_among_many_draws_is_less_sure():
    others = [a_draw(300 * at + 100, steps=40) for at in range(48)]
    assert judged(refills(9) + others).score < judged(refills(9)).score / 2


def test_a_link_may_drown_in_a_shower():
    draws = refills(9)
    draws[5] = a_draw(5 * HALF_AN_HOUR_S - 300, steps=70, for_s=600)
    assert judged(draws).started_at_s == 0


def test_a_chain_ends_where_a_link_is_missing():
    draws = refills(12)
    del draws[4]
    assert judged(draws).started_at_s == 5 * HALF_AN_HOUR_S


def test_draws_of_other_sizes_are_no_links():
    draws = [a_draw(at * HALF_AN_HOUR_S, steps=6 + 6 * (at % 2)) for at in range(9)]
    assert judged(draws).every_s == 2 * HALF_AN_HOUR_S


@pytest.mark.parametrize(("reading_s", "judges"), [(MINUTE_S, True), (900, False)])
def test_readings_too_far_apart_for_evenness_convince_nobody(reading_s, judges):
    assert convinces(judged(refills(8), reading_s=reading_s)) is judges
