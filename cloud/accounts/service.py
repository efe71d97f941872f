# SPDX-License-Identifier: EUPL-1.2
"""Access: signs people in and out, and tells who is behind a session."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import structlog
from psycopg.rows import DictRow

from cloud.accounts import passwords, repository
from cloud.accounts.grants import grants_in
from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.errors import CloudError, InvalidRequestError, UnknownReferenceError

log = structlog.get_logger(__name__)

# Source: OWASP Authentication Cheat Sheet, "Login throttling": a counter per account, so that many
# addresses can't share the guessing; ours per address stops one address from trying many accounts.
FAILURE_WINDOW = timedelta(minutes=15)
MAX_FAILURES_OF_EMAIL = 8
MAX_FAILURES_OF_ADDRESS = 40
SIGN_INS_AT_ONCE = 2  # each takes 64 MiB and a core for its password's hash


class WrongPasswordError(CloudError):
    """E-mail and password don't belong together."""

    status = 401
    code = "wrong-password"

    def __init__(self) -> None:
        super().__init__("This e-mail address and password do not belong together.")


class TooManyAttemptsError(CloudError):
    """Too many wrong passwords lately."""

    status = 429
    code = "too-many-attempts"
    headers: ClassVar = {"Retry-After": str(int(FAILURE_WINDOW.total_seconds()))}

    def __init__(self) -> None:
        super().__init__("Too many wrong passwords; try again in a quarter of an hour.")


class Access:
    """Users and their sessions."""

    def __init__(self, database: Database, clock: Clock, session_length: timedelta) -> None:
        self._database = database
        self._clock = clock
        self.session_length = session_length
        self._turns = asyncio.Semaphore(SIGN_INS_AT_ONCE)

    async def sign_in(self, email: str, password: str, address: str) -> tuple[Principal, str]:
        """Return who signed in and their new session's token, or raise WrongPasswordError.

        Failures are counted when an attempt gets its turn: a thousand at the same instant are
        not let through together.
        """
        async with self._turns:
            return await self._sign_in(email, password, address)

    async def _sign_in(self, email: str, password: str, address: str) -> tuple[Principal, str]:
        now = self._clock.now()
        email = email.strip().lower()
        async with self._database.transaction(as_system=True) as connection:
            of_email, of_address = await repository.failures_since(
                connection, email, address, now - FAILURE_WINDOW
            )
            user = await repository.user_by_email(connection, email)
        if of_email >= MAX_FAILURES_OF_EMAIL or of_address >= MAX_FAILURES_OF_ADDRESS:
            raise TooManyAttemptsError
        right = await passwords.is_right(password, user["password_hash"] if user else None)
        token = passwords.new_token()
        async with self._database.transaction(as_system=True) as connection:
            if user is not None and right:
                await repository.add_session(
                    connection,
                    passwords.token_hash(token),
                    user["user_id"],
                    now,
                    now + self.session_length,
                )
            else:
                await repository.add_failure(connection, email, address, now, now - FAILURE_WINDOW)
        if user is None or not right:
            log.warning("sign_in_refused", address=address)
            raise WrongPasswordError
        return _of_user(user), token

    async def sign_out(self, session: str) -> None:
        """End a session."""
        async with self._database.transaction(as_system=True) as connection:
            await repository.end_session(connection, passwords.token_hash(session))

    async def of_session(self, session: str) -> Principal | None:
        """Return who is behind a session, or None if it is over."""
        async with self._database.transaction(as_system=True) as connection:
            user = await repository.user_by_session(
                connection, passwords.token_hash(session), self._clock.now()
            )
        return _of_user(user) if user else None

    async def put_user(self, email: str, name: str, role: Role, premises_ids: Sequence[str]) -> str:
        """Add a user, or reset an existing one, and return the new password."""
        if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,190}", email):
            raise InvalidRequestError(f"{email!r} is not an e-mail address.")
        password = passwords.new_password()
        async with self._database.transaction(as_system=True) as connection:
            user_id = await repository.put_user(
                connection, email, name, role, passwords.password_hash(password)
            )
            unknown = await repository.link_premises(
                connection, user_id, premises_ids, audit.SYSTEM
            )
            if unknown:
                raise UnknownReferenceError("premises", unknown[0])
        return password


def _of_user(user: DictRow) -> Principal:
    return Principal(
        subject=f"user:{user['user_id']}",
        role=Role(user["role"]),
        email=user["email"],
        name=user["name"],
        grants=grants_in(user["grants"]),
        supplier_id=user["supplier_id"],
    )
