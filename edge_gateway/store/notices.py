# SPDX-License-Identifier: EUPL-1.2
"""Notices: what the gateway itself has to say to the cloud, numbered in line with all else."""

import sqlite3
from collections.abc import Mapping

from edge_gateway.store import entries
from wire import batch


def append(db: sqlite3.Connection, kind: str, detail: Mapping[str, int | str], now_ms: int) -> int:
    """Put a notice of a kind of ``wire.notice`` in line for the cloud; return its number."""
    return entries.append(
        db,
        kind=batch.NOTICE,
        received_at_ms=now_ms,
        read_at_s=now_ms // 1000,
        body={"notice": kind, "detail": dict(detail)},
    )
