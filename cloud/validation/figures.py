# SPDX-License-Identifier: EUPL-1.2
"""Figures: what follows from the screened readings of an installation over a scope of hours.

The same readings, records and measured hours give the same figures, in whatever order they came to
be known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from cloud.kit.hypertable import ZONE
from cloud.meters.models import Installation
from cloud.readings.reviewed import Boundary, Reviewed
from cloud.readings.usage import HOUR_S, Hours, Integers, Line, hour_after, hour_before, hourly
from cloud.validation.correction import Correction
from cloud.validation.estimation import HABIT_S, UNMEASURED, Measured, filled, spread
from cloud.validation.history import History, OnRecord, Scope, unix
from wire import quality


class MeasuredHours(Protocol):
    """Gives the hours of an installation that were measured, in [since_s, until_s)."""

    async def __call__(self, installation_id: int, since_s: int, until_s: int) -> Measured:
        """Return them as they are stored."""
        ...


async def figures(
    history: History, scope: Scope, channel_id: int, stored: MeasuredHours
) -> Reviewed:
    """Return the hours of a scope, its filled gaps and its boundary registers."""
    record = history.record
    line = history.line(scope)
    hours = hourly(line, scope.first_s, scope.end_s)
    said = _usage_said(record, scope)
    gaps = [(int(line.at_s[gap]), int(line.at_s[gap + 1])) for gap in line.gaps.tolist()]
    filled_spans = gaps + [one.span for one in said if one.is_ours]
    if filled_spans:
        since_s = hour_before(min(since_s for since_s, _ in filled_spans)) - HABIT_S
        before = await stored(record.installation.installation_id, since_s, scope.first_s)
        measured = _with(before, _without(hours, said))
        line = filled(line, measured)
        hours = _with_said(hourly(line, scope.first_s, scope.end_s), said, measured)
    elif said:
        hours = _without(hours, said)
    return Reviewed(
        installation_id=record.installation.installation_id,
        channel_id=channel_id,
        hours=hours,
        gaps=[span for span in filled_spans if scope.first_s <= span[0] < scope.end_s],
        boundaries=_boundaries(history, scope, line),
    )


@dataclass(frozen=True, kw_only=True)
class _Said:
    """An editor's total over whole hours, which this installation or a neighbour carries."""

    span: tuple[int, int]
    usage: int
    is_ours: bool


def _usage_said(record: OnRecord, scope: Scope) -> list[_Said]:
    """Return what editors said of usage in a scope."""
    found = []
    for one in record.corrections:
        since_s, until_s = hour_before(unix(one.since)), hour_after(unix(one.until))
        if one.kind == "usage" and since_s < scope.end_s and until_s > scope.first_s:
            carrier = _carrier(record.neighbours, one)
            is_ours = carrier is not None and (
                carrier.installation_id == record.installation.installation_id
            )
            found.append(_Said(span=(since_s, until_s), usage=one.usage or 0, is_ours=is_ours))
    return found


def _carrier(neighbours: Sequence[Installation], said: Correction) -> Installation | None:
    """Return the installation whose hours carry a total: the first that holds in its span."""
    holding = [
        one
        for one in neighbours
        if not one.is_undone
        and one.valid_from < said.until
        and (one.valid_to is None or one.valid_to > said.since)
    ]
    return min(holding, key=lambda one: one.valid_from) if holding else None


def _without(hours: Hours, said: Sequence[_Said]) -> Hours:
    """Return the hours, nothing known of those that an editor spoke of."""
    is_said = np.zeros(len(hours.usage), dtype=bool)
    for one in said:
        is_said |= (hours.start_s >= one.span[0]) & (hours.start_s < one.span[1])
    return Hours(
        first_s=hours.first_s,
        usage=np.where(is_said, 0, hours.usage),
        covered_s=np.where(is_said, 0, hours.covered_s),
        bits=np.where(is_said, 0, hours.bits),
    )


def _with_said(hours: Hours, said: Sequence[_Said], measured: Measured) -> Hours:
    """Return the hours, those that an editor spoke of as he said."""
    found = _without(hours, said)
    for one in said:
        if one.is_ours:
            cuts = np.arange(one.span[0], one.span[1] + 1, HOUR_S, dtype=np.int64)
            usage = np.diff(spread(one.usage, cuts, measured.before(one.span[0])))
            places = (cuts[:-1] - found.first_s) // HOUR_S
            is_here = (places >= 0) & (places < len(found.usage))
            found.usage[places[is_here]] = usage[is_here]
            found.covered_s[places[is_here]] = HOUR_S
            found.bits[places[is_here]] = quality.EDITED
    return found


def _with(before: Measured, hours: Hours) -> Measured:
    """Return the hours measured before a scope and those measured in it."""
    is_measured = (hours.covered_s == HOUR_S) & (hours.bits & UNMEASURED == 0)
    return Measured(
        start_s=np.concatenate((before.start_s, hours.start_s[is_measured])),
        usage=np.concatenate((before.usage, hours.usage[is_measured])),
    )


def _boundaries(history: History, scope: Scope, line: Line) -> list[Boundary]:
    """Return the registers at the local months that begin in the hours of a scope."""
    at_s = _month_starts(scope.first_s, scope.end_s)
    points = history.points(scope)
    if not len(at_s) or len(points) < 1:
        return []
    known_s = history.at_s[points]
    at_s = at_s[(at_s >= known_s[0]) & (at_s <= known_s[-1])]
    continuous, _, bits = line.at(at_s)
    broken = {one.before: one.modulus for one in history.breaks(scope)}
    found = []
    for index, instant in enumerate(at_s.tolist()):
        last = int(np.searchsorted(known_s, instant, "right")) - 1
        before = int(points[last])
        after = before if known_s[last] == instant else int(points[last + 1])
        modulus = broken.get(before)
        if after != before and before in broken and modulus is None:
            continue  # over a reset or a jump nobody knows the register
        used = int(continuous[index]) - int(history.screened.continuous[before])
        register = int(history.register[before]) + used
        found.append(
            Boundary(
                at_s=instant,
                register=register if modulus is None else register % modulus,
                bits=int(bits[index]),
                before_s=int(history.at_s[before]),
                before_register=int(history.register[before]),
                after_s=int(history.at_s[after]),
                after_register=int(history.register[after]),
            )
        )
    return found


def _month_starts(first_s: int, end_s: int) -> Integers:
    """Return the starts of local months in [first_s, end_s], Unix s."""
    found = []
    at = datetime.fromtimestamp(first_s, UTC).astimezone(ZONE)
    month = datetime(at.year, at.month, 1, tzinfo=ZONE)
    while (start_s := int(month.timestamp())) <= end_s:
        if start_s >= first_s:
            found.append(start_s)
        month = _month_after(month)
    return np.array(found, dtype=np.int64)


def _month_after(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
