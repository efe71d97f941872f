# SPDX-License-Identifier: EUPL-1.2
"""A person's own tokens: for programs that act for them, with less than they may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from psycopg.rows import DictRow

from cloud.accounts import passwords, tokens_repository
from cloud.accounts.token_text import hint, new_token_text
from cloud.kit import audit
from cloud.kit.auth.rights import (
    FOR_PEOPLE,
    RIGHTS,
    PersonNeededError,
    Principal,
    Right,
    Role,
)
from cloud.kit.clock import Clock
from cloud.kit.database import Database, lock
from cloud.kit.errors import CloudError, InvalidRequestError, NotFoundError

MAX_TOKENS = 50
ENDED_ARE_SHOWN = timedelta(days=30)
NOBODY = 0
BY_GRANT = frozenset({Role.OWNER, Role.TENANT})  # who sees buildings one by one


class TooManyTokensError(CloudError):
    """A person has as many tokens as one may have."""

    status = 409
    code = "too-many-tokens"

    def __init__(self) -> None:
        super().__init__(f"You have {MAX_TOKENS} tokens; revoke one that is not needed any more.")


@dataclass(frozen=True, kw_only=True)
class OwnToken:
    """What is kept of a token: all but the token itself."""

    token_id: int
    name: str
    hint: str | None
    scopes: list[str]
    premises_ids: list[str] | None  # None: all that its person sees, now and later
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, found: DictRow) -> Self:
        """Return the token in a row."""
        return cls(
            token_id=found["token_id"],
            name=found["label"],
            hint=found["hint"],
            scopes=found["scopes"],
            premises_ids=found["premises_ids"],
            created_at=found["created_at"],
            expires_at=found["expires_at"],
            last_used_at=found["last_used_at"],
        )


class OwnTokens:
    """The tokens that people make for themselves."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, caller: Principal) -> list[OwnToken]:
        """Return the caller's tokens, newest first; those that ended lately, too."""
        since = self._clock.now() - ENDED_ARE_SHOWN
        async with self._database.transaction(as_system=True) as connection:
            found = await tokens_repository.tokens_of_user(connection, _whose(caller), since)
        return [OwnToken.of(one) for one in found]

    async def make(
        self,
        caller: Principal,
        name: str,
        scopes: Sequence[Right],
        life_days: int,
        premises_ids: Sequence[str] | None = None,
    ) -> tuple[OwnToken, str]:
        """Return a new token that may do ``scopes`` for the caller, and its text, shown once."""
        user_id = caller.user_id
        _require_scopes(caller, scopes)
        _require_premises(caller, premises_ids)
        token = new_token_text()
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            await lock(connection, f"tokens:{user_id}")  # or many at once would pass the limit
            known = await tokens_repository.tokens_of_user(connection, user_id, now)
            if len(known) >= MAX_TOKENS:
                raise TooManyTokensError
            made = await tokens_repository.add_token(
                connection,
                passwords.token_hash(token),
                name,
                caller.role,
                hint=hint(token),
                user_id=user_id,
                supplier_id=caller.supplier_id,
                scopes=sorted(set(scopes)),
                premises_ids=premises_ids,
                created_at=now,
                expires_at=now + timedelta(days=life_days),
            )
            await audit.record(
                connection,
                caller,
                "token.made",
                f"token:{made['token_id']}",
                scopes=sorted(set(scopes)),
                premises_ids=premises_ids,
                life_days=life_days,
            )
        return OwnToken.of(made), token

    async def revoke(self, caller: Principal, token_id: int) -> None:
        """End a token of the caller's, or raise NotFoundError."""
        async with self._database.transaction(as_system=True) as connection:
            ended = await tokens_repository.revoke(
                connection, token_id, self._clock.now(), user_id=_whose(caller)
            )
            if not ended:
                raise NotFoundError("token", str(token_id))
            await audit.record(connection, caller, "token.revoked", f"token:{token_id}")


def _whose(caller: Principal) -> int:
    """Return the id of the person who calls; of nobody, if it is a program."""
    try:
        return caller.user_id
    except PersonNeededError:
        return NOBODY


def _require_scopes(caller: Principal, scopes: Sequence[Right]) -> None:
    for scope in scopes:
        if caller.role not in RIGHTS[scope]:
            raise InvalidRequestError(f"You do not have the right {scope} yourself.")
        if scope in FOR_PEOPLE:
            raise InvalidRequestError(f"The right {scope} is for people, not for tokens.")


def _require_premises(caller: Principal, premises_ids: Sequence[str] | None) -> None:
    if premises_ids is None:
        return
    if caller.role not in BY_GRANT:
        raise InvalidRequestError(
            f"The role {caller.role} does not see buildings one by one; leave premises_ids out."
        )
    granted = {grant.premises_id for grant in caller.grants}
    for premises_id in premises_ids:
        if premises_id not in granted:
            raise NotFoundError("premises", premises_id)
