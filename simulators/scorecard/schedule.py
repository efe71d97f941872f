# SPDX-License-Identifier: EUPL-1.2
"""What goes wrong and when, the same for every system, decided by a seed.

Each kind strikes in slots of its own, so that none ends another of its kind; kinds overlap freely.
The last fault is always the same: the uplink is cut for the last fifth of the sending, and what is
held back by then is the backlog whose draining is timed.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

LONG_CUT_SHARE = 0.2  # of the time in which telegrams are sent
SHORTEST_S = 0.2


class Kind(StrEnum):
    """What can be done to a system; see README.md for how it is done to each."""

    UPLINK_CUT = "uplink_cut"
    UPLINK_BLACK_HOLE = "uplink_black_hole"
    BROKER_RESTART = "broker_restart"
    GATEWAY_KILL = "gateway_kill"
    BACKEND_DOWN = "backend_down"
    DISK_FULL = "disk_full"


@dataclass(frozen=True, kw_only=True)
class Strike:
    """One fault: when, and for how long where it lasts."""

    at_s: float
    kind: Kind
    lasts_s: float = 0.0


# Kinds that would end each other share a lane; of its lane's time a fault takes such a share.
_LANES: tuple[tuple[tuple[Kind, ...], float], ...] = (
    ((Kind.UPLINK_CUT, Kind.UPLINK_BLACK_HOLE), 0.4),
    ((Kind.BACKEND_DOWN,), 0.2),
    ((Kind.DISK_FULL,), 0.2),
    ((Kind.BROKER_RESTART,), 0.0),
    ((Kind.GATEWAY_KILL,), 0.0),
)
_WHILE_UPLINK_IS_THERE = {Kind.UPLINK_CUT, Kind.UPLINK_BLACK_HOLE, Kind.BACKEND_DOWN}


def schedule(
    seed: int, duration_s: float, faults: int, kinds: Collection[Kind] = tuple(Kind)
) -> list[Strike]:
    """Return ``faults`` strikes in ``duration_s``, evenly of all kinds, sorted by time.

    Of those only the strikes of ``kinds``: what one kind does alone is told by the same schedule.
    """
    if faults < 1:
        return []
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    long_cut_at_s = duration_s * (1 - LONG_CUT_SHARE)
    strikes = [Strike(at_s=long_cut_at_s, kind=Kind.UPLINK_CUT, lasts_s=duration_s - long_cut_at_s)]
    counts = {kind: (faults - 1 + at) // len(Kind) for at, kind in enumerate(Kind)}
    for lane, share in _LANES:
        drawn = [kind for kind in lane for _ in range(counts[kind])]
        dice.shuffle(drawn)
        until_s = long_cut_at_s if lane[0] in _WHILE_UPLINK_IS_THERE else duration_s
        strikes += _in_slots(dice, drawn, share, until_s)
    chosen = (strike for strike in strikes if strike.kind in kinds)
    return sorted(chosen, key=lambda strike: strike.at_s)


def _in_slots(
    dice: random.Random, kinds: Sequence[Kind], share: float, until_s: float
) -> list[Strike]:
    strikes = []
    for at, kind in enumerate(kinds):
        slot_s = until_s / len(kinds)
        lasts_s = 0.0
        if share:
            lasts_s = min(slot_s, max(SHORTEST_S, slot_s * share * dice.uniform(0.5, 1.5)))
        begins_s = slot_s * at + dice.uniform(0, slot_s - lasts_s)
        strikes.append(Strike(at_s=begins_s, kind=kind, lasts_s=lasts_s))
    return strikes
