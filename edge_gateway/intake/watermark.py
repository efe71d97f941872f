# SPDX-License-Identifier: EUPL-1.2
"""The contiguous watermark of one boot of one node."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable


class Watermark:
    """Up to which sequence nothing is missing, and which ranges beyond it are settled too.

    A sequence is settled when its message is stored or known never to come. Ranges, not single
    numbers, so that a node that lost a million messages costs no more than one that lost two.
    """

    __slots__ = ("_firsts", "_lasts", "contiguous")

    def __init__(self, contiguous: int = 0, ahead: Iterable[tuple[int, int]] = ()) -> None:
        self.contiguous = contiguous
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ahead:
            self.settle(first, last)

    def settle(self, first: int, last: int) -> None:
        """Count the sequences ``first`` to ``last``, both included, as settled."""
        first = max(first, self.contiguous + 1)
        if last < first:
            return
        begin = bisect_left(self._lasts, first - 1)  # the ranges that overlap or touch this one
        end = bisect_right(self._firsts, last + 1)
        if begin < end:
            first = min(first, self._firsts[begin])
            last = max(last, self._lasts[end - 1])
        self._firsts[begin:end] = [first]
        self._lasts[begin:end] = [last]
        if self._firsts[0] == self.contiguous + 1:
            self.contiguous = self._lasts.pop(0)
            self._firsts.pop(0)

    def __contains__(self, sequence: int) -> bool:
        """Return whether ``sequence`` is settled."""
        if sequence <= self.contiguous:
            return True
        place = bisect_left(self._lasts, sequence)
        return place < len(self._lasts) and self._firsts[place] <= sequence
