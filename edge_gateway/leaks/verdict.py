# SPDX-License-Identifier: EUPL-1.2
"""What a rule may answer. Amounts are ml of water or gas, mWh of electricity; flows per hour."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A rule has found something. ``confidence`` is our judgement in percent, not a statistic.

    ``hours`` are the times that convinced it, as (started_at_s, amount), at most six. ``kind`` is
    set where what the rule saw is another rule's kind of leak.
    """

    started_at_s: int
    flow: int
    flow_low: int
    flow_high: int
    volume: int
    confidence: int
    explanation: str
    ordinary_use: str
    clears_when: str
    hours: tuple[tuple[int, int], ...] = ()
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What a rule had found is over; ``volume`` was lost in all."""

    volume: int
    explanation: str


Verdict = Raised | Cleared
