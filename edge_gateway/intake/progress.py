# SPDX-License-Identifier: EUPL-1.2
"""How far each boot of each node has come, and where its latest messages are.

A commit writes only what came: a watermark, and the place of a message by its key, follow from the
rows that came since they were last written, and are written now and then for many rows at once.
"""

import sqlite3
from collections import defaultdict

from edge_gateway.store import boots, messages
from edge_gateway.store.watermark import Watermark

MAX_CACHED_BOOTS = 4096

BootKey = tuple[str, int]  # (node_id, boot)


class Progress:
    """The watermarks that a batch needs, which of them it has touched, and what is not settled."""

    def __init__(self) -> None:
        self._watermarks: dict[BootKey, tuple[int, Watermark]] = {}
        self._touched: set[BootKey] = set()
        self._moved: set[BootKey] = set()
        self._latest: dict[int, dict[int, int]] = defaultdict(dict)  # number by boot and sequence
        self.unsettled = 0

    def of(self, db: sqlite3.Connection, node_id: str, boot: int) -> tuple[int, Watermark]:
        """Return the number and the watermark of a boot, which can then be acknowledged."""
        key = (node_id, boot)
        self._touched.add(key)
        if key not in self._watermarks:
            found = boots.find(db, node_id, boot)
            watermark = Watermark(
                found.contiguous, boots.ahead(db, found.boot_id, found.contiguous)
            )
            for sequence in self._latest.get(found.boot_id, ()):
                watermark.settle(sequence, sequence)
            self._watermarks[key] = (found.boot_id, watermark)
            self.unsettled += 1
        return self._watermarks[key]

    def put(self, key: BootKey, boot_id: int, sequence: int, number: int) -> None:
        """Remember where a message is."""
        self._moved.add(key)
        self._latest[boot_id][sequence] = number
        self.unsettled += 1

    def place(self, db: sqlite3.Connection, boot_id: int, sequence: int) -> int | None:
        """Return the number of a stored message, or None."""
        number = self._latest.get(boot_id, {}).get(sequence)
        return messages.place(db, boot_id, sequence) if number is None else number

    def step_over(
        self, db: sqlite3.Connection, node_id: str, boot: int, first: int, last: int
    ) -> bool:
        """Settle a range that will have no message; return whether that was news."""
        _, watermark = self.of(db, node_id, boot)
        if last <= watermark.contiguous:
            return False
        watermark.settle(first, last)
        self._moved.add((node_id, boot))
        boots.step_over(db, node_id, boot, first, last)
        return True

    def take_touched(self) -> dict[BootKey, int]:
        """Return the watermarks touched since the last call, to be acknowledged."""
        touched = {key: self._watermarks[key][1].contiguous for key in self._touched}
        self._touched.clear()
        return touched

    def settle(self, db: sqlite3.Connection) -> None:
        """Write down watermarks and places."""
        boots.settle(
            db,
            [
                (boot_id, watermark.contiguous)
                for boot_id, watermark in (self._watermarks[key] for key in self._moved)
            ],
        )
        messages.settle_places(
            db,
            [
                (boot_id, sequence, number)
                for boot_id in sorted(self._latest)
                for sequence, number in sorted(self._latest[boot_id].items())
            ],
        )
        self._moved.clear()
        self._latest.clear()
        self.unsettled = 0
        if len(self._watermarks) > MAX_CACHED_BOOTS:
            self._watermarks = {key: self._watermarks[key] for key in self._touched}

    def forget(self) -> None:
        """Forget everything; the store tells it again."""
        self.__init__()  # type: ignore[misc]
