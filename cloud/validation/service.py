# SPDX-License-Identifier: EUPL-1.2
"""The reviewer: keeps usage right after readings, registers, meters or corrections changed.

Whoever changes what readings mean leaves a stale mark in the same transaction. The reviewer takes
marks, screens the readings around them with all that is on record, and writes what follows:
exclusions, findings, rollovers, hourly usage and what is rolled up from it. It may be done again at
any time, by any number of processes.

A channel whose review fails holds up no other: it is set aside, with a finding that says so, and is
tried again after a while. Its marks stay, so that its usage is not called final, and nothing that
it needs is dropped.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import psycopg
import structlog

from cloud.kit.database import Connection, Database
from cloud.kit.hypertable import Hypertables
from cloud.readings import review
from cloud.readings.reviewed import Mark
from cloud.readings.usage import hour_after, hour_before
from cloud.validation import records, repository, rollovers
from cloud.validation.estimation import HABIT_S, UNMEASURED, Measured
from cloud.validation.finding import Finding, Severity, stamp, utc
from cloud.validation.history import OnRecord
from cloud.validation.outcome import Outcome, outcomes
from cloud.validation.repository import Found
from cloud.validation.rules import discover

log = structlog.get_logger(__name__)

CHANNELS_AT_ONCE = 64
READINGS_AT_ONCE = 5_000  # of one channel
# Readings on either side: anchors need four plain steps, and nearly all are plain.
CONTEXTS = (16, 256, 4096)
TOGETHER_S = 86400  # marks of a channel that are closer than this are reviewed as one
POLL_S = 0.5
RETRY_S = 2.0
TRANSACTION_TIMEOUT_S = 120
ASIDE_S = (5.0, 600.0)  # for how long a channel is set aside at first, and at most

CLOSED_PERIOD = "closed_period"
NOT_REVIEWED = "not_reviewed"


@dataclass(frozen=True)
class _Aside:
    """A channel that is not reviewed before ``until_s`` of the loop's clock."""

    until_s: float
    pause_s: float


class Reviewer:
    """Reviews what is marked stale."""

    def __init__(self, database: Database, hypertables: Hypertables) -> None:
        self._database = database
        self._hypertables = hypertables
        self._at_once = CHANNELS_AT_ONCE
        self._aside: dict[int, _Aside] = {}

    async def run(self) -> None:
        """Review until cancelled; go on after the database was away."""
        while True:
            try:
                await self.drain()
            except (psycopg.Error, TimeoutError) as error:
                log.warning("review_failed", error=str(error).strip()[:200])
                await asyncio.sleep(RETRY_S)
            except Exception:  # if the reviewer ended, the whole cloud would end with it
                log.exception("review_failed")
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(POLL_S)

    async def drain(self) -> None:
        """Review until no mark is left that can be reviewed and that nobody else is reviewing."""
        aside = {one for one, held in self._aside.items() if held.until_s > _now_s()}
        has_reviewed = False
        while await self._review_some(aside):
            has_reviewed = True
        if has_reviewed:
            await self._hypertables.refresh()

    async def _review_some(self, aside: set[int]) -> bool:
        """Review some channels in a transaction; tell whether there were any.

        Where that fails, they are reviewed one by one from then on, and the one that fails alone is
        put ``aside``.
        """
        marks: list[Mark] = []
        try:
            async with self._database.transaction(TRANSACTION_TIMEOUT_S) as connection:
                marks = await review.take_marks(connection, self._at_once, TOGETHER_S, aside)
                if marks:
                    await self._review(connection, marks)
        except Exception as error:
            self._at_once = 1
            if not marks or connection.closed:  # the database's fault, as far as can be told
                raise
            if len(marks) == 1:
                aside.add(marks[0].channel_id)
                await self._set_aside(marks[0], error)
            return True
        self._at_once = min(2 * self._at_once, CHANNELS_AT_ONCE)
        for mark in marks:
            self._aside.pop(mark.channel_id, None)
        return bool(marks)

    async def _set_aside(self, mark: Mark, error: Exception) -> None:
        known = self._aside.get(mark.channel_id)
        pause_s = min(2 * known.pause_s, ASIDE_S[1]) if known else ASIDE_S[0]
        self._aside[mark.channel_id] = _Aside(_now_s() + pause_s, pause_s)
        log.error("channel_set_aside", channel=mark.channel_id, again_in_s=pause_s, exc_info=error)
        async with self._database.transaction() as connection:
            of_channels = await records.of_channels(connection, [mark])
            found = [
                _not_reviewed(record, mark, error)
                for record in of_channels[mark.channel_id]
                if record.begin_s <= mark.until_s and record.end_s > mark.since_s
            ]
            await repository.add_findings(connection, found)

    async def _review(self, connection: Connection, marks: Sequence[Mark]) -> None:
        of_channels = await records.of_channels(connection, marks)
        found: list[Outcome] = []
        rest: list[Mark] = []
        waiting = list(marks)
        for context in CONTEXTS:
            windows = await review.raw_readings(
                connection, waiting, context=context, at_most=READINGS_AT_ONCE
            )
            waiting = []
            for raw in windows:
                records_here = of_channels[raw.mark.channel_id]
                told = await outcomes(
                    raw,
                    records_here,
                    partial(_measured, connection),
                    is_widest=context == CONTEXTS[-1],
                )
                if told is None:
                    waiting.append(raw.asked)
                    continue
                found += told
                if raw.rest is not None:
                    rest.append(raw.rest)
            if not waiting:
                break
        await self._write(connection, marks, of_channels, found)
        await review.put_back(connection, rest)

    async def _write(
        self,
        connection: Connection,
        marks: Sequence[Mark],
        of_channels: Mapping[int, Sequence[OnRecord]],
        found: Sequence[Outcome],
    ) -> None:
        await repository.replace_exclusions(
            connection,
            [(mark.channel_id, mark.since_s, mark.until_s) for mark in marks]
            + [(one.reviewed.channel_id, one.scope.since_s, one.scope.until_s) for one in found],
            [exclusion for one in found for exclusion in one.exclusions],
        )
        await repository.replace_findings(
            connection,
            [NOT_REVIEWED, *(name for name, rule in discover().items() if rule.is_local)],
            [
                (
                    one.reviewed.installation_id,
                    utc(one.scope.since_s),
                    utc(one.scope.until_s),
                )
                for one in found
            ],
            [told for one in found for told in _told(one)],
        )
        await rollovers.keep(connection, found)
        await _tell_of_closed_periods(connection, marks, of_channels)
        await review.write(
            connection,
            self._hypertables,
            [one.reviewed for one in found],
            [gone for mark in marks for gone in _outside(mark, of_channels[mark.channel_id])],
            HABIT_S,
        )


