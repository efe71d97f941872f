# SPDX-License-Identifier: EUPL-1.2
"""Repeats: what to make of a message whose key has come before."""

import sqlite3

from edge_gateway.intake.arrival import Arrival
from edge_gateway.store import boots, messages


def judge(
    db: sqlite3.Connection,
    boot_id: int,
    number: int | None,
    arrival: Arrival,
    content: messages.Content,
) -> str | None:
    """Return the tally of a key that was stored before, under ``number``: a repeat, or a conflict.

    None for one that was stepped over: it was believed lost and comes after all. A message whose
    row has been deleted by age is a repeat, whatever it says; but one that is released from
    quarantine was hardly ever stored, and if it was, the cloud knows.
    """
    sequence = content[1]["seq"]
    if number is None:
        stored = messages.waiting_content(db, boot_id, sequence)
    else:
        stored = messages.content(db, number)
    if stored is not None:
        return "repeated" if stored == content else "conflicts"
    is_deleted = not arrival.is_released and sequence <= boots.pruned(db, boot_id)
    return "repeated" if is_deleted else None
