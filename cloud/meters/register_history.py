# SPDX-License-Identifier: EUPL-1.2
"""The history of registers: what happened to each, recorded before or after its readings come.

Every change is one transaction: the epochs as they are now, the event that says who told it, and
marks on the readings that mean something else from now on. Nothing is deleted; what was wrong is
undone, with a reason, and stays on the audit trail.
"""

from dataclasses import replace
from datetime import datetime

from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.meters import epochs, events_repository, repository
from cloud.meters.epochs import Epochs
from cloud.meters.models import EventKind, Installation, RegisterEvent
from cloud.meters.service import (
    AHEAD,
    TAKE_UP_TIMEOUT_S,
    NodeChanged,
    RegistersChanged,
    lock_gateway,
    lock_service_point,
)
from cloud.premises.models import ServicePoint
from cloud.premises.service import one_service_point, points_by_id

TOLD_ANEW = "Recorded anew, with other facts."
BEGINNINGS: tuple[EventKind, ...] = ("installation", "exchange")


class InTheFutureError(CloudError):
    """Something is told that can't have happened yet."""

    status = 422
    code = "in-the-future"

    def __init__(self, at: datetime) -> None:
        super().__init__(f"{at:%Y-%m-%d %H:%M:%S} UTC is still to come; tell when it happened.")


class RegisterTakenError(CloudError):
    """One register of a node would be at two service points at once."""

    status = 409
    code = "register-taken"

    def __init__(self, ours: Installation, other: Installation) -> None:
        until = f"{other.valid_to:%Y-%m-%d %H:%M:%S} UTC" if other.valid_to else "now"
        super().__init__(
            f"Register {ours.obis} of node {ours.node_id} is read for service point"
            f" {other.service_point_id} from {other.valid_from:%Y-%m-%d %H:%M:%S} UTC until"
            f" {until}; record its removal there first, or tell another time."
        )


class AlreadyRecordedError(CloudError):
    """Something else is on record for the same instant."""

    status = 409
    code = "already-recorded"

    def __init__(self, known: RegisterEvent) -> None:
        super().__init__(
            f"Event {known.event_id} says that the {known.kind} at {known.at:%Y-%m-%d %H:%M:%S} UTC"
            f" went from {known.register_before} to {known.register_after}; undo it first if that"
            " is wrong."
        )


