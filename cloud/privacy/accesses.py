# SPDX-License-Identifier: EUPL-1.2
"""The log of who looked at what, for the people it is about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow

from cloud.kit.auth.rights import SEES_ALL, Grant, Principal
from cloud.kit.database import Database
from cloud.kit.errors import InvalidRequestError
from cloud.premises.service import one_premises
from cloud.privacy import accesses_repository
from cloud.privacy.counting import Accesses

NEVER = "1970-01-01"
KEY = accesses_repository.KEY


class AccessLog:
    """Reads the log; what was counted but isn't stored yet is stored before."""

    def __init__(self, database: Database, counting: Accesses) -> None:
        self._database = database
        self._counting = counting

    async def sights(self, caller: Principal, premises_id: str) -> list[Grant]:
        """Return what of a building is the caller's, or raise NotFoundError."""
        async with self._database.transaction() as connection:
            await one_premises(connection, premises_id, caller)
        granted = [one for one in caller.grants if one.premises_id == premises_id]
        return granted or [Grant(premises_id=premises_id)]

    async def page(
        self, sights: Sequence[Grant], before: Sequence[Any] | None, limit: int
    ) -> list[DictRow]:
        """Return who looked at what these sights are of, the newest first."""
        _check(before)
        await self._counting.store()
        async with self._database.transaction(as_system=True) as connection:
            return await accesses_repository.page(
                connection, sights, see_all=sorted(SEES_ALL), before=before, limit=limit
            )

    @staticmethod
    def key_of(look: DictRow) -> list[str]:
        """Return the key to go on after a look."""
        return [str(look[name]) for name in KEY]


def _check(before: Sequence[Any] | None) -> None:
    try:
        datetime.fromisoformat(before[0] if before else NEVER)
    except ValueError:
        raise InvalidRequestError("The cursor is not one that this route gave out.") from None
