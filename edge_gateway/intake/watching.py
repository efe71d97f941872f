# SPDX-License-Identifier: EUPL-1.2
"""Watching: readings shown to the leak rules, and what those say written down.

Registers are shown in thousandths of what the utility bills: ml, and mWh.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from edge_gateway.intake.arrival import Finding, Watch
from edge_gateway.store import entries
from wire import batch, reading_types

_THOUSANDTHS = {  # in one of the wire's units
    reading_types.COLD_WATER: 1,
    reading_types.HOT_WATER: 1,
    reading_types.GAS: 1000,
    reading_types.ELECTRICITY_IMPORT: 1000,
}


def show(
    watch: Watch, content: Mapping[str, Any], read_at_s: int, quality: int, now_s: int
) -> Iterator[Finding]:
    """Yield what the leak rules say of the registers of a telegram."""
    for obis, register in content["reg"].items():
        reading_type, _ = reading_types.parse(obis)
        factor = _THOUSANDTHS.get(reading_type)
        if factor is not None:
            yield from watch.look(
                node_id=content["id"],
                obis=obis,
                register=register * factor,
                read_at_s=read_at_s,
                now_s=now_s,
                quality=quality,
            )


def write_down(db: sqlite3.Connection, finding: Finding, now_ms: int) -> Mapping[str, Any]:
    """Add a finding to what travels to the cloud, dated by itself; return its fields."""
    body = finding.body()
    cleared_at_s = body["cleared_at_s"]
    entries.append(
        db,
        kind=batch.FINDING,
        received_at_ms=now_ms,
        read_at_s=body["raised_at_s"] if cleared_at_s is None else cleared_at_s,
        body=body,
    )
    return body
