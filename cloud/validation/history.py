# SPDX-License-Identifier: EUPL-1.2
"""History: the readings of one installation in a window, screened with all that is on record.

What a person read off the dial (when the meter was put up, taken down or reset) is a reading among
the others, and is screened like them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np

from cloud.meters.epochs import handed_over
from cloud.meters.models import Installation, Meter, RegisterEvent
from cloud.readings.reviewed import RawReadings
from cloud.readings.usage import Integers, Line, Mask, hour_after, hour_before
from cloud.validation.correction import Correction
from cloud.validation.screening import Break, BreakKind, KnownBreak, Screened, Verdict, screen
from cloud.validation.series import About, Limits, RegisterSeries
from wire import quality

OFF_THE_DIAL = -1  # the row of a reading that no node sent
BEYOND_S = 2**40  # later than any reading


@dataclass(frozen=True, kw_only=True)
class OnRecord:
    """What is known of an installation besides its readings.

    ``events`` and ``corrections`` are those that stand; ``neighbours`` are all installations at the
    same service point, this one too. ``has_closed_usage``: it has hours of a period whose readings
    were dropped.
    """

    installation: Installation
    meter: Meter
    reading_type: str
    events: Sequence[RegisterEvent] = ()
    corrections: Sequence[Correction] = ()
    neighbours: Sequence[Installation] = ()
    has_closed_usage: bool = False

    @property
    def limits(self) -> Limits:
        """What the meter can do."""
        return Limits.of(
            self.reading_type,
            max_per_h=self.meter.max_per_h,
            q3_l_per_h=self.meter.q3_l_per_h,
            modulus=self.meter.register_modulus,
        )

    @property
    def start_register(self) -> int | None:
        """What the dial showed when this epoch began, told of it or of the node before."""
        one = self.installation
        told = [one.start_register] + [
            other.final_register
            for other in handed_over(one, self.neighbours)
            if other.valid_to == one.valid_from
        ]
        return next((register for register in told if register is not None), None)

    @property
    def final_register(self) -> int | None:
        """What the dial showed when this epoch ended, told of it or of the node that followed."""
        one = self.installation
        told = [one.final_register] + [
            other.start_register
            for other in handed_over(one, self.neighbours)
            if other.valid_from == one.valid_to
        ]
        return next((register for register in told if register is not None), None)

    @property
    def begin_s(self) -> int:
        """The first second that it holds."""
        return unix(self.installation.valid_from)

    @property
    def end_s(self) -> int:
        """The second that it no longer holds."""
        until = self.installation.valid_to
        return unix(until) if until else BEYOND_S


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a change from one instant to another makes new.

    Hours from ``first_s`` up to ``end_s``; readings and findings from ``since_s`` to ``until_s``,
    both included. ``start`` and ``stop`` are the places of the readings that these follow from.
    """

    first_s: int
    end_s: int
    since_s: int
    until_s: int
    start: int
    stop: int


def unix(at: datetime) -> int:
    """Return the first whole second that is not before ``at``."""
    return math.ceil(at.timestamp())


