# SPDX-License-Identifier: EUPL-1.2
"""The life of an alert: raised, acknowledged, resolved, reopened; it follows from what was told.

What gateways and people say is joined into facts of which only the most counts (the latest
acknowledgement, the latest flow), and the state is worked out from those. So the order in which
reports arrive, and how often, make no difference.

Source: Shapiro et al., Conflict-free Replicated Data Types (2011), state-based: joins that commute,
associate and repeat without harm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

# What comes back at the same meter within a day is the same story: daily habits repeat within it,
# and a gateway has kept the finding open for hours, or days, of silence already (DECISIONS 45).
SAME_STORY = timedelta(days=1)
# Gateways tell how much more was lost when a quarter of the finding's age has passed, a minute at
# the soonest, and homes are read hourly: so long before a report may its flow have been.
# Source: edge_gateway/leaks/fusion.py, ``grow``.
REPORTS_EVERY = 4
REPORTS_AT_SOONEST = timedelta(minutes=1)
READ_EVERY = timedelta(hours=1)


class State(StrEnum):
    """Where an alert stands. ``REOPENED`` needs acknowledging again."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    REOPENED = "reopened"
    RESOLVED = "resolved"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a gateway told of one finding, in all its reports together.

    At ``flowed_at``, or later, it surely still flowed. ``cleared_at`` is None until it is cleared.
    """

    gateway_id: str
    raised_at: datetime
    flowed_at: datetime
    cleared_at: datetime | None = None

    def joined(self, other: "Told") -> "Told":
        """Return what both say of the same finding."""
        return replace(
            self,
            raised_at=min(self.raised_at, other.raised_at),
            flowed_at=max(self.flowed_at, other.flowed_at),
            cleared_at=latest(self.cleared_at, other.cleared_at),
        )


@dataclass(frozen=True, kw_only=True)
class Said:
    """What people said of an alert, each the last time; ``woken_at`` is when a snooze ran out."""

    acknowledged_at: datetime | None = None
    woken_at: datetime | None = None
    resolved_at: datetime | None = None

    def joined(self, other: "Said") -> "Said":
        """Return what both say."""
        return Said(
            acknowledged_at=latest(self.acknowledged_at, other.acknowledged_at),
            woken_at=latest(self.woken_at, other.woken_at),
            resolved_at=latest(self.resolved_at, other.resolved_at),
        )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an alert stands, since when it is open (or was, the last time), and when that ended."""

    state: State
    opened_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class _Span:
    """A time in which something was found; ``until`` None: it still is."""

    since: datetime
    until: datetime | None


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two instants, of which either may be unknown."""
    return max((at for at in (one, other) if at is not None), default=None)


def flowed_at(raised_at: datetime, reported_at: datetime) -> datetime:
    """Return from when on a report that something still flows proves flow."""
    pause = max((reported_at - raised_at) / REPORTS_EVERY, REPORTS_AT_SOONEST)
    return max(raised_at, reported_at - pause - READ_EVERY)


def standing(told: Sequence[Told], said: Said) -> Standing:
    """Return where an alert stands; ``told`` has at least one finding."""
    spans = [part for one in told for part in _parts(one, told, said.resolved_at)]
    still = [span.since for span in spans if span.until is None]
    first = min(span.since for span in spans)
    if not still:
        ended_at = max(span.until for span in spans if span.until is not None)
        opened_at = _opened(spans, max(span.since for span in spans))
        return Standing(state=State.RESOLVED, opened_at=opened_at, ended_at=ended_at)
    opened_at = _opened(spans, min(still))
    return Standing(
        state=_open_state(opened_at, said, is_first=opened_at == first),
        opened_at=opened_at,
        ended_at=None,
    )


def _open_state(opened_at: datetime, said: Said, *, is_first: bool) -> State:
    seen = said.acknowledged_at is not None and said.acknowledged_at >= opened_at
    if seen and latest(said.acknowledged_at, said.woken_at) == said.acknowledged_at:
        return State.ACKNOWLEDGED
    return State.RAISED if is_first and not seen else State.REOPENED


def _parts(one: Told, told: Sequence[Told], resolved_at: datetime | None) -> Iterable[_Span]:
    """Yield the times of a finding, parted where somebody said that it was over."""
    until = one.cleared_at if one.cleared_at is not None else _superseded_at(one, told)
    is_over = until is not None and resolved_at is not None and until <= resolved_at
    if resolved_at is None or resolved_at < one.raised_at or is_over:
        yield _Span(since=one.raised_at, until=until)
    else:
        yield _Span(since=one.raised_at, until=resolved_at)
        if one.flowed_at > resolved_at:
            yield _Span(since=resolved_at, until=until)


def _superseded_at(one: Told, told: Sequence[Told]) -> datetime | None:
    """Return when another gateway took over a finding that its own left open, or None."""
    return min(
        (
            other.raised_at
            for other in told
            if other.gateway_id != one.gateway_id and other.raised_at > one.flowed_at
        ),
        default=None,
    )


def _opened(spans: Iterable[_Span], since: datetime) -> datetime:
    """Return since when, without a pause, something was found up to ``since``."""
    for span in sorted(spans, key=lambda span: span.since, reverse=True):
        if span.since < since and (span.until is None or span.until > since):
            since = span.since
    return since


def is_same_story(
    first_at: datetime, ended_at: datetime | None, raised_at: datetime, cleared_at: datetime | None
) -> bool:
    """Tell whether a finding belongs to an alert that lasted from ``first_at`` to ``ended_at``."""
    return (ended_at is None or raised_at <= ended_at + SAME_STORY) and (
        cleared_at is None or cleared_at >= first_at - SAME_STORY
    )
