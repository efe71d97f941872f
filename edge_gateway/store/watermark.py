# SPDX-License-Identifier: EUPL-1.2
"""Watermark: up to which number nothing is missing, and what beyond it is settled already."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Range = tuple[int, int]  # first and last, both included


class Watermark:
    """Up to which number nothing is missing, and which ranges beyond it are settled too.

    A sequence of a boot is settled when its message is stored or known never to come; a number of
    the outbox, when the cloud has it. Ranges, not single numbers, so that a node that lost a
    million messages costs no more than one that lost two.
    """

    __slots__ = ("_firsts", "_lasts", "contiguous")

    def __init__(self, contiguous: int = 0, ahead: Iterable[Range] = ()) -> None:
        self.contiguous = contiguous
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ahead:
            self.settle(first, last)

    @property
    def ahead(self) -> list[Range]:
        """The ranges beyond, in order."""
        return list(zip(self._firsts, self._lasts, strict=True))

    @property
    def highest(self) -> int:
        """The highest number that is settled."""
        return self._lasts[-1] if self._lasts else self.contiguous

    def settle(self, first: int, last: int) -> None:
        """Count the numbers ``first`` to ``last``, both included, as settled."""
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

    def __contains__(self, number: int) -> bool:
        """Return whether ``number`` is settled."""
        if number <= self.contiguous:
            return True
        place = bisect_left(self._lasts, number)
        return place < len(self._lasts) and self._firsts[place] <= number
