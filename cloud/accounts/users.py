# SPDX-License-Identifier: EUPL-1.2
"""Users, as operators look after them: what each is, and whether they may come in."""

from dataclasses import dataclass

from psycopg.rows import DictRow

from cloud.accounts import users_repository
from cloud.accounts.sessions import Sessions
from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import CloudError, InvalidRequestError, NotFoundError


class OwnAccountError(CloudError):
    """An operator takes their own rights away."""

    status = 409
    code = "own-account"

    def __init__(self) -> None:
        super().__init__("You can't disable or change the role of yourself; ask another operator.")


class LastOperatorError(CloudError):
    """Nobody would be left to look after the cloud."""

    status = 409
    code = "last-operator"

    def __init__(self) -> None:
        super().__init__("This is the last operator; make another one first.")


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a user is to be."""

    name: str
    role: Role
    supplier_id: str | None
    is_disabled: bool


class Users:
    """Every person who may sign in, or might have once."""

    def __init__(self, database: Database, clock: Clock, sessions: Sessions) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions

    async def some(self, role: Role | None, after: int, limit: int) -> list[DictRow]:
        """Return users by id, those after ``after``."""
        async with self._database.transaction(as_system=True) as connection:
            return await users_repository.users(connection, role, after, limit)

    async def one(self, user_id: int) -> DictRow:
        """Return a user, or raise NotFoundError."""
        async with self._database.transaction(as_system=True) as connection:
            return await _found(connection, user_id)

    async def change(self, caller: Principal, user_id: int, to: Change) -> DictRow:
        """Make a user what ``to`` says; who is to be something else signs in again."""
        if to.role == Role.GATEWAY:
            raise InvalidRequestError("A gateway is no person; register it as a gateway.")
        if (to.role == Role.UTILITY) != (to.supplier_id is not None):
            raise InvalidRequestError("A utility needs its supplier_id, and nobody else has one.")
        async with self._database.transaction(as_system=True) as connection:
            await lock(connection, "operators")  # two must not take each other's rights at once
            before = await _found(connection, user_id)
            stays_operator = to.role == Role.OPERATOR and not to.is_disabled
            if before["role"] == Role.OPERATOR and not stays_operator:
                if caller.owner == f"user:{user_id}":
                    raise OwnAccountError
                await refuse_last_operator(connection, user_id)
            disabled_at = (before["disabled_at"] or self._clock.now()) if to.is_disabled else None
            await users_repository.change(
                connection,
                user_id,
                name=to.name,
                role=to.role,
                supplier_id=to.supplier_id,
                disabled_at=disabled_at,
            )
            was, is_now = (before["role"], before["supplier_id"]), (to.role, to.supplier_id)
            if to.is_disabled or was != is_now:  # nobody carries a session into another part
                await self._sessions.end_access(connection, caller, user_id)
            await audit.record(
                connection,
                caller,
                "user.changed",
                f"user:{user_id}",
                before=_rights_of(before),
                after={
                    "role": to.role,
                    "supplier_id": to.supplier_id,
                    "is_disabled": to.is_disabled,
                },
            )
            return await _found(connection, user_id)

    async def sign_out_everywhere(self, caller: Principal, user_id: int) -> None:
        """End every session and token of a user: a device is lost, or a token leaked."""
        async with self._database.transaction(as_system=True) as connection:
            await _found(connection, user_id)
            tokens = await self._sessions.end_access(connection, caller, user_id)
            await audit.record(
                connection,
                caller,
                "user.signed_out",
                f"user:{user_id}",
                tokens=tokens,
            )


async def refuse_last_operator(connection: Connection, user_id: int) -> None:
    """Raise LastOperatorError if nobody but this user could let anybody in."""
    if not await users_repository.operators_besides(connection, user_id):
        raise LastOperatorError


def _rights_of(user: DictRow) -> dict[str, object]:
    return {
        "role": user["role"],
        "supplier_id": user["supplier_id"],
        "is_disabled": user["disabled_at"] is not None,
    }


async def _found(connection: Connection, user_id: int) -> DictRow:
    found = await users_repository.user(connection, user_id)
    if found is None:
        raise NotFoundError("user", str(user_id))
    return found