async def _measured(
    connection: Connection, installation_id: int, since_s: int, until_s: int
) -> Measured:
    start_s, usage = await review.measured_hours(
        connection, installation_id, since_s, until_s, UNMEASURED
    )
    return Measured(start_s=start_s, usage=usage)


def _told(outcome: Outcome) -> list[Found]:
    return [_found(outcome.record, finding) for finding in outcome.findings]


def _outside(mark: Mark, here: Sequence[OnRecord]) -> Iterator[tuple[int, int, int]]:
    """Yield the hours of a mark, by installation, in which that one doesn't hold."""
    first_s, end_s = hour_before(mark.since_s), hour_after(mark.until_s + 1)
    for record in here:
        holds_s, held_s = hour_before(record.begin_s), hour_after(record.end_s)
        if record.installation.is_undone:
            holds_s, held_s = end_s, end_s
        for since_s, until_s in ((first_s, min(holds_s, end_s)), (max(held_s, first_s), end_s)):
            if since_s < until_s:
                yield record.installation.installation_id, since_s, until_s


async def _tell_of_closed_periods(
    connection: Connection,
    marks: Sequence[Mark],
    of_channels: Mapping[int, Sequence[OnRecord]],
) -> None:
    """Say which readings came too late to change anything."""
    late = await review.too_late(connection, marks)
    found = [
        _closed(record, count, first_s, last_s)
        for channel_id, (count, first_s, last_s) in late.items()
        for record in of_channels[channel_id]
        if record.begin_s <= last_s and record.end_s > first_s
    ]
    await repository.add_findings(connection, found)


def _closed(record: OnRecord, count: int, first_s: int, last_s: int) -> Found:
    return _found(
        record,
        Finding(
            rule=CLOSED_PERIOD,
            meter_id=record.meter.meter_id,
            reading_type=record.reading_type,
            started_at=utc(first_s),
            ended_at=utc(last_s),
            severity=Severity.WARNING,
            explanation=f"{count} readings from {stamp(first_s)} to {stamp(last_s)} came when the"
            " raw readings of that time were no longer kept; its usage stays as it was.",
            evidence={"readings": count},
        ),
    )


def _not_reviewed(record: OnRecord, mark: Mark, error: Exception) -> Found:
    since_s = max(mark.since_s, record.begin_s)
    return _found(
        record,
        Finding(
            rule=NOT_REVIEWED,
            meter_id=record.meter.meter_id,
            reading_type=record.reading_type,
            started_at=utc(since_s),
            ended_at=None,
            severity=Severity.ERROR,
            explanation=f"What came in from {stamp(since_s)} on can't be reviewed; usage is not"
            " final until it is. It is tried again by itself, and the log has the reason.",
            evidence={"error": type(error).__name__},
        ),
    )


def _found(record: OnRecord, finding: Finding) -> Found:
    installation = record.installation
    return Found(
        service_point_id=installation.service_point_id,
        installation_id=installation.installation_id,
        finding=finding,
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()