class RegisterHistory:
    """Records and undoes what happens to registers."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        node_changed: NodeChanged,
        registers_changed: RegistersChanged,
    ) -> None:
        self._database = database
        self._clock = clock
        self._node_changed = node_changed
        self._registers_changed = registers_changed

    async def install(
        self,
        caller: Principal,
        new: Installation,
        final_register: int | None,
        explanation: str,
    ) -> tuple[Installation, RegisterEvent | None]:
        """Record that a meter hangs at a service point; return since when, and the event of that.

        What hung there is taken down with ``final_register``. Repeating it changes nothing; an
        earlier time or other registers correct those known, and the event that told them is undone.
        """
        point, at = new.service_point_id, new.valid_from
        if at > self._latest():
            raise InTheFutureError(at)
        async with self._database.transaction(TAKE_UP_TIMEOUT_S) as connection:
            before = await self._locked(connection, point, new.node_id)
            after = epochs.put_up(before, new, final_register)
            if after != before:
                after = await self._keep(connection, point, before, after)
                await self._tell(connection, caller, before, after, at, explanation)
                await self._node_changed(connection, new.node_id)
            now = epochs.holding(after, at)
            assert now is not None  # noqa: S101 - put up now or before
            told = await self._beginnings(connection, now)
            if after != before:
                found = await points_by_id(connection, [point])
                await audit.record(
                    connection,
                    caller,
                    "meter.installed",
                    f"service_point:{point}",
                    premises_id=found[point].premises_id,
                    personal={"explanation": explanation} if explanation else None,
                    meter_id=new.meter_id,
                    node_id=new.node_id,
                    obis=new.obis,
                    at=at,
                )
        return now, told[-1] if told else None

    async def _tell(
        self,
        connection: Connection,
        caller: Principal,
        before: Epochs,
        after: Epochs,
        at: datetime,
        explanation: str,
    ) -> None:
        """Record what began at ``at``, and undo what told its beginning differently until now."""
        now, hung = epochs.holding(after, at), epochs.holding(before, at)
        assert now is not None  # noqa: S101 - put up just now
        another = hung is not None and hung.meter_id != now.meter_id
        kind: EventKind = "exchange" if another else "installation"
        old = next((one for one in before if one.installation_id == now.installation_id), None)
        for known in await self._beginnings(connection, old) if old else ():
            kind = known.kind
            await events_repository.undo(connection, known.event_id, caller.signature, TOLD_ANEW)
        ended = epochs.ending(after, at) if kind == "exchange" else None
        await events_repository.add(
            connection,
            service_point_id=now.service_point_id,
            installation_id=now.installation_id,
            kind=kind,
            at=at,
            register_before=ended.final_register if ended else None,
            register_after=now.start_register,
            explanation=explanation,
            recorded_by=caller.signature,
        )

    async def _beginnings(self, connection: Connection, one: Installation) -> list[RegisterEvent]:
        """Return the events that tell the beginning of an epoch."""
        return [
            event
            for event in await events_repository.standing(
                connection, service_point_id=one.service_point_id
            )
            if event.at == one.valid_from and event.kind in BEGINNINGS
        ]

    async def record(
        self,
        caller: Principal,
        service_point_id: str,
        kind: EventKind,
        at: datetime,
        register_before: int | None,
        register_after: int | None,
        explanation: str,
    ) -> tuple[RegisterEvent, ServicePoint]:
        """Record a rollover, a reset or a removal; repeating it changes nothing."""
        if at > self._latest():
            raise InTheFutureError(at)
        async with self._database.transaction(TAKE_UP_TIMEOUT_S) as connection:
            point = await one_service_point(connection, service_point_id, caller)
            before = await self._locked(connection, service_point_id)
            for known in await events_repository.at_instant(connection, service_point_id, kind, at):
                if known.undone_at is None:
                    told = (known.register_before, known.register_after)
                    if told != (register_before, register_after):
                        raise AlreadyRecordedError(known)
                    return known, point
            here = epochs.holding(before, at)
            if here is None or here.valid_from == at:
                raise epochs.NothingInstalledError(service_point_id, at)
            if kind == "removal":
                after = epochs.taken_down(before, here, at, register_before)
                await self._keep(connection, service_point_id, before, after)
            else:
                await self._registers_changed(connection, here.node_id, here.obis, at, at)
            event_id = await events_repository.add(
                connection,
                service_point_id=service_point_id,
                installation_id=here.installation_id,
                kind=kind,
                at=at,
                register_before=register_before,
                register_after=register_after,
                explanation=explanation,
                recorded_by=caller.signature,
            )
            event = await _event(connection, event_id)
            await _note(connection, caller, "register_event.recorded", event, point, explanation)
        return event, point

    async def undo(
        self, caller: Principal, event_id: int, because: str
    ) -> tuple[RegisterEvent, ServicePoint]:
        """Undo an event: things are again as if it had never been recorded; harmless twice."""
        async with self._database.transaction(TAKE_UP_TIMEOUT_S) as connection:
            known = await _event(connection, event_id)
            point = await one_service_point(connection, known.service_point_id, caller)
            before = await self._locked(connection, known.service_point_id)
            known = await _event(connection, event_id)
            if known.undone_at is not None:
                return known, point
            await events_repository.undo(connection, event_id, caller.signature, because)
            await self._take_back(connection, known, before)
            event = await _event(connection, event_id)
            await _note(connection, caller, "register_event.undone", event, point, because)
        return event, point

    async def _take_back(
        self, connection: Connection, known: RegisterEvent, before: Epochs
    ) -> None:
        point = known.service_point_id
        if known.kind in BEGINNINGS:
            standing = await events_repository.standing(connection, service_point_id=point)
            removed = any(one.kind == "removal" and one.at == known.at for one in standing)
            after = epochs.never_put_up(before, known.at, removed=removed)
            await self._keep(connection, point, before, after)
        elif known.kind == "removal":
            await self._keep(connection, point, before, epochs.never_taken_down(before, known.at))
        elif here := epochs.holding(before, known.at):
            await self._registers_changed(connection, here.node_id, here.obis, known.at, known.at)

    async def _keep(
        self, connection: Connection, service_point_id: str, before: Epochs, after: Epochs
    ) -> list[Installation]:
        """Write the epochs that changed, mark what that makes stale, and return them all."""
        for one in after:
            for other in await repository.readers_elsewhere(
                connection, one.node_id, one.obis, service_point_id
            ):
                if one.overlaps(other):
                    raise RegisterTakenError(one, other)
        kept = []
        for one in sorted(after, key=lambda one: one.valid_to is None):  # never two that hang now
            if one.installation_id == epochs.NOT_YET:
                added = await repository.add_installation(connection, one)
                kept.append(replace(one, installation_id=added))
            else:
                await repository.change_installation(connection, one)
                kept.append(one)
        for stale in epochs.stale(before, after, self._latest()):
            await self._registers_changed(connection, *stale)
        return kept

    def _latest(self) -> datetime:
        return self._clock.now() + AHEAD

    async def _locked(
        self, connection: Connection, service_point_id: str, node_id: str | None = None
    ) -> list[Installation]:
        """Return the epochs at a service point that nobody else changes meanwhile.

        Nor does the gateway of any of its nodes take in what they send; in order of name, so that
        two that wait for each other's can't be.
        """
        await lock_service_point(connection, service_point_id)
        known = [
            one
            for one in await repository.installations(
                connection, service_point_ids=[service_point_id]
            )
            if not one.is_undone
        ]
        nodes = {one.node_id for one in known} | ({node_id} if node_id else set())
        gateways = await repository.gateways_of(connection, nodes)
        for gateway_id in sorted(set(gateways.values())):
            await lock_gateway(connection, gateway_id)
        return known


async def _event(connection: Connection, event_id: int) -> RegisterEvent:
    found = await events_repository.one(connection, event_id)
    if found is None:
        raise NotFoundError("register event", str(event_id))
    return found


async def _note(
    connection: Connection,
    caller: Principal,
    action: str,
    event: RegisterEvent,
    point: ServicePoint,
    words: str,
) -> None:
    await audit.record(
        connection,
        caller,
        action,
        f"register_event:{event.event_id}",
        premises_id=point.premises_id,
        personal={"words": words} if words else None,
        service_point_id=event.service_point_id,
        kind=event.kind,
        at=event.at,
        register_before=event.register_before,
        register_after=event.register_after,
    )
