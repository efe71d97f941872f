# SPDX-License-Identifier: EUPL-1.2
"""Quality: why a reading or a usage is not plain good. A set of bits; 0 is good."""

GOOD = 0
RECONSTRUCTED = 1  # the node did not know the time; the gateway worked it out
CLOCK_HELD = 2  # the node had known the time once, but not confirmed it for long
ESTIMATED = 4  # interpolated between readings, or filled by profile
MISSING = 8  # nothing is known; never to be shown as zero
IMPORTED = 16  # came from a file or another system, not from a node
EDITED = 32  # a person changed it, with a reason
SUSPECT = 64  # a finding hangs on it

NAMES = (
    (RECONSTRUCTED, "reconstructed"),
    (CLOCK_HELD, "clock_held"),
    (ESTIMATED, "estimated"),
    (MISSING, "missing"),
    (IMPORTED, "imported"),
    (EDITED, "edited"),
    (SUSPECT, "suspect"),
)
ALL = 127


def names(quality: int) -> "list[str]":
    """Return the names of the bits set; empty for good."""
    return [name for bit, name in NAMES if quality & bit]
