# SPDX-License-Identifier: EUPL-1.2
"""Screening: which raw registers count, and where a register epoch ends.

A step from one reading to the next is plain when the register grew by no more than the meter can do
in that time. Where all steps are plain, all readings count: that is one vectorised look. Around a
step that isn't, the cheapest explanation is sought, see ``steps``: up to three readings that fit
nothing are spikes, four that agree with each other are the truth after a break. What can't be told
yet at the end of a series waits, ``UNCONFIRMED``.

The verdict on a reading depends on its neighbourhood alone. A reading with WING plain steps on
either side, an anchor, is part of every cheapest explanation, since jumping over it would leave out
more than a break costs. What lies on one side of an anchor therefore has no say on the other side,
and a part of a history is screened exactly as the whole.

Source: IEC 61968-9 for rollover and reset of registers; that the search is a shortest path, and its
costs, are our choice. Limits: a spike that stays inside the physical maximum and below the next
reading is not told from use; a register that rolled over twice between two readings did so once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import cached_property

import numpy as np

from cloud.validation.series import Integers, Limits, Mask
from cloud.validation.steps import Steps, cheapest_path

WING = 4  # plain steps: 1 + WING readings cost more than a break, 1 + 2 * WING more than two


class Verdict(IntEnum):
    """What became of a reading; all but ACCEPTED are left out of usage.

    SPIKE_UP and SPIKE_DOWN: above what came before and after, below both. ABOVE_MAXIMUM: between
    them, but reached or left faster than the meter can. CONTRADICTS: another reading of the same
    instant, under an earlier key, says otherwise. EXCLUDED: an editor said so.
    """

    ACCEPTED = 0
    SPIKE_UP = 1
    SPIKE_DOWN = 2
    ABOVE_MAXIMUM = 3
    UNCONFIRMED = 4
    CONTRADICTS = 5
    EXCLUDED = 6


class BreakKind(StrEnum):
    """Why a register epoch ended: only over a rollover is use known."""

    ROLLOVER = "rollover"
    RESET = "reset"
    JUMP = "jump"


@dataclass(frozen=True, kw_only=True)
class KnownBreak:
    """A rollover or reset that somebody recorded: it lies before the reading at ``index``."""

    index: int
    kind: BreakKind


@dataclass(frozen=True, kw_only=True)
class Break:
    """The end of a register epoch.

    ``before`` is the place of the last reading of the old epoch, ``index`` that of the first of the
    new one; ``modulus`` is where the register rolled over, None for other kinds.
    """

    before: int
    index: int
    kind: BreakKind
    register_before: int
    register_after: int
    modulus: int | None = None
    is_recorded: bool = False


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The readings that part what is before them from what is after, and their wings' ends.

    Places of readings: whatever comes or goes before ``first`` and after ``last``, the anchor at
    ``place`` stays one.
    """

    place: Integers
    first: Integers
    last: Integers

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True, kw_only=True)
class Screened:
    """What screening says of each reading.

    ``continuous`` is the register as if it had never rolled over; it stands still over a reset or a
    jump, where use is unknown. Of a reading left out it is that of the accepted one before it.
    """

    verdict: Integers
    epoch: Integers
    continuous: Integers
    breaks: tuple[Break, ...]
    anchors: Anchors

    @cached_property
    def accepted(self) -> Integers:
        """The places of the readings that count."""
        return np.flatnonzero(self.verdict == Verdict.ACCEPTED)


def screen(
    read_at_s: Integers,
    register: Integers,
    limits: Limits,
    known_breaks: Sequence[KnownBreak] = (),
    forced_out: Mask | None = None,
    forced_in: Mask | None = None,
) -> Screened:
    """Say of each register in order of (read_at, boot, sequence) whether it counts.

    ``forced_out`` and ``forced_in`` are an editor's word: such a reading never counts, or always
    does, even if it grew beyond the physical maximum.
    """
    count = len(read_at_s)
    verdict = np.zeros(count, dtype=np.int64)
    forced_in = np.zeros(count, dtype=bool) if forced_in is None else forced_in
    if forced_out is not None:
        verdict[forced_out] = Verdict.EXCLUDED
        forced_in = forced_in & ~forced_out
    resets = _recorded(count, known_breaks, BreakKind.RESET)
    verdict[_contradicting(read_at_s, register, resets, forced_in, verdict)] = Verdict.CONTRADICTS
    places = np.flatnonzero(verdict == Verdict.ACCEPTED)
    steps = Steps(
        read_at_s=read_at_s[places],
        register=register[places],
        forced_in=forced_in[places],
        resets=resets[places],
        rollovers=_recorded(count, known_breaks, BreakKind.ROLLOVER)[places],
        limits=limits,
    )
    is_plain = steps.plain(np.arange(len(places) - 1), np.arange(1, len(places)))
    anchors = _anchors(is_plain)
    for start, end in _zones(is_plain, anchors):
        fixed = np.isin([start, end], anchors)
        path = cheapest_path(steps, start, end, from_start=bool(fixed[0]), to_end=bool(fixed[1]))
        for place in np.setdiff1d(np.arange(start, end + 1), path).tolist():
            verdict[places[place]] = _why(steps.register, place, path)
    parted = Anchors(
        place=places[anchors], first=places[anchors - WING], last=places[anchors + WING]
    )
    return _screened(verdict, parted, steps, places, known_breaks)


