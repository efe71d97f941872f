# SPDX-License-Identifier: EUPL-1.2
"""Labels: what an owner called ordinary, and whether what flows now is the same again.

A use is similar when it is of the same group, about as strong, not half as long again, and, where
it lasted less than half a day, at about the same time of day. The allowances are our judgement: an
irrigation's flow follows the square root of the pressure, so a quarter more flow is half as much
pressure again, and its clock is set by hand.

Limits. Whatever looks just like the labelled use is taken for it: a leak of the same strength in
the same hours is found only once it goes on for longer.
"""

from collections.abc import Iterable
from dataclasses import dataclass

FLOW_ALLOWANCE = 1.25  # times stronger, or weaker
FLOW_ALLOWANCE_L_PER_H = 1  # or W: what rounding does to the weakest
LENGTH_ALLOWANCE = 1.5
TIME_ALLOWANCE_MIN = 120
DAY_MIN = 1440
MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One use as it was seen, without allowances; flows in l/h, of electricity in W.

    From and to are minutes of the local day, to before from where it was over midnight; None where
    it lasted half a day or more.
    """

    label_id: str
    group: str
    flow_low: int
    flow_high: int
    from_minute: int | None
    to_minute: int | None
    length_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What flows now: ``flow`` in l/h or W; ``minute`` of the local day is when it started."""

    group: str
    flow: float
    minute: int
    length_s: int


def is_ordinary(labels: Iterable[Label], use: Use) -> bool:
    """Return whether somebody called such use ordinary."""
    return any(_fits(label, use) and not _is_weaker(label, use) for label in labels)


def is_still_ordinary(labels: Iterable[Label], use: Use) -> bool:
    """Return whether it is still such use; one that grows weaker is no other."""
    return any(_fits(label, use) for label in labels)


def _fits(label: Label, use: Use) -> bool:
    strongest = label.flow_high * FLOW_ALLOWANCE + FLOW_ALLOWANCE_L_PER_H
    return (
        label.group == use.group
        and use.flow <= strongest
        and use.length_s <= label.length_s * LENGTH_ALLOWANCE
        and _is_in_time(label, use)
    )


def _is_weaker(label: Label, use: Use) -> bool:
    return use.flow < label.flow_low / FLOW_ALLOWANCE - FLOW_ALLOWANCE_L_PER_H


def _is_in_time(label: Label, use: Use) -> bool:
    if label.from_minute is None or label.to_minute is None:
        return True
    window_min = (label.to_minute - label.from_minute) % DAY_MIN + 2 * TIME_ALLOWANCE_MIN
    after_min = (use.minute - label.from_minute + TIME_ALLOWANCE_MIN) % DAY_MIN
    return after_min + use.length_s / MINUTE_S <= window_min
