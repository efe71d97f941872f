# SPDX-License-Identifier: EUPL-1.2
"""Candidates mixed by how well each predicted what it hadn't seen.

Weights are never negative and sum to one; they lean towards equal shares, the more so the less has
been seen, for the best of a few months is often the best by chance.
Source: Breiman (1996), stacked regressions; Van der Laan, Polley and Hubbard (2007).
"""

from collections.abc import Sequence

import numpy as np

from cloud.demand.series import Floats

_LEANING_DAYS = 150.0  # of evidence that equal shares count for


def shares(predicted: Sequence[Floats], used: Floats, weights: Floats) -> Floats:
    """Return the share of each candidate.

    Each of ``predicted`` is (candidates, days, hours), every day without that day's own evidence in
    one of several ways, which count alike; ``used`` (days, hours); ``weights`` (days,).
    """
    count, days = predicted[0].shape[:2]
    root = np.sqrt(weights)[:, None]
    mixed = _LEANING_DAYS * np.eye(count)
    for told in predicted:
        missed = ((used - told) * root).reshape(count, -1)
        products = missed @ missed.T
        per_day = products.trace() / count / days
        if not np.isfinite(per_day) or per_day <= 0:
            return np.full(count, 1 / count)
        mixed += products / per_day / len(predicted)
    return _least(mixed)


def _least(products: Floats) -> Floats:
    """Return the shares whose mixed errors are least, given the products of errors."""
    held = np.arange(len(products))
    while True:
        found = np.linalg.solve(products[np.ix_(held, held)], np.ones(held.size))
        if found.min() >= 0:
            break
        held = np.delete(held, found.argmin())
    told = np.zeros(len(products))
    told[held] = found / found.sum()
    return told
