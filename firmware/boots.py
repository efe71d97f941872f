# SPDX-License-Identifier: EUPL-1.2
"""The boot counter: grows by at least one with every boot, whatever the last one left behind."""

from firmware import durable, journal

_FILE = "boot"


def next_boot(flash, first_boot):
    """Return the number of this boot; it is on flash, so no later boot can have it again."""
    boot = max(
        first_boot,
        (durable.load(flash, _FILE) or 0) + 1,
        journal.newest_boot(flash) + 1,  # where the counter's file was lost
    )
    durable.save(flash, _FILE, boot)
    return boot
