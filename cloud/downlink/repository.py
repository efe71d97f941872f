# SPDX-License-Identifier: EUPL-1.2
"""The tables node_commands, packages and rollouts."""

from collections.abc import Collection
from datetime import datetime

from psycopg.types.json import Jsonb

from cloud.downlink.models import Command, Package, Rollout
from cloud.kit.database import Connection, row, rows, run

# ruff: noqa: S608 - the only texts put in are these
_COMMAND = "command_id, place, node_id, settings, expires_at, ordered_by, ordered_at"
_PACKAGE = "package_id, board, firmware, octet_length(content) as size, added_by, added_at"
_ROLLOUT = (
    "rollout_id, place, gateway_id, package_id, node_ids, allows_downgrade, limit_s, settle_s,"
    " ordered_by, ordered_at, stopped_by, stopped_at"
)


async def add_command(
    connection: Connection,
    *,
    command_id: str,
    node_id: str,
    settings: dict[str, int],
    expires_at: datetime,
    ordered_by: str,
    ordered_at: datetime,
) -> Command:
    """Keep a command and return it."""
    added = await row(
        connection,
        "insert into node_commands (command_id, node_id, settings, expires_at, ordered_by,"
        " ordered_at) values (%(command_id)s, %(node_id)s, %(settings)s, %(expires_at)s,"
        f" %(ordered_by)s, %(ordered_at)s) returning {_COMMAND}",
        command_id=command_id,
        node_id=node_id,
        settings=Jsonb(settings),
        expires_at=expires_at,
        ordered_by=ordered_by,
        ordered_at=ordered_at,
    )
    assert added is not None  # noqa: S101 - an insert without conflict returns its row
    return Command(**added)


async def commands_of_node(
    connection: Connection, node_id: str, before: int | None, limit: int
) -> list[Command]:
    """Return a node's commands, newest first, from before a place on."""
    found = await rows(
        connection,
        f"select {_COMMAND} from node_commands where node_id = %(node_id)s"
        " and (%(before)s::bigint is null or place < %(before)s::bigint)"
        " order by place desc limit %(limit)s",
        node_id=node_id,
        before=before,
        limit=limit,
    )
    return [Command(**fields) for fields in found]


async def commands_of_nodes(
    connection: Connection, node_ids: Collection[str], expiring_after: datetime
) -> list[Command]:
    """Return the commands to these nodes that expire later, oldest first."""
    found = await rows(
        connection,
        f"select {_COMMAND} from node_commands where node_id = any(%(node_ids)s)"
        " and expires_at > %(expiring_after)s order by place",
        node_ids=list(node_ids),
        expiring_after=expiring_after,
    )
    return [Command(**fields) for fields in found]


async def add_package(
    connection: Connection,
    *,
    package_id: str,
    board: str,
    firmware: str,
    content: bytes,
    added_by: str,
    added_at: datetime,
) -> bool:
    """Keep a package; tell whether it was new."""
    added = await run(
        connection,
        "insert into packages values (%(package_id)s, %(board)s, %(firmware)s, %(content)s,"
        " %(added_by)s, %(added_at)s) on conflict do nothing",
        package_id=package_id,
        board=board,
        firmware=firmware,
        content=content,
        added_by=added_by,
        added_at=added_at,
    )
    return added > 0


async def packages(
    connection: Connection, package_ids: Collection[str] | None = None
) -> list[Package]:
    """Return all packages, or these, newest first."""
    found = await rows(
        connection,
        f"select {_PACKAGE} from packages where %(ids)s::text[] is null"
        " or package_id = any(%(ids)s::text[]) order by added_at desc, package_id",
        ids=None if package_ids is None else list(package_ids),
    )
    return [Package(**fields) for fields in found]


async def part(connection: Connection, package_id: str, offset: int, length: int) -> bytes | None:
    """Return up to ``length`` bytes of a package from ``offset`` on; None if there is none."""
    found = await row(
        connection,
        "select substring(content from %(first)s for %(length)s) as part from packages"
        " where package_id = %(package_id)s",
        package_id=package_id,
        first=offset + 1,
        length=length,
    )
    return None if found is None else bytes(found["part"])


async def add_rollout(
    connection: Connection,
    *,
    rollout_id: str,
    gateway_id: str,
    package_id: str,
    node_ids: list[str],
    allows_downgrade: bool,
    limit_s: int,
    settle_s: int,
    ordered_by: str,
    ordered_at: datetime,
) -> Rollout:
    """Keep a rollout and return it."""
    added = await row(
        connection,
        "insert into rollouts (rollout_id, gateway_id, package_id, node_ids, allows_downgrade,"
        " limit_s, settle_s, ordered_by, ordered_at) values (%(rollout_id)s, %(gateway_id)s,"
        " %(package_id)s, %(node_ids)s, %(allows_downgrade)s, %(limit_s)s, %(settle_s)s,"
        f" %(ordered_by)s, %(ordered_at)s) returning {_ROLLOUT}",
        rollout_id=rollout_id,
        gateway_id=gateway_id,
        package_id=package_id,
        node_ids=node_ids,
        allows_downgrade=allows_downgrade,
        limit_s=limit_s,
        settle_s=settle_s,
        ordered_by=ordered_by,
        ordered_at=ordered_at,
    )
    assert added is not None  # noqa: S101 - an insert without conflict returns its row
    return Rollout(**added)


async def rollouts_of_gateway(
    connection: Connection, gateway_id: str, before: int | None, limit: int
) -> list[Rollout]:
    """Return a gateway's rollouts, newest first, from before a place on."""
    found = await rows(
        connection,
        f"select {_ROLLOUT} from rollouts where gateway_id = %(gateway_id)s"
        " and (%(before)s::bigint is null or place < %(before)s::bigint)"
        " order by place desc limit %(limit)s",
        gateway_id=gateway_id,
        before=before,
        limit=limit,
    )
    return [Rollout(**fields) for fields in found]


async def rollout(connection: Connection, rollout_id: str) -> Rollout | None:
    """Return a rollout."""
    found = await row(
        connection, f"select {_ROLLOUT} from rollouts where rollout_id = %(id)s", id=rollout_id
    )
    return None if found is None else Rollout(**found)


async def stop_rollout(
    connection: Connection, rollout_id: str, stopped_by: str, stopped_at: datetime
) -> bool:
    """Note that a rollout is to go no further; tell whether that is news."""
    stopped = await run(
        connection,
        "update rollouts set stopped_by = %(stopped_by)s, stopped_at = %(stopped_at)s"
        " where rollout_id = %(rollout_id)s and stopped_at is null",
        rollout_id=rollout_id,
        stopped_by=stopped_by,
        stopped_at=stopped_at,
    )
    return stopped > 0