def _recorded(count: int, known_breaks: Sequence[KnownBreak], kind: BreakKind) -> Integers:
    """Return how many recorded breaks of a kind lie before each reading."""
    at = np.zeros(count + 1, dtype=np.int64)
    for one in known_breaks:
        at[one.index] += (one.kind == BreakKind.ROLLOVER) == (kind == BreakKind.ROLLOVER)
    return np.cumsum(at)[:count]


def _contradicting(
    read_at_s: Integers, register: Integers, resets: Integers, forced_in: Mask, verdict: Integers
) -> Integers:
    """Return the places of readings that another one of the same instant contradicts."""
    if not (np.diff(read_at_s) == 0).any():
        return np.empty(0, dtype=np.int64)
    places = np.flatnonzero(verdict == Verdict.ACCEPTED)
    is_new = (np.diff(read_at_s[places]) != 0) | (np.diff(resets[places]) != 0)
    instant = np.concatenate(([0], np.cumsum(is_new)))
    # the word that counts at an instant: the first, or the first that an editor accepted
    order = np.lexsort((places, ~forced_in[places], instant))
    _, first = np.unique(instant[order], return_index=True)
    leading = register[places[order[first]]]
    other: Integers = places[register[places] != leading[instant]]
    return other


def _anchors(is_plain: Mask) -> Integers:
    """Return the readings with WING plain steps on either side."""
    plain_before = np.concatenate(([0], np.cumsum(is_plain)))
    if len(plain_before) <= 2 * WING:
        return np.empty(0, dtype=np.int64)
    steps = plain_before[2 * WING :] - plain_before[: -2 * WING]
    return np.flatnonzero(steps == 2 * WING) + WING


def _zones(is_plain: Mask, anchors: Integers) -> list[tuple[int, int]]:
    """Return the spans [first, last] from anchor to anchor that hold a step that isn't plain."""
    broken = np.flatnonzero(~is_plain)
    bounds = np.concatenate(([0], anchors, [len(is_plain)]))
    left = bounds[np.searchsorted(anchors, broken, "right")]
    right = bounds[np.searchsorted(anchors, broken + 1, "left") + 1]
    return sorted(set(zip(left.tolist(), right.tolist(), strict=True)))


def _why(register: Integers, place: int, path: Integers) -> Verdict:
    """Return why a reading is none of those accepted."""
    following = int(np.searchsorted(path, place))
    if following == len(path):
        return Verdict.UNCONFIRMED
    around = register[path[max(following - 1, 0) : following + 1]]
    if register[place] > around.max():
        return Verdict.SPIKE_UP
    if following and register[place] < around.min():
        return Verdict.SPIKE_DOWN
    return Verdict.ABOVE_MAXIMUM


def _screened(
    verdict: Integers,
    anchors: Anchors,
    steps: Steps,
    places: Integers,
    known_breaks: Sequence[KnownBreak],
) -> Screened:
    """Find the breaks between accepted readings, and unwrap the register."""
    within = np.flatnonzero(verdict[places] == Verdict.ACCEPTED)
    accepted = places[within]
    epoch = np.zeros(len(within), dtype=np.int64)
    gained = np.zeros(len(within), dtype=np.int64)
    breaks = []
    for index in np.flatnonzero(~steps.plain(within[:-1], within[1:])).tolist():
        found = _break(steps, within[index : index + 1], within[index + 1 : index + 2], places)
        recorded = any(found.before < one.index <= found.index for one in known_breaks)
        breaks.append(replace(found, is_recorded=recorded))
        epoch[index + 1] = 1
        gained[index + 1] = found.modulus or found.register_before - found.register_after
    last = np.maximum(np.searchsorted(accepted, np.arange(len(verdict)), "right") - 1, 0)
    unwrapped = steps.register[within] + np.cumsum(gained)
    return Screened(
        verdict=verdict,
        epoch=np.cumsum(epoch)[last] if len(within) else np.zeros_like(verdict),
        continuous=unwrapped[last] if len(within) else np.zeros_like(verdict),
        breaks=tuple(breaks),
        anchors=anchors,
    )


def _break(steps: Steps, earlier: Integers, later: Integers, places: Integers) -> Break:
    old, new = int(steps.register[earlier[0]]), int(steps.register[later[0]])
    modulus = int(steps.moduli(earlier, later)[0]) or None
    kind = BreakKind.RESET if new < old else BreakKind.JUMP
    if steps.resets[earlier[0]] != steps.resets[later[0]]:
        kind = BreakKind.RESET
    return Break(
        before=int(places[earlier[0]]),
        index=int(places[later[0]]),
        kind=BreakKind.ROLLOVER if modulus else kind,
        register_before=old,
        register_after=new,
        modulus=modulus,
    )
