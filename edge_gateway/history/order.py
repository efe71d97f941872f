# SPDX-License-Identifier: EUPL-1.2
"""Order: readings sorted by meter and time on the disk, so that memory does not grow with them.

Each block is sorted by itself and written away; what a meter has in several blocks is merged while
it is read. 16 bytes of disk a reading, in a folder that is deleted at the end.
"""

import heapq
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import polars as pl

AT_ONCE = 4096  # readings of one block in memory, while merging
NUMBER = "q"  # 64 bits
NUMBER_BYTES = array(NUMBER).itemsize

Reading = tuple[int, int]  # (Unix s, thousandths)
Segment = tuple[int, int]  # (first, count) in the files


class Ordered:
    """The readings of many meters; a context manager, for its files.

    Of two readings of one meter at one time, the one that came first is first.
    """

    def __init__(self, blocks: Iterable[pl.DataFrame]) -> None:
        self._blocks = blocks
        self._segments: dict[str, list[Segment]] = defaultdict(list)
        self._count = 0

    def __enter__(self) -> Self:
        """Read and sort all blocks."""
        self._folder = tempfile.TemporaryDirectory(prefix="iskar-replay-")
        try:
            self._times = self._file("times")
            self._registers = self._file("registers")
            for block in self._blocks:
                self._put(block.sort("meter_id", "at_s", maintain_order=True))
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Delete the files."""
        self._times.close()
        self._registers.close()
        self._folder.cleanup()

    def meters(self) -> list[str]:
        """Return the meters, in the order of their names."""
        return sorted(self._segments)

    def of(self, meter_id: str) -> Iterator[Reading]:
        """Yield a meter's readings, oldest first."""
        return heapq.merge(
            *map(self._read, self._segments[meter_id]), key=lambda reading: reading[0]
        )

    def _file(self, name: str) -> BinaryIO:
        return (Path(self._folder.name) / name).open("w+b")

    def _put(self, block: pl.DataFrame) -> None:
        array(NUMBER, block["at_s"].to_list()).tofile(self._times)
        array(NUMBER, block["register"].to_list()).tofile(self._registers)
        runs = block["meter_id"].rle().struct.unnest()
        for count, meter_id in zip(runs["len"], runs["value"], strict=True):
            self._segments[meter_id].append((self._count, count))
            self._count += count

    def _read(self, segment: Segment) -> Iterator[Reading]:
        first, count = segment
        for start in range(first, first + count, AT_ONCE):
            some = min(AT_ONCE, first + count - start)
            yield from zip(
                *(self._slice(file, start, some) for file in (self._times, self._registers)),
                strict=True,
            )

    def _slice(self, file: BinaryIO, first: int, count: int) -> "array[int]":
        numbers = array(NUMBER)
        file.seek(first * NUMBER_BYTES)
        numbers.fromfile(file, count)
        return numbers
