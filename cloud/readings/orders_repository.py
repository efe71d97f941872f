# SPDX-License-Identifier: EUPL-1.2
"""What nodes and gateways said of orders given to them, in the tables events, gateway_notices."""

from collections.abc import Collection

from psycopg.rows import DictRow

from cloud.kit.database import Connection, rows


async def of_commands(connection: Connection, command_ids: Collection[str]) -> list[DictRow]:
    """Return what is said of these commands (order_id, kind, detail, said_at), events first."""
    return await rows(
        connection,
        "select detail ->> 'id' as order_id, kind, detail, read_at as said_at, 0 as rank"
        " from events where kind in ('settings_applied', 'settings_refused', 'command_refused')"
        " and detail ->> 'id' = any(%(ids)s) union all"
        " select detail ->> 'id', kind, detail, noticed_at, 1 from gateway_notices"
        " where kind = 'command_expired' and detail ->> 'id' = any(%(ids)s)"
        " order by rank, said_at",
        ids=list(command_ids),
    )


async def of_rollouts(connection: Connection, rollout_ids: Collection[str]) -> list[DictRow]:
    """Return what is said of these rollouts (order_id, kind, detail, said_at), oldest first."""
    return await rows(
        connection,
        "select detail ->> 'rollout' as order_id, kind, detail, noticed_at as said_at"
        " from gateway_notices where kind in ('rollout_done', 'rollout_halted')"
        " and detail ->> 'rollout' = any(%(ids)s) order by notice_id",
        ids=list(rollout_ids),
    )
