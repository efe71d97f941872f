# SPDX-License-Identifier: EUPL-1.2
"""A reader of SenML (RFC 8428): resolves packs, and refuses what the RFC forbids."""

import re
from typing import Any

VALUES = ("v", "vs", "vb", "vd", "s")
LABELS = {"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "t", "ut", *VALUES}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")  # section 4.5.1
ABSOLUTE_S = 2**28  # section 4.5.3: below, a time is relative to now
VERSION = 10


def resolved(pack: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of ``pack`` with all base fields worked in (section 4.6)."""
    base: dict[str, Any] = {}
    records = []
    for record in pack:
        assert set(record) <= LABELS, record
        base |= {label: content for label, content in record.items() if label.startswith("b")}
        assert base.get("bver", VERSION) <= VERSION
        told = {label: record[label] for label in VALUES if label in record}
        if not told:
            assert set(record) <= {"bn", "bt", "bu", "bver"}, f"{record} says nothing"
            continue
        assert len(set(told) - {"s"}) <= 1, f"{record} has two values"
        name = base.get("bn", "") + record.get("n", "")
        assert NAME.fullmatch(name), name
        one = {"n": name, **told}
        if unit := record.get("u", base.get("bu")):
            one["u"] = unit
        time_s = base.get("bt", 0) + record.get("t", 0)
        if time_s:
            assert time_s >= ABSOLUTE_S, f"{record} is timed from now"
            one["t"] = time_s
        records.append(one)
    return records