class History:
    """The screened readings of one installation in a window.

    ``row`` is the place of each in the window's own arrays, or OFF_THE_DIAL.
    """

    def __init__(self, raw: RawReadings, record: OnRecord) -> None:
        self.raw = raw
        self.record = record
        first, end = np.searchsorted(raw.read_at_s, [record.begin_s, record.end_s])
        self.reaches_begin = raw.first_s <= record.begin_s
        self.reaches_end = raw.last_s >= record.end_s - 1
        self.is_cut = raw.is_cut and record.has_closed_usage
        if raw.is_cut and not record.has_closed_usage:
            self.reaches_begin = True
        self.at_s = raw.read_at_s[first:end]
        self.register = raw.register[first:end]
        self.bits = raw.bits[first:end]
        self.row = np.arange(first, end, dtype=np.int64)
        self._known_breaks: list[KnownBreak] = []
        self._add_what_was_read_off()

    def _add_what_was_read_off(self) -> None:
        final_register = self.record.final_register
        if self.reaches_end and final_register is not None:
            self._insert(len(self.at_s), self.record.end_s, final_register)
        for event in sorted(self.record.events, key=lambda event: (event.at, event.event_id)):
            at_s = unix(event.at)
            if not max(self.raw.first_s, self.record.begin_s) <= at_s <= self.raw.last_s:
                continue
            place = int(np.searchsorted(self.at_s, at_s))
            if event.kind == "reset":
                # at one instant the register shows two things: use before it is known, and after
                if event.register_after is not None:
                    self._insert(place, at_s, event.register_after)
                if event.register_before is not None:
                    self._insert(place, at_s, event.register_before)
                    place += 1
                self._known_breaks.append(KnownBreak(index=place, kind=BreakKind.RESET))
            elif event.kind == "rollover":
                self._known_breaks.append(KnownBreak(index=place, kind=BreakKind.ROLLOVER))
        start_register = self.record.start_register
        if self.reaches_begin and start_register is not None:
            self._insert(0, self.record.begin_s, start_register)

    def _insert(self, place: int, at_s: int, register: int) -> None:
        self.at_s = np.insert(self.at_s, place, at_s)
        self.register = np.insert(self.register, place, register)
        self.bits = np.insert(self.bits, place, quality.GOOD)
        self.row = np.insert(self.row, place, OFF_THE_DIAL)
        self._known_breaks = [
            KnownBreak(index=one.index + (one.index >= place), kind=one.kind)
            for one in self._known_breaks
        ]

    @cached_property
    def screened(self) -> Screened:
        """What screening says of each reading."""
        return screen(
            self.at_s,
            self.register,
            self.record.limits,
            self._known_breaks,
            self._said("exclude"),
            self._said("accept"),
        )

    def _said(self, kind: str) -> Mask:
        """Tell of which readings an editor said ``kind``."""
        said = np.zeros(len(self.at_s), dtype=bool)
        for one in self.record.corrections:
            if one.kind == kind:
                said |= (self.at_s >= unix(one.since)) & (self.at_s < unix(one.until))
        said &= self.row != OFF_THE_DIAL
        return said

    @property
    def series(self) -> RegisterSeries:
        """The readings as rules look at them."""
        about = About.of(self.record.meter.meter_id, self.record.reading_type, self.record.limits)
        return RegisterSeries(
            about=about,
            read_at_s=self.at_s,
            register=self.register,
            row=np.arange(len(self.at_s), dtype=np.int64),
        )

    def scope(self, since_s: int, until_s: int) -> Scope | None:
        """Return what a change of readings in [since_s, until_s] makes new.

        None if that can't be told without readings from outside of the window.
        """
        anchors = self.screened.anchors
        at_s = self.at_s[anchors.place]
        before = int(np.searchsorted(self.at_s[anchors.last], since_s)) - 1
        after = int(np.searchsorted(self.at_s[anchors.first], until_s, "right"))
        known = [int(self.at_s[0]), int(self.at_s[-1])] if len(self.at_s) else []
        scope_since_s = int(at_s[before]) if before >= 0 else min(since_s, *known, since_s)
        scope_until_s = int(at_s[after]) if after < len(at_s) else max(until_s, *known, until_s)
        first_s, end_s = hour_before(scope_since_s), hour_after(scope_until_s)
        start = int(np.searchsorted(at_s, first_s, "right")) - 1
        stop = int(np.searchsorted(at_s, end_s))
        if stop == len(at_s) and not self.reaches_end:
            return None
        if start < 0 and not self.reaches_begin:
            if not self.is_cut:
                return None
            # what is left of a closed period says nothing before its first anchor
            start, scope_since_s = 0, max(scope_since_s, int(at_s[0]) if len(at_s) else end_s)
            first_s = hour_after(scope_since_s)
        return Scope(
            first_s=first_s,
            end_s=max(end_s, first_s),
            since_s=scope_since_s,
            until_s=scope_until_s,
            start=int(anchors.place[start]) if 0 <= start < len(at_s) else 0,
            stop=int(anchors.place[stop]) + 1 if stop < len(at_s) else len(self.at_s),
        )

    def bare_scope(self, since_s: int, until_s: int) -> Scope:
        """Return the hours of a change alone, as far as the readings of the window reach.

        For readings that hardly ever fit each other, as when a wrong maximum was told: what they
        change can't be told exactly, and a look at all of them for each new one would take forever.
        """
        first_s, end_s = hour_before(since_s), hour_after(until_s + 1)
        if not self.reaches_begin:
            first_s = max(first_s, hour_after(int(self.at_s[0])))
        if not self.reaches_end:
            end_s = min(end_s, hour_before(int(self.at_s[-1])))
        return Scope(
            first_s=first_s,
            end_s=max(end_s, first_s),
            since_s=since_s,
            until_s=until_s,
            start=0,
            stop=len(self.at_s),
        )

    def points(self, scope: Scope) -> Integers:
        """Return the places of the accepted readings that the scope follows from."""
        accepted = self.screened.accepted
        first, end = np.searchsorted(accepted, [scope.start, scope.stop])
        return accepted[first:end]

    def line(self, scope: Scope) -> Line:
        """Return the continuous register through the points of a scope; gaps are estimates."""
        points = self.points(scope)
        stretches = max(len(points) - 1, 0)
        is_known = np.ones(stretches, dtype=bool)
        bits = np.zeros(stretches, dtype=np.int64)
        for end in self.breaks(scope):
            if end.kind != BreakKind.ROLLOVER:
                stretch = int(np.searchsorted(points, end.before))
                is_known[stretch] = False
                bits[stretch] = 0 if end.is_recorded else quality.SUSPECT
        line = Line(
            at_s=self.at_s[points],
            continuous=self.screened.continuous[points],
            bits=self.bits[points],
            stretch_bits=bits,
            is_known=is_known,
        )
        bits[line.gaps] |= quality.ESTIMATED
        return line

    def breaks(self, scope: Scope) -> list[Break]:
        """Return the breaks between points of a scope."""
        return [
            one
            for one in self.screened.breaks
            if scope.start <= one.before and one.index < scope.stop
        ]

    def left_out(self, scope: Scope) -> list[tuple[int, Verdict]]:
        """Return the rows of the window that don't count, each with why."""
        is_here = (self.at_s >= scope.since_s) & (self.at_s <= scope.until_s)
        is_out = is_here & (self.screened.verdict != Verdict.ACCEPTED) & (self.row >= 0)
        places = np.flatnonzero(is_out)
        return [
            (int(self.row[place]), Verdict(int(self.screened.verdict[place]))) for place in places
        ]
