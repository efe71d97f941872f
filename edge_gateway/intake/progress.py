# SPDX-License-Identifier: EUPL-1.2
"""How far each boot of each node has come: its watermark, mirrored from the store."""

import sqlite3

from edge_gateway.intake.watermark import Watermark
from edge_gateway.store import watermarks

MAX_CACHED_BOOTS = 4096

BootKey = tuple[str, int]  # (node_id, boot)


class Progress:
    """The watermarks that a batch needs, and which of them it has touched."""

    def __init__(self) -> None:
        self._watermarks: dict[BootKey, Watermark] = {}
        self._touched: set[BootKey] = set()

    def of(self, db: sqlite3.Connection, node_id: str, boot: int) -> Watermark:
        """Return the watermark of a boot; it will be saved, and can then be acknowledged."""
        key = (node_id, boot)
        self._touched.add(key)
        if key not in self._watermarks:
            up_to = watermarks.contiguous(db, node_id, boot)
            ahead = watermarks.ahead(db, node_id, boot, up_to)
            self._watermarks[key] = Watermark(up_to, ahead)
        return self._watermarks[key]

    def step_over(
        self, db: sqlite3.Connection, node_id: str, boot: int, first: int, last: int
    ) -> None:
        """Settle a range that will have no message."""
        watermark = self.of(db, node_id, boot)
        if last > watermark.contiguous:
            watermark.settle(first, last)
            watermarks.step_over(db, node_id, boot, first, last)

    def save(self, db: sqlite3.Connection) -> dict[BootKey, int]:
        """Write what the batch touched; return it, to be acknowledged once it is committed."""
        saved = {key: self._watermarks[key].contiguous for key in self._touched}
        for (node_id, boot), up_to in saved.items():
            watermarks.save(db, node_id, boot, up_to)
        self._touched.clear()
        if len(self._watermarks) > MAX_CACHED_BOOTS:
            self._watermarks.clear()
        return saved

    def forget(self) -> None:
        """Forget what was not committed."""
        self._watermarks.clear()
        self._touched.clear()
