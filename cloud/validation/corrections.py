# SPDX-License-Identifier: EUPL-1.2
"""Corrections as editors make and undo them, and as the review of readings reads them.

What an editor says stands until it is undone: at no instant do two corrections say different
things. Each marks the readings that it touches stale in its own transaction.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, InvalidRequestError, NotFoundError
from cloud.meters.models import Installation
from cloud.meters.service import installations_at, lock_service_point, meters_by_id
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_service_point
from cloud.readings.service import mark_stale
from cloud.validation import corrections_repository
from cloud.validation.correction import Correction, CorrectionKind
from cloud.validation.series import Limits

HOUR = timedelta(hours=1)
A_MOMENT = timedelta(microseconds=1)


class CorrectionOverlapError(CloudError):
    """Another correction of the same kind stands for a part of the time."""

    status = 409
    code = "correction-overlap"

    def __init__(self, known: Correction) -> None:
        super().__init__(
            f"Correction {known.correction_id} ({known.kind}) stands from"
            f" {_stamp(known.since)} to {_stamp(known.until)}; undo it first, or leave that time"
            " out."
        )


class NotInstalledError(CloudError):
    """Something is corrected where no meter hung."""

    status = 409
    code = "not-installed"

    def __init__(self, service_point_id: str, since: datetime, until: datetime) -> None:
        super().__init__(
            f"At service point {service_point_id} no meter hung from {_stamp(since)} to"
            f" {_stamp(until)}; leave that time out, or record the installation first."
        )


class AboveMaximumError(CloudError):
    """More is said to have been used than the meter can measure in that time."""

    status = 409
    code = "above-physical-maximum"

    def __init__(self, usage: int, largest: int, unit: str) -> None:
        super().__init__(
            f"A usage of {usage} {unit} is more than the {largest} {unit} that the meter can"
            ' measure in that time; send it again with "force": true if it is meant.'
        )


class Corrections:
    """Makes and undoes corrections."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def make(
        self,
        caller: Principal,
        service_point_id: str,
        *,
        kind: CorrectionKind,
        since: datetime,
        until: datetime,
        usage: int | None,
        reason: str,
        force: bool = False,
    ) -> tuple[Correction, ServicePoint]:
        """Make a correction; repeating it changes nothing. ``force`` lets the unlikely through."""
        self._require_span(kind, since, until)
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            await lock_service_point(connection, service_point_id)
            hung = await _hung(connection, service_point_id, since, until)
            _require_installed(kind, service_point_id, hung, since, until)
            for known in await corrections_of(connection, [service_point_id], since, until):
                if known.says(kind, since, until, usage):
                    return known, point
                if (known.kind == "usage") == (kind == "usage"):
                    raise CorrectionOverlapError(known)
            if usage is not None and not force:
                await _require_possible(connection, point, hung, usage, until - since)
            made = await corrections_repository.add(
                connection,
                service_point_id=service_point_id,
                kind=kind,
                since=since,
                until=until,
                usage=usage,
                reason=reason,
                made_by=caller.signature,
            )
            await _mark(connection, hung, since, until)
            await _note(connection, caller, "correction.made", made, point, reason)
        return made, point

    async def undo(
        self, caller: Principal, correction_id: int, because: str
    ) -> tuple[Correction, ServicePoint]:
        """Undo a correction: the readings speak for themselves again; harmless twice."""
        async with self._database.transaction() as connection:
            found = await _one(connection, correction_id)
            point = await one_service_point(connection, found.service_point_id, caller)
            await lock_service_point(connection, found.service_point_id)
            found = await _one(connection, correction_id)
            if found.undone_at is None:
                found = await corrections_repository.undo(
                    connection, correction_id, caller.signature, because
                )
                hung = await _hung(connection, found.service_point_id, found.since, found.until)
                await _mark(connection, hung, found.since, found.until)
                await _note(connection, caller, "correction.undone", found, point, because)
        return found, point

    async def page(
        self, caller: Principal, service_point_id: str, after: int, limit: int
    ) -> tuple[ServicePoint, list[Correction]]:
        """Return corrections at a service point in the order they were made, undone ones too."""
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            return point, await corrections_repository.page(
                connection, service_point_id, after, limit
            )

    def _require_span(self, kind: CorrectionKind, since: datetime, until: datetime) -> None:
        if since >= until:
            raise InvalidRequestError(
                f"From {_stamp(since)} to {_stamp(until)} is no time at all; the end is not"
                " included."
            )
        if until > self._clock.now() + HOUR:
            raise InvalidRequestError(
                f"{_stamp(until)} is still to come; correct what was, up to the present hour."
            )
        for end in (since, until):
            whole = end.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            if kind == "usage" and end != whole:
                raise InvalidRequestError(
                    f"{_stamp(end)} is not a whole hour; usage is told by the hour, so begin and"
                    f" end at {_stamp(whole)} or {_stamp(whole + HOUR)}."
                )


