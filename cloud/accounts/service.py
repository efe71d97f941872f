# SPDX-License-Identifier: EUPL-1.2
"""Access: signs people in and out, and tells who is behind a session."""

import asyncio
import re
from collections.abc import Sequence

import psycopg
import structlog
from psycopg.rows import DictRow

from cloud.accounts import (
    attempts,
    factors_repository,
    letters,
    passwords,
    repository,
    shares_repository,
)
from cloud.accounts.attempts import CodeNeededError, WrongCodeError, WrongPasswordError
from cloud.accounts.factors import Factors
from cloud.accounts.links import Links
from cloud.accounts.password_rules import normalised, refuse_weak
from cloud.accounts.sessions import PASSWORD, Device, OrganisationNeededError, Sessions
from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import InvalidRequestError, UnknownReferenceError

log = structlog.get_logger(__name__)

SIGN_INS_AT_ONCE = 2  # each takes 64 MiB and a core for its password's hash
EMAIL = r"[^@\s]{1,64}@[^@\s]{1,190}"


class Access:
    """Users, and how they show who they are."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sessions: Sessions,
        factors: Factors,
        links: Links,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions
        self._factors = factors
        self._links = links
        self._turns = asyncio.Semaphore(SIGN_INS_AT_ONCE)

    async def sign_in(
        self, email: str, password: str, device: Device, code: str | None = None
    ) -> tuple[Principal, str]:
        """Return who signed in and their new session's token.

        Raises WrongPasswordError; CodeNeededError or WrongCodeError where the account has a second
        factor. Failures are counted when an attempt gets its turn: a thousand at the same instant
        are not let through together.
        """
        async with self._turns:
            user = await self._known(email.strip().lower(), password, device.address)
        proved = [PASSWORD]
        if await self._has_factor(user):
            if code is None:
                raise CodeNeededError
            proved.append(await self._factor(user, code, device.address))
        async with self._database.transaction(as_system=True) as connection:
            await repository.forget_failures(connection, user["email"])
            if passwords.needs_rehash(user["password_hash"]):
                fresh = await asyncio.to_thread(passwords.password_hash, normalised(password))
                await repository.set_password(connection, user["user_id"], fresh)
            return await self._sessions.begin(connection, user, proved, device)

    async def _known(self, email: str, password: str, address: str) -> DictRow:
        """Return the user with this e-mail address and password."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            await attempts.refuse_too_many(connection, email, address, now)
            user = await repository.user_by_email(connection, email)
        kept_hash = user["password_hash"] if user else None
        right = await passwords.is_right(normalised(password), kept_hash)
        if user is not None and right and user["disabled_at"] is None:
            return user
        async with self._database.transaction(as_system=True) as connection:
            await attempts.count(connection, email, address, now)
        log.warning("sign_in_refused", address=address)
        raise WrongPasswordError

    async def _has_factor(self, user: DictRow) -> bool:
        async with self._database.transaction(as_system=True) as connection:
            found = await factors_repository.of_user(connection, user["user_id"])
        return bool(found["codes"] or found["passkeys"])

    async def _factor(self, user: DictRow, code: str, address: str) -> str:
        """Return what ``code`` proves; a wrong one counts like a wrong password."""
        try:
            return await self._factors.take(user["user_id"], code)
        except WrongCodeError:
            async with self._database.transaction(as_system=True) as connection:
                await attempts.count(connection, user["email"], address, self._clock.now())
            log.warning("code_refused", address=address)
            raise

    async def owned_by(self, caller: Principal) -> list[str]:
        """Return the buildings that were granted to ``caller`` as an owner; none for a program."""
        if caller.session is None:
            return []
        async with self._database.transaction(as_system=True) as connection:
            return await shares_repository.owned_by(connection, caller.user_id)

    async def sign_out(self, session: str) -> None:
        """End a session."""
        await self._sessions.end(session)

    async def of_session(self, session: str) -> Principal | None:
        """Return who is behind a session, or None if it is over."""
        return await self._sessions.of_token(session)

    async def step_up(
        self, caller: Principal, device: Device, password: str | None, code: str | None
    ) -> str:
        """Return the session's new token once ``caller`` has shown again who they are.

        By a code where the account has a second factor, otherwise by the password; who has neither
        signs in at their organisation again (OrganisationNeededError).
        """
        async with self._database.transaction(as_system=True) as connection:
            user = await repository.user_by_id(connection, caller.user_id)
            is_theirs = await self._sessions.is_of_organisation(connection, caller.user_id)
        assert user is not None  # noqa: S101 - it has a session
        if await self._has_factor(user):
            if code is None:
                raise CodeNeededError
            async with self._database.transaction(as_system=True) as connection:
                await attempts.refuse_too_many(
                    connection, user["email"], device.address, self._clock.now()
                )
            proved = await self._factor(user, code, device.address)
        elif is_theirs:
            raise OrganisationNeededError
        else:
            async with self._turns:
                await self._known(user["email"], password or "", device.address)
            proved = PASSWORD
        async with self._database.transaction(as_system=True) as connection:
            await repository.forget_failures(connection, user["email"])
            return await self._sessions.renew(connection, caller, [proved])

    async def change_password(
        self, caller: Principal, device: Device, current: str, new: str
    ) -> str:
        """Change the caller's password, end their other sessions, return this one's new token."""
        assert caller.email is not None  # noqa: S101 - people have one
        async with self._turns:
            await self._known(caller.email, current, device.address)
        refuse_weak(normalised(new), caller.email, caller.name)
        hashed = await asyncio.to_thread(passwords.password_hash, normalised(new))
        async with self._database.transaction(as_system=True) as connection:
            await repository.set_password(connection, caller.user_id, hashed)
            await repository.forget_failures(connection, caller.email)
            await self._links.tell_of_change(connection, caller.user_id, letters.PASSWORD)
            token = await self._sessions.renew(connection, caller, [])
            await self._sessions.end_all(connection, caller, caller.user_id, but=caller.session)
            await audit.record(connection, caller, "password.changed", caller.subject)
        return token

    async def confirm_codes(self, caller: Principal, code: str) -> tuple[str, list[str]]:
        """Put one-time codes into use; return the session's new token and recovery codes."""
        proved = await self._factors.take(caller.user_id, code, is_confirmed=False)
        async with self._database.transaction(as_system=True) as connection:
            codes = await self._factors.confirm(connection, caller)
            token = await self._sessions.renew(connection, caller, [proved])
        return token, codes

    async def new_recovery_codes(self, caller: Principal) -> list[str]:
        """Return new recovery codes; earlier ones end."""
        async with self._database.transaction(as_system=True) as connection:
            return await self._factors.new_recovery_codes(connection, caller)

    async def put_user(
        self,
        email: str,
        name: str,
        role: Role,
        premises_ids: Sequence[str],
        supplier_id: str | None = None,
    ) -> str:
        """Add a user, or reset an existing one, and return the new password.

        A reset ends every session; second factors stay, see ``People.reset``.
        """
        refuse_no_address(email)
        if supplier_id is not None and role is not Role.UTILITY:
            raise InvalidRequestError("A utility has a supplier, and nobody else.")
        password = passwords.new_password()
        hashed = await asyncio.to_thread(passwords.password_hash, password)
        async with self._database.transaction(as_system=True) as connection:
            try:
                user_id = await repository.put_user(
                    connection, email, name, role, hashed, supplier_id
                )
            except psycopg.errors.ForeignKeyViolation as error:
                raise UnknownReferenceError("supplier", str(supplier_id)) from error
            await factors_repository.forget_guesses(connection, user_id)
            await self._link(connection, user_id, premises_ids)
            await self._sessions.end_all(connection, None, user_id)
            await audit.record(connection, None, "user.put", f"user:{user_id}", role=role)
        return password

    async def _link(
        self, connection: Connection, user_id: int, premises_ids: Sequence[str]
    ) -> None:
        unknown = await repository.link_premises(connection, user_id, premises_ids, audit.SYSTEM)
        if unknown:
            raise UnknownReferenceError("premises", unknown[0])


def refuse_no_address(email: str) -> None:
    """Raise InvalidRequestError unless this may be an e-mail address."""
    if not re.fullmatch(EMAIL, email):
        raise InvalidRequestError(f"{email!r} is not an e-mail address.")
