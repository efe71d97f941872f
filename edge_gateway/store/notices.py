# SPDX-License-Identifier: EUPL-1.2
"""Notices: what the gateway itself has to say to the cloud, numbered in line with all else."""

import sqlite3
from collections.abc import Mapping

from edge_gateway.store import entries
from wire import batch, fields, notice


def append(db: sqlite3.Connection, kind: str, detail: Mapping[str, int | str], now_ms: int) -> int:
    """Put a notice of a kind of ``wire.notice`` in line for the cloud; return its number.

    Texts are made to fit: the reason for a fault is told even if it was worded too long.
    """
    return entries.append(
        db,
        kind=batch.NOTICE,
        received_at_ms=now_ms,
        read_at_s=now_ms // 1000,
        body=notice.body(kind, {name: _fitting(content) for name, content in detail.items()}),
    )


def _fitting(content: int | str) -> int | str:
    if isinstance(content, int):
        return content
    return "".join(one if " " <= one <= "~" else "?" for one in content)[: fields.MAX_TEXT]
