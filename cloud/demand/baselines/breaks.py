# SPDX-License-Identifier: EUPL-1.2
"""Level breaks: the day from which on a building uses more or less than its weather explains."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from cloud.demand.series import Floats, Ints

_MIN_SIDE_DAYS = 45  # on both sides: what is shorter is a holiday or a cold month
_MIN_SHARE = 0.08
_MIN_TOLD = 0.3  # of the errors' variance that a break has to explain
_BLOCK_DAYS = 15
_MIN_BLOCKS = 8


@dataclass(frozen=True, kw_only=True)
class Break:
    """From ``on``, use is higher by ``share`` of itself (lower if negative)."""

    on: date
    share: float


def level_break(number: Ints, used: Floats, predicted: Floats) -> Break | None:
    """Return the largest break in daily use over what was predicted, if it is beyond doubt.

    ``number`` is days since 1970. Means of fortnights are compared, for days follow each other.
    """
    block = (number - number[0]) // _BLOCK_DAYS
    count = np.bincount(block)
    kept = count > _BLOCK_DAYS // 2
    level = predicted.mean()
    if kept.sum() < _MIN_BLOCKS or level <= 0:
        return None
    gaps = (np.bincount(block, weights=used - predicted)[kept] / count[kept]) / level
    side = _MIN_SIDE_DAYS // _BLOCK_DAYS
    best, at = 0.0, 0
    total = float(((gaps - gaps.mean()) ** 2).sum())
    for cut in range(side, gaps.size - side + 1):
        step = gaps[cut:].mean() - gaps[:cut].mean()
        told = step**2 * cut * (gaps.size - cut) / gaps.size
        if told > best:
            best, at = told, cut
    if not at or total <= 0 or best < _MIN_TOLD * total:
        return None
    share = float(gaps[at:].mean() - gaps[:at].mean())
    if abs(share) < _MIN_SHARE:
        return None
    day = int(number[0]) + int(np.flatnonzero(kept)[at]) * _BLOCK_DAYS
    return Break(on=date(1970, 1, 1) + timedelta(days=day), share=share)
