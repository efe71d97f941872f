# SPDX-License-Identifier: EUPL-1.2
"""The registry of meters, nodes and gateways, and the certificates they get."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta

from psycopg.rows import DictRow

from cloud.accounts.tokens import replace_gateway_token, rotate_gateway_token
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import NotFoundError
from cloud.meters import epochs, events_repository, repository
from cloud.meters.authority import Authority, Issued, Usage
from cloud.meters.models import VALIDATION, Channel, EventKind, Installation, Meter, RegisterEvent

# A clock in a basement may be a little off; readings may be as far ahead, see ``readings.ingest``.
AHEAD = timedelta(days=1)
TAKE_UP_TIMEOUT_S = 120  # years of readings may have to be taken up
RENEW_BEFORE = timedelta(days=30)  # a certificate that ends sooner is not handed out again

# Told of each node whose registry entry changed, in the same transaction: what it sent before may
# now belong somewhere.
NodeChanged = Callable[[Connection, str], Awaitable[None]]
# Told, in the same transaction, that readings of a register of a node mean something else now:
# node_id, obis, since, until, both included.
RegistersChanged = Callable[[Connection, str, str, datetime, datetime], Awaitable[None]]
# Returns the highest boot that a node ever told of, 0 for none.
HighestBoot = Callable[[Connection, str], Awaitable[int]]


class MeterRegistry:
    """Meters, nodes, gateways: who reads what, where, since when."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        authority: Authority,
        node_changed: NodeChanged,
        registers_changed: RegistersChanged,
        highest_boot: HighestBoot,
    ) -> None:
        self._database = database
        self._clock = clock
        self._node_changed = node_changed
        self._registers_changed = registers_changed
        self._highest_boot = highest_boot
        self.authority = authority

    async def put_meter(self, caller: Principal, meter: Meter) -> None:
        """Register a meter; harmless when repeated. With other limits its readings are reviewed."""
        async with self._database.transaction() as connection:
            known = await repository.meters(connection, [meter.meter_id])
            fields = audit.changed(known[0] if known else None, meter)
            if not fields:
                return
            await repository.put_meter(connection, meter)
            if known and known[0].limits != meter.limits:
                latest = self._clock.now() + AHEAD
                for one in await repository.installations(connection, meter_ids=[meter.meter_id]):
                    for stale in epochs.stale((), (one,), latest):
                        await self._registers_changed(connection, *stale)
            action = "meter.changed" if known else "meter.registered"
            await audit.record(connection, caller, action, f"meter:{meter.meter_id}", fields=fields)

    async def put_gateway(
        self, caller: Principal | None, gateway_id: str, site: str, name: str
    ) -> None:
        """Register a gateway; harmless when repeated. None: who runs the machine asks."""
        async with self._database.transaction() as connection:
            if await repository.put_gateway(connection, gateway_id, site, name):
                about = f"gateway:{gateway_id}"
                await audit.record(connection, caller, "gateway.registered", about, site=site)

    async def put_node(self, caller: Principal, node_id: str, gateway_id: str, board: str) -> None:
        """Register a node; what it sent before it was known is taken up."""
        async with self._database.transaction(TAKE_UP_TIMEOUT_S) as connection:
            await lock_gateway(connection, gateway_id)
            changed, moved = await repository.put_node(connection, node_id, gateway_id, board)
            if moved:
                await self._node_changed(connection, node_id)
            if changed:
                await audit.record(
                    connection,
                    caller,
                    "node.registered",
                    f"node:{node_id}",
                    gateway_id=gateway_id,
                    board=board,
                )

    async def replace_token(self, caller: Principal | None, gateway_id: str) -> str:
        """Return a gateway's new token; its earlier one ends. None: who runs the machine asks."""
        async with self._database.transaction() as connection:
            await require_gateway(connection, gateway_id)
            token = await replace_gateway_token(connection, gateway_id)
            about = f"gateway:{gateway_id}"
            await audit.record(connection, caller, "gateway_token.replaced", about)
        return token

    async def rotate_token(self, caller: Principal, gateway_id: str) -> str:
        """Return a new token for the gateway that asks; its earlier one ends on its first use."""
        async with self._database.transaction() as connection:
            token = await rotate_gateway_token(connection, gateway_id, self._clock.now())
            about = f"gateway:{gateway_id}"
            await audit.record(connection, caller, "gateway_token.rotated", about)
        return token

    async def sign_gateway(
        self, caller: Principal, gateway_id: str, csr_pem: str, usage: Usage
    ) -> Issued:
        """Return a certificate for one side of a gateway's TLS; the same one for the same key."""
        hosts = (gateway_id, "localhost", "127.0.0.1") if usage == "server" else ()
        async with self._database.transaction() as connection:
            await require_gateway(connection, gateway_id)
            return await self._signed(
                connection, caller, csr_pem, gateway_id, "gateway", usage, hosts
            )

    async def sign_node(self, caller: Principal, node_id: str, csr_pem: str) -> tuple[Issued, int]:
        """Return a node's certificate, the same for the same key, and the first boot to count."""
        async with self._database.transaction() as connection:
            if not await repository.gateways_of(connection, [node_id]):
                raise NotFoundError("node", node_id)
            first_boot = await self._highest_boot(connection, node_id) + 1
            issued = await self._signed(connection, caller, csr_pem, node_id, "node", "client")
        return issued, first_boot

    async def _signed(
        self,
        connection: Connection,
        caller: Principal,
        csr_pem: str,
        subject: str,
        kind: str,
        usage: Usage,
        hosts: Sequence[str] = (),
    ) -> Issued:
        await lock(connection, f"certificates:{kind}:{subject}")
        before = await repository.certificates(
            connection,
            subject=subject,
            subject_kind=kind,
            usage=usage,
            valid_at=self._clock.now() + RENEW_BEFORE,
        )
        issued = self.authority.sign(csr_pem, subject, usage, hosts, before)
        await repository.add_certificate(
            connection,
            serial=issued.serial,
            subject=subject,
            subject_kind=kind,
            usage=usage,
            issued_at=self._clock.now(),
            not_after=issued.not_after,
            certificate_pem=issued.pem,
        )
        await audit.record(
            connection,
            caller,
            "certificate.issued",
            f"{kind}:{subject}",
            serial=issued.serial,
            usage=usage,
            not_after=issued.not_after,
        )
        return issued


