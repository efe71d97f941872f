# SPDX-License-Identifier: EUPL-1.2
"""Chains: equal draws of water at equal distances, and how unlikely they are by chance."""

from collections.abc import Callable, Sequence
from math import exp, log
from typing import NamedTuple

SHORTEST_S, LONGEST_S = 270, 6000  # between links; a toilet that seeps 5 l/h refills every 4320 s
LEAST_READINGS = 4  # between links: with fewer, anything looks even
ALIKE = 0.15  # of the amount; or one step
DRIFT = 0.02  # of the time gone by since the draw expected last; pressure changes slowly
HOUR_S = 3600
LEAST_RATE = 0.05  # draws an hour; no hour of a home is surer to be still


class Draw(NamedTuple):
    """Water that passed without a pause between readings."""

    started_at_s: int
    ended_at_s: int
    steps: int  # of the register


class Chain(NamedTuple):
    """Equal draws at equal distances; ``score`` is the power of ten of chance's odds against it.

    ``draw_steps`` is what the last link drew; ``steps`` the least that passed from one link to the
    next, other draws included: what is left where nobody else drew.
    """

    links: int
    every_s: float
    started_at_s: int
    score: float
    draw_steps: int
    steps: int


NONE = Chain(0, 0.0, 0, 0.0, 0, 0)


def longest_chain(draws: Sequence[Draw], reading_s: int, rate_at: Callable[[int], float]) -> Chain:
    """Return the chain of the highest score that the last of these draws ends.

    ``rate_at`` tells how many draws an hour are ordinary at a time; the draws are in order.
    """
    last = draws[-1]
    shortest_s = max(SHORTEST_S, LEAST_READINGS * reading_s)
    best = NONE
    for at in range(len(draws) - 2, -1, -1):
        every_s = last.started_at_s - draws[at].started_at_s
        if every_s > LONGEST_S:
            break
        if every_s >= shortest_s and _alike(draws[at], last):
            links, every = _walk(draws, at, every_s, reading_s)
            score = _score(draws, links, every, reading_s, rate_at)
            if score > best.score:
                least = _least_between(draws, links, every)
                best = Chain(len(links), every, links[-1].started_at_s, score, last.steps, least)
    return best


def _alike(one: Draw, other: Draw) -> bool:
    return abs(one.steps - other.steps) <= max(1, ALIKE * other.steps)


def _walk(
    draws: Sequence[Draw], at: int, every_s: float, reading_s: int
) -> tuple[list[Draw], float]:
    """Go back from link to link; return them, the last first, and their mean distance."""
    last = draws[-1]
    links, drowned, back = [draws[at]], 0, 1
    at -= 1
    while at >= 0:
        back += 1
        expected_s = last.started_at_s - back * every_s
        width_s = reading_s + DRIFT * every_s
        while at >= 0 and draws[at].started_at_s > expected_s + width_s:
            at -= 1
        found = _link(draws, at, expected_s - width_s, last)
        if found >= 0:
            links.append(draws[found])
            every_s = (last.started_at_s - draws[found].started_at_s) / back
            at = found - 1
        elif 2 * drowned < len(links) and _drowned(draws, at, expected_s, last):
            drowned += 1
        else:
            break
    return links, every_s


def _link(draws: Sequence[Draw], at: int, not_before_s: float, last: Draw) -> int:
    """Return the place of a draw like the last at or before ``at``, or -1."""
    while at >= 0 and draws[at].started_at_s >= not_before_s:
        if _alike(draws[at], last):
            return at
        at -= 1
    return -1


def _drowned(draws: Sequence[Draw], at: int, expected_s: float, last: Draw) -> bool:
    """Return whether a larger draw near ``at`` covers the time at which one was expected."""
    return any(
        draw.started_at_s <= expected_s <= draw.ended_at_s and draw.steps >= last.steps
        for draw in draws[max(0, at - 2) : at + 2]
    )


def _score(
    draws: Sequence[Draw],
    links: list[Draw],
    every_s: float,
    reading_s: int,
    rate_at: Callable[[int], float],
) -> float:
    """Return the power of ten of chance's odds; the first distance is free, it could be any."""
    if len(links) < 2:
        return 0.0
    since_s = links[-1].started_at_s
    others = sum(draw.started_at_s > since_s for draw in draws) - len(links)
    seen = others * HOUR_S / (draws[-1].started_at_s - since_s)
    width_h = (3 * reading_s + 2 * DRIFT * every_s) / HOUR_S
    score = 0.0
    for link in links[1:]:
        rate = max(rate_at(link.started_at_s), seen, LEAST_RATE)
        score -= log(1 - exp(-rate * width_h))
    return score / log(10)


def _least_between(draws: Sequence[Draw], links: list[Draw], every_s: float) -> int:
    """Return the least that passed from a link to the next, where none is missing between them."""
    least = sum(draw.steps for draw in draws)
    until_s = draws[-1].started_at_s
    at = len(draws) - 2
    for link in links:
        passed = 0
        while at >= 0 and draws[at].started_at_s >= link.started_at_s:
            passed += draws[at].steps
            at -= 1
        if until_s - link.started_at_s < 3 / 2 * every_s:
            least = min(least, passed)
        until_s = link.started_at_s
    return least
