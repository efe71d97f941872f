# SPDX-License-Identifier: EUPL-1.2
"""Outcome: all that follows from the readings of one installation in a scope.

A function of the readings and of what is on record: the same in whatever order they came.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from cloud.readings.reviewed import RawReadings, Reviewed
from cloud.validation.figures import MeasuredHours, figures
from cloud.validation.finding import Finding
from cloud.validation.history import History, OnRecord, Scope
from cloud.validation.rules import discover
from cloud.validation.screening import Break, BreakKind, Verdict

log = structlog.get_logger(__name__)

WHY = {
    Verdict.SPIKE_UP: "It lies above the readings around it, which agree with each other.",
    Verdict.SPIKE_DOWN: "It lies below the readings around it, which agree with each other.",
    Verdict.ABOVE_MAXIMUM: "A meter like this can't reach or leave it so fast.",
    Verdict.UNCONFIRMED: "It doesn't follow from the readings before, and too few came since.",
    Verdict.CONTRADICTS: "An earlier message has another register for the same instant.",
    Verdict.EXCLUDED: "An editor said that it doesn't count.",
}


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """A raw reading that doesn't count, and why."""

    channel_id: int
    read_at_s: int
    boot: int
    sequence: int
    rule: str
    explanation: str


@dataclass(frozen=True, kw_only=True)
class Rollover:
    """A rollover that nobody recorded: the first reading after it, and the registers around."""

    at_s: int
    register_before: int
    register_after: int
    modulus: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What follows for one installation: all exclusions, findings and rollovers of a scope."""

    record: OnRecord
    scope: Scope
    reviewed: Reviewed
    exclusions: Sequence[Exclusion]
    findings: Sequence[Finding]
    rollovers: Sequence[Rollover]


async def outcomes(
    raw: RawReadings, records: Sequence[OnRecord], stored: MeasuredHours, *, is_widest: bool
) -> list[Outcome] | None:
    """Return what follows for each installation that the readings of a window belong to.

    None if that can't be told without readings from outside of the window; if that ``is_widest``,
    what can be told is.
    """
    found = []
    for record in records:
        if record.begin_s > raw.mark.until_s or record.end_s < raw.mark.since_s:
            continue
        # a second for thousands of readings that fit nothing: the process has others to answer
        history = await asyncio.to_thread(_screened, raw, record)
        scope = history.scope(raw.mark.since_s, raw.mark.until_s)
        if scope is None:
            if not is_widest:
                return None
            log.debug("readings_without_anchor", meter=record.meter.meter_id)
            scope = history.bare_scope(raw.mark.since_s, raw.mark.until_s)
        found.append(
            Outcome(
                record=record,
                scope=scope,
                reviewed=await figures(history, scope, raw.mark.channel_id, stored),
                exclusions=_exclusions(history, scope),
                findings=_findings(history, scope),
                rollovers=_rollovers(history, scope),
            )
        )
    return found


def _screened(raw: RawReadings, record: OnRecord) -> History:
    history = History(raw, record)
    history.screened  # noqa: B018 - looked at once, it is kept
    return history


def _exclusions(history: History, scope: Scope) -> list[Exclusion]:
    raw = history.raw
    return [
        Exclusion(
            channel_id=raw.mark.channel_id,
            read_at_s=int(raw.read_at_s[row]),
            boot=int(raw.boot[row]),
            sequence=int(raw.sequence[row]),
            rule=verdict.name.lower(),
            explanation=WHY[verdict],
        )
        for row, verdict in history.left_out(scope)
    ]


def _findings(history: History, scope: Scope) -> list[Finding]:
    """Return what the local rules find in a scope; they have nothing to say of what is plain."""
    screened = history.screened
    if not screened.breaks and not screened.verdict.any():
        return []
    return [
        finding
        for rule in discover().values()
        if rule.is_local and rule.registers is not None
        for finding in rule.registers(history.series, screened)
        if scope.since_s <= finding.started_at.timestamp() <= scope.until_s
    ]


def _rollovers(history: History, scope: Scope) -> list[Rollover]:
    return [
        _rollover(history, one)
        for one in history.breaks(scope)
        if one.kind == BreakKind.ROLLOVER
        and not one.is_recorded
        and scope.since_s <= history.at_s[one.index] <= scope.until_s
    ]


def _rollover(history: History, one: Break) -> Rollover:
    assert one.modulus is not None  # noqa: S101 - a rollover has one
    return Rollover(
        at_s=int(history.at_s[one.index]),
        register_before=one.register_before,
        register_after=one.register_after,
        modulus=one.modulus,
    )
