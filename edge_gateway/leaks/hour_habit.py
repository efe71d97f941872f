# SPDX-License-Identifier: EUPL-1.2
"""Hour habit: how much a home uses in an hour, by the hour of the day, learned from its own hours.

An hour's litres fall into one of 20 classes, some third wider each. For each hour of the day the
classes are counted (its neighbours count half), on top of what other homes do, which weighs as much
as ten days. Counts are halved once an hour has 120 of them, so habits of four months ago fade.

What an hour holds depends on the hour before it. How, is alike from home to home: ``FOLLOWING``
says how much likelier each class is than usual after an hour of that much.
"""

from array import array
from bisect import bisect_right
from operator import mul

from edge_gateway.leaks.hour_prior import FOLLOWING, OF_OTHERS
from edge_gateway.leaks.table import Table

HOURS_A_DAY = 24
# Where classes begin, in l; the first is a still hour.
CLASSES_L = (0, 1, 2, 3, 4, 6, 9, 13, 19, 27, 38, 54, 76, 107, 150, 210, 300, 420, 600, 1200)
LAST_CLASS_ENDS_L = 5000
WIDTHS_L = tuple(
    end - start for start, end in zip(CLASSES_L, (*CLASSES_L[1:], LAST_CLASS_ENDS_L), strict=True)
)
BEFORE_L = (0, 1, 3, 9, 27, 76, 210)  # where the classes of the hour before begin
PRIOR_HOURS = 10  # what other homes do weighs as much as so many hours of one's own
MOST_COUNTED = 120
COUNT = 2  # so that halving loses less
# An hour's own counts weigh twice, those of its neighbours once.
_PRIOR = tuple(
    tuple(share * (PRIOR_HOURS * 2 * COUNT / sum(shares)) for share in shares)
    for shares in OF_OTHERS
)


def fresh() -> Table:
    """Return what is remembered of a home before its first hour."""
    return Table(HOURS_A_DAY * len(CLASSES_L))


def learn(counts: Table, hour: int, litres: float) -> None:
    """Count one more hour."""
    start, stop = hour * len(CLASSES_L), (hour + 1) * len(CLASSES_L)
    row = counts.part(start, stop)
    if sum(row) >= COUNT * MOST_COUNTED:
        counts.put(start, [count // 2 for count in row])
    counts[start + class_of(litres)] += COUNT


def weights(counts: Table, hour: int) -> list[float]:
    """Return what each class weighs in this hour of the day: as they are likely, up to a factor."""
    before, after = _row(counts, (hour - 1) % HOURS_A_DAY), _row(counts, (hour + 1) % HOURS_A_DAY)
    return [
        2 * here + left + right + prior
        for here, left, right, prior in zip(
            _row(counts, hour), before, after, _PRIOR[hour], strict=True
        )
    ]


def _row(counts: Table, hour: int) -> "array[int]":
    return counts.part(hour * len(CLASSES_L), (hour + 1) * len(CLASSES_L))


def class_of(litres: float) -> int:
    """Return the class that an hour of so many litres belongs to."""
    return bisect_right(CLASSES_L, litres) - 1


def class_before(litres: float) -> int:
    """Return the class of the hour before that an hour of so many litres belongs to."""
    return bisect_right(BEFORE_L, litres) - 1


def chances(weights_now: list[float], before: int) -> list[float]:
    """Return how likely each class is, now that the class of the hour before is known."""
    likely = list(map(mul, weights_now, FOLLOWING[before]))
    whole = sum(likely)
    return [one / whole for one in likely]
