# SPDX-License-Identifier: EUPL-1.2
"""Orders: how those given to nodes and gateways ended, by their own word.

A node's word on a command goes before its gateway's that no answer came in time: it may have
travelled longer. The first word stays.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from cloud.kit.database import Connection
from cloud.readings import orders_repository


@dataclass(frozen=True, kw_only=True)
class Word:
    """What was said of an order, and by its sayer's clock when: an event's or notice's kind."""

    kind: str
    detail: dict[str, Any]
    said_at: datetime


async def words_on_commands(
    connection: Connection, command_ids: Collection[str]
) -> dict[str, Word]:
    """Return the word that counts on each command that there is one on."""
    return _first(await orders_repository.of_commands(connection, command_ids))


async def words_on_rollouts(
    connection: Connection, rollout_ids: Collection[str]
) -> dict[str, Word]:
    """Return the word that counts on each rollout that there is one on."""
    return _first(await orders_repository.of_rollouts(connection, rollout_ids))


def _first(said: Sequence[DictRow]) -> dict[str, Word]:
    found: dict[str, Word] = {}
    for row in said:
        word = Word(kind=row["kind"], detail=row["detail"], said_at=row["said_at"])
        found.setdefault(row["order_id"], word)
    return found