async def corrections_of(
    connection: Connection, service_point_ids: Collection[str], since: datetime, until: datetime
) -> list[Correction]:
    """Return the corrections that touch [since, until) and were not undone, oldest first.

    Those of usage never overlap each other at one service point; nor do those that exclude or
    accept.
    """
    return await corrections_repository.standing(connection, service_point_ids, since, until)


async def _one(connection: Connection, correction_id: int) -> Correction:
    found = await corrections_repository.one(connection, correction_id)
    if found is None:
        raise NotFoundError("correction", str(correction_id))
    return found


async def _hung(
    connection: Connection, service_point_id: str, since: datetime, until: datetime
) -> list[Installation]:
    """Return what hung at a service point in [since, until), oldest first."""
    return [
        one
        for one in await installations_at(connection, [service_point_id])
        if not one.is_undone
        and one.valid_from < until
        and (one.valid_to is None or since < one.valid_to)
    ]


def _require_installed(
    kind: CorrectionKind,
    service_point_id: str,
    hung: Sequence[Installation],
    since: datetime,
    until: datetime,
) -> None:
    """Raise unless a meter hung in every hour of edited usage, or at all where readings are."""
    if kind != "usage" and hung:
        return
    reached = since
    for one in hung:
        if one.valid_from >= reached + HOUR:
            raise NotInstalledError(service_point_id, reached, one.valid_from)
        reached = max(reached, _hour_after(min(one.valid_to or until, until)))
    if reached < until:
        raise NotInstalledError(service_point_id, reached, until)


def _hour_after(instant: datetime) -> datetime:
    """Return the end of the last hour that has something before ``instant``."""
    last = (instant - A_MOMENT).astimezone(UTC)
    return last.replace(minute=0, second=0, microsecond=0) + HOUR


async def _require_possible(
    connection: Connection,
    point: ServicePoint,
    hung: Sequence[Installation],
    usage: int,
    length: timedelta,
) -> None:
    meters = await meters_by_id(connection, [one.meter_id for one in hung])
    max_per_h = max(
        Limits.of(
            point.reading_type, max_per_h=meter.max_per_h, q3_l_per_h=meter.q3_l_per_h
        ).max_per_h
        for meter in meters.values()
    )
    largest = max_per_h * (length // HOUR)
    if usage > largest:
        raise AboveMaximumError(usage, largest, point.type.unit)


async def _mark(
    connection: Connection, hung: Sequence[Installation], since: datetime, until: datetime
) -> None:
    for one in hung:
        await mark_stale(
            connection,
            one.node_id,
            one.obis,
            max(since, one.valid_from),
            min(until, one.valid_to or until) - A_MOMENT,
        )


async def _note(
    connection: Connection,
    caller: Principal,
    action: str,
    correction: Correction,
    point: ServicePoint,
    words: str,
) -> None:
    await audit.record(
        connection,
        caller,
        action,
        f"correction:{correction.correction_id}",
        premises_id=point.premises_id,
        personal={"words": words},
        service_point_id=correction.service_point_id,
        kind=correction.kind,
        since=correction.since,
        until=correction.until,
        usage=correction.usage,
    )


def _stamp(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
