# SPDX-License-Identifier: EUPL-1.2
"""Registers over time: every epoch at a service point, and what a register was at an instant.

The register at an instant is the straight line between the accepted readings around it, rounded
down to a whole unit; the registers at the two ends of an epoch count as readings. At a month's
start it is the one that was kept, so that a bill stays as it was when its readings are gone.
Source: IEC 61968-9 for registers; that they are interpolated linearly is our choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud.kit.auth.rights import Principal
from cloud.kit.auth.sight import Sight
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError
from cloud.meters.epochs import holding
from cloud.meters.models import Installation, Meter, RegisterEvent
from cloud.meters.service import installations_at, meters_by_id, register_events
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_service_point
from cloud.readings import registers_repository
from cloud.readings.models import Known, KnownBoundary
from wire import quality

A_MOMENT = timedelta(microseconds=1)
ESTIMATED_BEYOND = timedelta(hours=1)  # as with usage: further apart, the line is an estimate


class RegisterUnknownError(CloudError):
    """Nothing is known of a register at an instant."""

    status = 404
    code = "register-unknown"

    def __init__(self, service_point_id: str, at: datetime) -> None:
        super().__init__(
            f"Nothing is known of a register at service point {service_point_id} around"
            f" {at:%Y-%m-%d %H:%M:%S} UTC."
        )


@dataclass(frozen=True, kw_only=True)
class RegisterEpoch:
    """An installation with its meter, its first and last accepted reading and its events."""

    installation: Installation
    meter: Meter
    first: Known | None
    last: Known | None
    events: list[RegisterEvent]


@dataclass(frozen=True, kw_only=True)
class RegisterAt:
    """A register at an instant, None if only one side of it is known, and its neighbours."""

    at: datetime
    installation: Installation
    register: int | None
    quality: int
    before: Known | None
    after: Known | None


class Registers:
    """What the registers at a service point were, for callers who may see it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def epochs(
        self, caller: Principal, service_point_id: str
    ) -> tuple[ServicePoint, list[RegisterEpoch]]:
        """Return every epoch at a service point in order of time, without those undone."""
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            since = Sight.of(caller).since(point.premises_id, service_point_id)
            hung = [
                _seen_since(one, since) for one in await _standing(connection, service_point_id)
            ]
            meters = await meters_by_id(connection, [one.meter_id for one in hung])
            events = await register_events(connection, [one.installation_id for one in hung])
            epochs = [
                RegisterEpoch(
                    installation=one,
                    meter=meters[one.meter_id],
                    first=await registers_repository.first_accepted(
                        connection, one, one.valid_from
                    ),
                    last=await registers_repository.last_accepted(connection, one, None),
                    events=[
                        event for event in events if event.installation_id == one.installation_id
                    ],
                )
                for one in hung
            ]
        return point, epochs

    async def at(
        self, caller: Principal, service_point_id: str, at: datetime
    ) -> tuple[ServicePoint, RegisterAt]:
        """Return the register at an instant, or raise RegisterUnknownError."""
        async with self._database.transaction() as connection:
            point = await one_service_point(connection, service_point_id, caller)
            since = Sight.of(caller).since(point.premises_id, service_point_id)
            one = holding(await _standing(connection, service_point_id), at)
            if one is None or (since is not None and at < since):
                raise RegisterUnknownError(service_point_id, at)
            kept = await registers_repository.boundary(connection, one.installation_id, at)
            if kept is not None:
                return point, _kept(one, kept, since)
            one = _seen_since(one, since)
            before, after = await _neighbours(connection, one, at)
            events = await register_events(connection, [one.installation_id])
            meters = await meters_by_id(connection, [one.meter_id])
        if before is None and after is None:
            raise RegisterUnknownError(service_point_id, at)
        modulus = meters[one.meter_id].register_modulus
        return point, _interpolated(one, at, before, after, _breaks(events, before, after), modulus)


async def _standing(connection: Connection, service_point_id: str) -> list[Installation]:
    return [
        one for one in await installations_at(connection, [service_point_id]) if not one.is_undone
    ]


def _seen_since(one: Installation, since: datetime | None) -> Installation:
    """Return an installation as those know it who see what was measured from ``since`` on.

    What its register showed before is somebody else's: with it, what they used could be told.
    """
    if since is None or one.valid_from >= since:
        return one
    return replace(one, start_register=None)


async def _neighbours(
    connection: Connection, one: Installation, at: datetime
) -> tuple[Known | None, Known | None]:
    """Return what is known at or before an instant, and what after it; never the same."""
    before = await registers_repository.last_accepted(connection, one, at + A_MOMENT)
    after = await registers_repository.first_accepted(connection, one, at + A_MOMENT)
    if before is None and one.start_register is not None:
        before = Known(read_at=one.valid_from, register=one.start_register, quality=quality.GOOD)
    if after is None and one.valid_to is not None and one.final_register is not None:
        after = Known(read_at=one.valid_to, register=one.final_register, quality=quality.GOOD)
    return before, after


def _breaks(
    events: Sequence[RegisterEvent], before: Known | None, after: Known | None
) -> list[RegisterEvent]:
    """Return the rollovers and resets between two neighbours."""
    if before is None or after is None:
        return []
    return [
        event
        for event in events
        if event.kind in ("rollover", "reset") and before.read_at < event.at <= after.read_at
    ]


def _interpolated(
    one: Installation,
    at: datetime,
    before: Known | None,
    after: Known | None,
    breaks: Sequence[RegisterEvent],
    modulus: int | None,
) -> RegisterAt:
    """Return the register between its neighbours; None where the line between them isn't known."""
    bits, register = quality.MISSING, None
    if before is not None and before.read_at == at:
        bits, register = before.quality, before.register
    elif before is not None and after is not None:
        grown = after.register - before.register
        if [event.kind for event in breaks] == ["rollover"] and modulus is not None:
            grown += modulus
        elif breaks:
            grown = -1
        if grown >= 0:
            passed = grown * ((at - before.read_at) // A_MOMENT)
            passed //= (after.read_at - before.read_at) // A_MOMENT
            register = before.register + passed
            register = register if modulus is None else register % modulus
            is_estimate = after.read_at - before.read_at > ESTIMATED_BEYOND
            bits = before.quality | after.quality | (quality.ESTIMATED if is_estimate else 0)
    return RegisterAt(
        at=at, installation=one, register=register, quality=bits, before=before, after=after
    )


def _kept(one: Installation, kept: KnownBoundary, since: datetime | None) -> RegisterAt:
    is_before_seen = since is None or (kept.before_at is not None and kept.before_at >= since)
    before = _neighbour(kept.before_at, kept.before_register, kept.quality)
    return RegisterAt(
        at=kept.at,
        installation=one,
        register=kept.register,
        quality=kept.quality,
        before=before if is_before_seen else None,
        after=_neighbour(kept.after_at, kept.after_register, kept.quality),
    )


def _neighbour(read_at: datetime | None, register: int | None, bits: int) -> Known | None:
    if read_at is None or register is None:
        return None
    return Known(read_at=read_at, register=register, quality=bits & ~quality.ESTIMATED)
