# SPDX-License-Identifier: EUPL-1.2
"""People, as who runs the machine looks after them from its command line."""

from typing import Any

from psycopg.rows import DictRow

from cloud.accounts import factors_repository, repository
from cloud.accounts.links import INVITATION_LASTS, Links
from cloud.accounts.sessions import Sessions
from cloud.kit import audit
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import NotFoundError


class People:
    """Everybody who may sign in, or might once."""

    def __init__(self, database: Database, clock: Clock, sessions: Sessions, links: Links) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions
        self._links = links

    async def all(self) -> list[dict[str, Any]]:
        """Return everybody: how they sign in and which buildings they see."""
        async with self._database.transaction(as_system=True) as connection:
            return [dict(one) for one in await repository.everybody(connection)]

    async def set_disabled(self, email: str, *, is_disabled: bool) -> None:
        """Let somebody in no more, at once; or again."""
        now = self._clock.now() if is_disabled else None
        async with self._database.transaction(as_system=True) as connection:
            user = await _known(connection, email)
            await repository.set_disabled(connection, user["user_id"], now)
            if is_disabled:
                await self._sessions.end_access(connection, None, user["user_id"])
            verb = "disabled" if is_disabled else "enabled"
            await audit.record(connection, None, f"user.{verb}", f"user:{user['user_id']}")

    async def reset(self, email: str, *, forget_factors: bool) -> str:
        """Return a link by which somebody sets a new password; perhaps forget second factors.

        Sessions and tokens end; wrong attempts are forgotten. Factors are forgotten for who lost
        them all, and only when whoever runs the machine has made sure of who asks.
        """
        async with self._database.transaction(as_system=True) as connection:
            user = await _known(connection, email)
            user_id: int = user["user_id"]
            if forget_factors:
                await factors_repository.forget_all(connection, user_id)
            await repository.forget_failures(connection, user["email"])
            await factors_repository.forget_guesses(connection, user_id)
            await self._sessions.end_access(connection, None, user_id)
            address = await self._links.make(connection, user_id, INVITATION_LASTS)
            await audit.record(
                connection, None, "user.reset", f"user:{user_id}", factors=forget_factors
            )
        return address


async def _known(connection: Connection, email: str) -> DictRow:
    user = await repository.user_by_email(connection, email.strip())
    if user is None:
        raise NotFoundError("user", email)
    return user
