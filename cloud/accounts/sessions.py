# SPDX-License-Identifier: EUPL-1.2
"""Sessions: what stands for a person who has signed in, from then until it ends.

A session's token is random, kept as a hash only, and turned over: made anew at sign-in, at every
step up, and daily. A new one takes over on its first use, so that an answer which got lost costs
nobody their session; the one before is taken for another minute, for requests under way, but
doesn't count as fresh. Whoever shows it later than that has a copy: the session ends for both.
Source: OWASP Session Management Cheat Sheet; RFC 9700, 4.14.2 (the same for refresh tokens).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from psycopg.rows import DictRow

from cloud.accounts import organisations_repository, passwords, repository, tokens_repository
from cloud.accounts import sessions_repository as kept
from cloud.accounts.grants import grants_in
from cloud.kit import audit
from cloud.kit.auth.rights import Principal, Role, SignedIn
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.settings import CloudSettings

log = structlog.get_logger(__name__)

RENEW_AFTER = timedelta(days=1)
GRACE = timedelta(minutes=1)
SEEN_EVERY = timedelta(minutes=10)  # how exactly the end of an idle session is kept
AGENT_CHARACTERS = 200

PASSWORD, CODE, RECOVERY, PASSKEY = "password", "code", "recovery", "passkey"
ORGANISATION = "organisation"  # an identity provider's word that demands a second factor
ORGANISATION_ALONE = "organisation_alone"  # the same, where we don't know what it demands
SECOND_FACTORS = frozenset({CODE, RECOVERY, PASSKEY, ORGANISATION})
BY_ORGANISATION = frozenset({ORGANISATION, ORGANISATION_ALONE})


class OrganisationNeededError(CloudError):
    """The account signs in at its organisation, which may have let the person go."""

    status = 403
    code = "organisation-needed"

    def __init__(self) -> None:
        super().__init__(
            "This account signs in at its organisation and nowhere else; sign in there again."
        )


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where a person sits: an address and what the browser says of itself."""

    address: str
    agent: str = ""


