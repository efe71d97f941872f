# SPDX-License-Identifier: EUPL-1.2
"""What a rule is shown, and what it may answer."""

from dataclasses import dataclass

COMMONEST_Q3_L_PER_H = 2500  # of a home's meter, DN 15; assumed until the cloud has told


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What is known of the instrument.

    ``q3_l_per_h`` is its permanent flow rate, the highest it is made for (ISO 4064-1, Q3);
    ``households`` is None for premises that are not homes, or unknown.
    """

    meter_id: str | None = None
    q3_l_per_h: int = COMMONEST_Q3_L_PER_H
    households: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The time between two readings next to each other, and the volume that passed in it."""

    started_at_s: int
    ended_at_s: int
    volume_ml: int
    step_ml: int  # what the register's steps so far are all multiples of; at least its resolution

    @property
    def length_s(self) -> int:
        """Return how long it lasted; never 0."""
        return self.ended_at_s - self.started_at_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A rule has found something. ``confidence`` is our judgement in percent, not a statistic."""

    started_at_s: int
    flow_l_per_h: int
    volume_l: int
    confidence: int
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What a rule had found is over; ``volume_l`` passed in all."""

    volume_l: int
    explanation: str
