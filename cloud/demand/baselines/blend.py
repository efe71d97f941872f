# SPDX-License-Identifier: EUPL-1.2
"""Candidates mixed by how well each predicted what it hadn't seen.

Weights are never negative and sum to one; they lean towards equal shares, the more so the less has
been seen, for the best of a few months is often the best by chance.
Source: Breiman (1996), stacked regressions; Van der Laan, Polley and Hubbard (2007).
"""

import numpy as np

from cloud.demand.series import Floats

_LEANING_DAYS = 60.0  # of evidence that equal shares count for


def shares(predicted: Floats, used: Floats, weights: Floats) -> Floats:
    """Return the share of each candidate.

    ``predicted`` is (candidates, days, hours), each day without that day's own evidence; ``used``
    (days, hours); ``weights`` (days,).
    """
    count, days = predicted.shape[:2]
    root = np.sqrt(weights)[:, None]
    missed = ((used - predicted) * root).reshape(count, -1)
    products = missed @ missed.T
    per_day = products.trace() / count / days
    if not np.isfinite(per_day) or per_day <= 0:
        return np.full(count, 1 / count)
    return _least(products / per_day + _LEANING_DAYS * np.eye(count))


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