class Sessions:
    """Begins, recognises, turns over and ends sessions."""

    def __init__(self, database: Database, clock: Clock, settings: CloudSettings) -> None:
        self._database = database
        self._clock = clock
        self._required_of = settings.require_second_factor_of
        self._issuers = [one.issuer for one in settings.oidc]
        self._idle = timedelta(days=settings.session_idle_days)
        self.length = timedelta(days=settings.session_days)
        self._staff_length = timedelta(hours=settings.staff_session_hours)

    async def begin(
        self,
        connection: Connection,
        user: DictRow,
        proved: Sequence[str],
        device: Device,
        lasts: timedelta | None = None,
    ) -> tuple[Principal, str]:
        """Return who signed in and their new session's token.

        ``proved`` tells how: some of PASSWORD, CODE, RECOVERY, PASSKEY, ORGANISATION and
        ORGANISATION_ALONE; ``lasts`` shortens the session. Raises OrganisationNeededError.
        """
        if not BY_ORGANISATION & set(proved) and await self.is_of_organisation(
            connection, user["user_id"]
        ):
            raise OrganisationNeededError
        now = self._clock.now()
        token = passwords.new_token()
        strict = Role(user["role"]) in self._required_of
        session_id = await kept.add(
            connection,
            passwords.token_hash(token),
            user["user_id"],
            proved,
            device.address,
            device.agent[:AGENT_CHARACTERS],
            now,
            now
            + min(self.length, lasts or self.length, self._staff_length if strict else self.length),
        )
        caller = self._principal(user, session_id, proved, now)
        await audit.record(
            connection, caller, "session.begun", caller.subject, proved=sorted(proved)
        )
        return caller, token

    async def is_of_organisation(self, connection: Connection, user_id: int) -> bool:
        """Tell whether somebody signs in at an identity provider, one that is set up today."""
        return await organisations_repository.has_identity(connection, user_id, self._issuers)

    async def of_token(self, token: str) -> Principal | None:
        """Return who is behind a session, or None if it is over."""
        shown = passwords.token_hash(token)
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            found = await repository.user_by_session(connection, shown)
            if found is None or found["disabled_at"] is not None:
                return None
            if now >= found["expires_at"] or now >= found["seen_at"] + self._idle:
                return None
            if found["previous_hash"] == shown and now > found["previous_until"]:
                await self._end_copied(connection, found)
                return None
            renewed = await self._turned_over(connection, found, shown, now)
            if now - found["seen_at"] >= SEEN_EVERY:
                await kept.seen(connection, found["session_id"], now)
        # without the second factor that the account has, be it who found out the password or reads
        # the organisation's mail, nobody adds one of their own
        is_whole = not found["has_factor"] or SECOND_FACTORS & set(found["proved"])
        is_current = found["previous_hash"] != shown
        fresh_at = found["fresh_at"] if is_whole and is_current else None
        return self._principal(found, str(found["session_id"]), found["proved"], fresh_at, renewed)

    async def _turned_over(
        self, connection: Connection, found: DictRow, shown: bytes, now: datetime
    ) -> str | None:
        """Let the next token take over, or return a new one if it is time."""
        session_id = found["session_id"]
        if found["next_hash"] == shown:
            await kept.take_over(connection, session_id, shown, now, now + GRACE)
        elif found["session_hash"] == shown and now - found["renewed_at"] >= RENEW_AFTER:
            token = passwords.new_token()
            if await kept.offer_next(
                connection, session_id, passwords.token_hash(token), now, now - GRACE
            ):
                return token
        return None

    async def _end_copied(self, connection: Connection, found: DictRow) -> None:
        caller = self._principal(found, str(found["session_id"]), found["proved"], None)
        await kept.end(connection, str(found["session_id"]), found["user_id"])
        await audit.record(connection, None, "session.ended", caller.subject, why="copied")
        log.warning("session_token_shown_after_its_end", subject=caller.subject)

    async def renew(self, connection: Connection, caller: Principal, proved: Sequence[str]) -> str:
        """Return the session's new token, after ``caller`` has shown again who they are."""
        assert caller.session is not None  # noqa: S101 - the routes let only people through
        token = passwords.new_token()
        now = self._clock.now()
        await kept.replace(
            connection,
            caller.session.session_id,
            passwords.token_hash(token),
            proved,
            now,
            now + GRACE,
        )
        return token

    async def end(self, token: str) -> None:
        """End the session behind a token, if there is one."""
        async with self._database.transaction(as_system=True) as connection:
            found = await repository.user_by_session(connection, passwords.token_hash(token))
            if found is not None:
                await kept.end(connection, str(found["session_id"]), found["user_id"])

    async def of_caller(self, caller: Principal) -> list[DictRow]:
        """Return the caller's sessions, the one used last first."""
        async with self._database.transaction(as_system=True) as connection:
            return await kept.of_user(connection, caller.user_id, self._clock.now())

    async def end_one(self, caller: Principal, session_id: str) -> None:
        """End one of the caller's sessions, or raise NotFoundError."""
        async with self._database.transaction(as_system=True) as connection:
            if not await kept.end(connection, session_id, caller.user_id):
                raise NotFoundError("session", session_id)
            await audit.record(connection, caller, "session.ended", caller.subject)

    async def end_others(self, caller: Principal) -> None:
        """End all of the caller's sessions but the one they call by."""
        async with self._database.transaction(as_system=True) as connection:
            await self.end_all(connection, caller, caller.user_id, but=caller.session)

    async def end_all(
        self,
        connection: Connection,
        caller: Principal | None,
        user_id: int,
        but: SignedIn | None = None,
    ) -> None:
        """End all sessions of a user on the word of ``caller``, but one perhaps."""
        ended = await kept.end_all(connection, user_id, but.session_id if but else None)
        if ended:
            await audit.record(connection, caller, "sessions.ended", f"user:{user_id}", count=ended)

    async def end_access(
        self, connection: Connection, caller: Principal | None, user_id: int
    ) -> int:
        """End every session and token of a user; return how many tokens there were."""
        await self.end_all(connection, caller, user_id)
        ended = await tokens_repository.revoke_all_of(connection, user_id, self._clock.now())
        if ended:
            await audit.record(connection, caller, "tokens.revoked", f"user:{user_id}", count=ended)
        return ended

    def _principal(
        self,
        user: DictRow,
        session_id: str,
        proved: Sequence[str],
        fresh_at: datetime | None,
        renewed: str | None = None,
    ) -> Principal:
        role = Role(user["role"])
        return Principal(
            subject=f"user:{user['user_id']}",
            role=role,
            email=user["email"],
            name=user["name"],
            grants=grants_in(user["grants"]),
            supplier_id=user["supplier_id"],
            session=SignedIn(
                session_id=session_id,
                fresh_at=fresh_at,
                must_enrol=role in self._required_of and not SECOND_FACTORS & set(proved),
                at_organisation=bool(BY_ORGANISATION & set(proved)) and not user.get("has_factor"),
                renewed=renewed,
            ),
        )