async def require_gateway(connection: Connection, gateway_id: str) -> None:
    """Raise NotFoundError if the gateway is not registered."""
    if not await repository.gateway_exists(connection, gateway_id):
        raise NotFoundError("gateway", gateway_id)


async def lock_service_point(connection: Connection, service_point_id: str) -> None:
    """Let no other transaction change what hung there or what is corrected there, meanwhile."""
    await lock(connection, f"service-point:{service_point_id}")


async def lock_gateway(connection: Connection, gateway_id: str) -> None:
    """Let no other transaction take in messages of this gateway, or change its nodes, meanwhile."""
    await lock(connection, f"gateway:{gateway_id}")


async def gateways_of(connection: Connection, node_ids: Collection[str]) -> dict[str, str]:
    """Return each known node's gateway."""
    return await repository.gateways_of(connection, node_ids)


async def nodes_and_channels(connection: Connection, gateway_id: str) -> dict[str, list[Channel]]:
    """Return the nodes of a gateway, each with the registers it reads now."""
    return await repository.nodes_and_channels(connection, gateway_id)


async def boards_of(connection: Connection, gateway_id: str) -> dict[str, str]:
    """Return the board of each node of a gateway, by node in order."""
    return await repository.boards_of(connection, gateway_id)


async def installations_of_nodes(
    connection: Connection, node_ids: Collection[str]
) -> list[Installation]:
    """Return all installations that these nodes read or did read, oldest first."""
    return await repository.installations(connection, node_ids=node_ids)


async def installations_at(
    connection: Connection, service_point_ids: Collection[str]
) -> list[Installation]:
    """Return all installations at these service points, past ones too, oldest first."""
    return await repository.installations(connection, service_point_ids=service_point_ids)


async def meters_by_id(connection: Connection, meter_ids: Collection[str]) -> dict[str, Meter]:
    """Return these meters by id."""
    return {meter.meter_id: meter for meter in await repository.meters(connection, meter_ids)}


async def trail_of_events(
    connection: Connection, service_point_id: str, after: tuple[datetime, int, bool], limit: int
) -> list[DictRow]:
    """Return what was recorded and undone at a service point after (said_at, id, undoing).

    Each with its ``said_at`` and whether it is the ``undoing`` of an event.
    """
    return await events_repository.page_of_trail(connection, service_point_id, after, limit)


async def register_events(
    connection: Connection, installation_ids: Collection[int]
) -> list[RegisterEvent]:
    """Return what happened to the registers of these installations, in order of time.

    Without what was undone. Each event carries the installation that it belongs to as things are
    known now; the registers of an exchange stand in the installations themselves.
    """
    return await events_repository.standing(connection, installation_ids=installation_ids)


async def record_event(
    connection: Connection,
    *,
    service_point_id: str,
    installation_id: int,
    kind: EventKind,
    at: datetime,
    register_before: int | None,
    register_after: int | None,
    explanation: str,
    recorded_by: str = VALIDATION,
) -> RegisterEvent:
    """Record what was noticed in the readings of an installation; repeating it changes nothing.

    An event of this kind at this instant that is known already is returned instead, whoever
    recorded it, and even if a person undid it since (``undone_at``): their word stands. Writes no
    stale mark, as the caller is reviewing these readings.
    """
    for known in await events_repository.at_instant(connection, service_point_id, kind, at):
        if known.undone_by != VALIDATION:
            return known
    event_id = await events_repository.add(
        connection,
        service_point_id=service_point_id,
        installation_id=installation_id,
        kind=kind,
        at=at,
        register_before=register_before,
        register_after=register_after,
        explanation=explanation,
        recorded_by=recorded_by,
    )
    recorded = await events_repository.one(connection, event_id)
    assert recorded is not None  # noqa: S101 - written just now
    return recorded


async def noticed_events(
    connection: Connection, installation_ids: Collection[int]
) -> list[RegisterEvent]:
    """Return what validation recorded of these installations, undone or not, in order of time."""
    return await events_repository.noticed(connection, installation_ids)


async def undo_noticed(connection: Connection, event_id: int, because: str) -> None:
    """Undo what validation recorded, as the readings no longer say so; writes no stale mark."""
    await events_repository.undo(connection, event_id, VALIDATION, because)
