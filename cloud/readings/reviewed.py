# SPDX-License-Identifier: EUPL-1.2
"""What a review of readings takes, and what it leaves: marks, raw readings, usage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cloud.readings.usage import Hours, Integers


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Readings of a channel came in or changed their meaning, from ``since_s`` to ``until_s``.

    Unix s, both included.
    """

    channel_id: int
    since_s: int
    until_s: int


@dataclass(frozen=True, kw_only=True)
class RawReadings:
    """All readings of a channel from ``first_s`` to ``last_s``, in order of their keys.

    ``is_cut``: what was before ``first_s`` is no longer kept. ``mark`` is what they were read for;
    ``rest`` is the part of it that has to wait, since it was too much at once.
    """

    mark: Mark
    rest: Mark | None
    first_s: int
    last_s: int
    is_cut: bool
    read_at_s: Integers
    boot: Integers
    sequence: Integers
    register: Integers
    bits: Integers

    @property
    def asked(self) -> Mark:
        """The mark as it was taken."""
        until_s = self.mark.until_s if self.rest is None else self.rest.until_s
        return replace(self.mark, until_s=until_s)


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The register at the start of a local month, and the readings around it; times in Unix s."""

    at_s: int
    register: int
    bits: int
    before_s: int
    before_register: int
    after_s: int
    after_register: int


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What a review found of one installation over some hours, to be written.

    ``gaps`` are the spans that were filled by profile, [since_s, until_s) each.
    """

    installation_id: int
    channel_id: int
    hours: Hours
    gaps: Sequence[tuple[int, int]]
    boundaries: Sequence[Boundary]

    @property
    def end_s(self) -> int:
        """When the last hour ends, Unix s."""
        return self.hours.first_s + 3600 * len(self.hours.usage)
