# SPDX-License-Identifier: EUPL-1.2
"""Exact 95 % intervals of counts: how far chance may have moved a figure.

An end of an interval is the rate at which a count as extreme as ours has a chance of 2.5 %.
"""

from collections.abc import Callable
from math import exp, lgamma, log

TAIL = 0.025
STEPS = 60  # of halving; beyond the precision of a float


def poisson(count: int) -> tuple[float, float]:
    """Return the least and the greatest mean of such a count.

    Source: F. Garwood, Fiducial limits for the Poisson distribution, Biometrika 28 (1936).
    """
    far = 2.0 * count + 20
    low = _where(lambda mean: 1 - _poisson_up_to(count - 1, mean) - TAIL, far) if count else 0.0
    return low, _where(lambda mean: TAIL - _poisson_up_to(count, mean), far)


def binomial(hits: int, runs: int) -> tuple[float, float]:
    """Return the least and the greatest chance of each run.

    Source: C. J. Clopper, E. S. Pearson, The use of confidence or fiducial limits illustrated in
    the case of the binomial, Biometrika 26 (1934).
    """
    low, high = 0.0, 1.0
    if hits > 0:
        low = _where(lambda chance: 1 - _binomial_up_to(hits - 1, runs, chance) - TAIL, 1.0)
    if hits < runs:
        high = _where(lambda chance: TAIL - _binomial_up_to(hits, runs, chance), 1.0)
    return low, high


def _where(rising: Callable[[float], float], end: float) -> float:
    """Return where a function that rises from below 0 to above it, between 0 and ``end``, is 0."""
    low, high = 0.0, end
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2


def _poisson_up_to(count: int, mean: float) -> float:
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count + 1))


def _binomial_up_to(hits: int, runs: int, chance: float) -> float:
    def ways(k: int) -> float:
        return lgamma(runs + 1) - lgamma(k + 1) - lgamma(runs - k + 1)

    return sum(
        exp(ways(k) + k * log(chance) + (runs - k) * log(1 - chance)) for k in range(hits + 1)
    )
