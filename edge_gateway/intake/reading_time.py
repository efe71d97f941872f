# SPDX-License-Identifier: EUPL-1.2
"""When a message was read: as it says, or worked out from when its boot began.

A node that does not know the time yet dates by seconds since its boot. Its first live status says
how long it has been up, and so when the boot began, to within the delay of that message.
"""

import sqlite3

from edge_gateway.store import anchors, messages
from wire import quality, telegram
from wire.errors import WireError
from wire.event import Event
from wire.status import Status
from wire.telegram import Telegram

MAX_UP_S = 10 * 366 * 86400  # a longer uptime than ten years is a broken counter


def check(message: Telegram | Event) -> None:
    """Raise WireError if a boot-relative time is more than any node can have been up."""
    if message.time_quality == telegram.TIME_SINCE_BOOT and message.time_s > MAX_UP_S:
        raise WireError(f"Field t is {message.time_s} s since boot, over ten years.")


def boot_at_ms(received_at_ms: int, up_ms: int) -> int:
    """Return when the boot began, from a status that has just come, or raise WireError."""
    if up_ms > MAX_UP_S * 1000:
        raise WireError(f"Field up_ms is {up_ms}, over ten years.")
    return received_at_ms - up_ms


def read_at(db: sqlite3.Connection, message: Telegram | Event) -> tuple[int | None, int]:
    """Return (Unix s, quality); None for the time while the beginning of its boot is unknown."""
    if message.time_quality == telegram.TIME_KNOWN:
        return message.time_s, quality.GOOD
    if message.time_quality == telegram.TIME_HELD:
        return message.time_s, quality.CLOCK_HELD
    began_at_ms = anchors.read(db, message.node_id, message.boot)
    if began_at_ms is None:
        return None, quality.RECONSTRUCTED
    return since_boot(began_at_ms, message.time_s), quality.RECONSTRUCTED


def since_boot(began_at_ms: int, elapsed_s: int) -> int:
    """Return the Unix time in s, ``elapsed_s`` after the boot."""
    return (began_at_ms + 500) // 1000 + elapsed_s


def place_ended_boots(db: sqlite3.Connection, said: Status) -> bool:
    """Anchor the boots that ended without ever having been anchored; return whether any did.

    A node says of which boot the oldest message is that it still holds, so that nothing of an
    earlier one will come any more. Such a boot is placed as late as it can have been: so that its
    last message falls on the beginning of the next boot. That is an upper bound; the node may have
    lain without power in between, and nothing on record tells how long.
    """
    has_placed = False
    for boot in messages.undated_boots(db, said.node_id, said.boot):
        following = anchors.next_after(db, said.node_id, boot)
        # One that may go on has no length yet, and one that a run of the machine saw is placed with
        # that; earlier ones wait for it, so that boots keep their order.
        if boot >= said.held_boot or anchors.is_sighted(db, said.node_id, boot):
            break
        if following is None:
            continue
        next_boot, next_boot_at_ms = following
        began_at_ms = next_boot_at_ms - messages.undated_s(db, said.node_id, boot, next_boot) * 1000
        anchors.insert(db, said.node_id, boot, began_at_ms, anchors.FROM_NEXT_BOOT)
        has_placed = True
    return has_placed
