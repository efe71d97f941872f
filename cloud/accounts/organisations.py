# SPDX-License-Identifier: EUPL-1.2
"""Organisations: their people sign in at their own identity provider and are known here by it.

A person is who the provider calls by one subject, for good; the e-mail address only finds the
account that they had here before, once, if that has no more rights than the provider may give.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from cloud.accounts import organisations_repository, passwords, repository
from cloud.accounts.id_tokens import Identity, IdentityRefusedError
from cloud.accounts.identity_provider import IdentityProvider
from cloud.accounts.sessions import ORGANISATION, ORGANISATION_ALONE, Device, Sessions
from cloud.kit import audit
from cloud.kit.auth.organisations import Organisation
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import CloudError, NotFoundError

log = structlog.get_logger(__name__)

SIGN_IN_TAKES = timedelta(minutes=10)
VERIFIER_BYTES = 48  # 64 characters. Source: RFC 7636, 4.1: 43 to 128


class SignInLostError(CloudError):
    """A browser comes from an identity provider without having been sent there, or too late."""

    status = 400
    code = "sign-in-lost"

    def __init__(self) -> None:
        super().__init__("This sign-in was not begun in this browser, or too long ago; try again.")


class LogoutRefusedError(CloudError):
    """What came as an identity provider's word that somebody signed out isn't that."""

    status = 400
    code = "logout-refused"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A sign-in that begins: where the browser goes, and what it must bring back."""

    url: str
    browser: str


@dataclass(frozen=True, kw_only=True)
class Return:
    """What a browser brings from an identity provider."""

    browser: str
    state: str
    code: str | None
    issuer: str | None
    error: str | None


class Organisations:
    """Signs the people of organisations in."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        organisations: Sequence[Organisation],
        public_url: str | None,
        sessions: Sessions,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions
        self._public_url = (public_url or "").rstrip("/")
        self._providers = {
            one.organisation_id: IdentityProvider(one, clock) for one in organisations
        }

    def all(self) -> list[Organisation]:
        """Return those whose people may sign in at their own provider."""
        return [one.organisation for one in self._providers.values()]

    def _provider(self, organisation_id: str) -> IdentityProvider:
        found = self._providers.get(organisation_id)
        if found is None:
            raise NotFoundError("organisation", organisation_id)
        return found

    def _redirect_uri(self, organisation_id: str) -> str:
        """Return where a provider sends browsers: each its own, so that none is taken for another.

        Source: RFC 9700, 4.4.2.2 (mix-up).
        """
        return f"{self._public_url}/api/v1/organisations/{organisation_id}/callback"

    async def begin(self, organisation_id: str, return_to: str) -> Begun:
        """Return where a browser goes to sign in."""
        provider = self._provider(organisation_id)
        state, browser, nonce = (passwords.new_token() for _ in range(3))
        code_verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        url = await provider.authorization_url(
            self._redirect_uri(organisation_id), state, nonce, code_verifier
        )
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            await organisations_repository.begin_sign_in(
                connection,
                passwords.token_hash(state),
                browser_hash=passwords.token_hash(browser),
                organisation_id=organisation_id,
                nonce=nonce,
                code_verifier=code_verifier,
                return_to=return_to,
                now=now,
                expires_at=now + SIGN_IN_TAKES,
            )
        return Begun(url=url, browser=browser)

    async def finish(
        self, organisation_id: str, brought: Return, device: Device
    ) -> tuple[str, str]:
        """Return a new session's token and where the browser wanted to go, or raise why not."""
        provider = self._provider(organisation_id)
        async with self._database.transaction(as_system=True) as connection:
            begun = await organisations_repository.take_sign_in(
                connection,
                passwords.token_hash(brought.state),
                passwords.token_hash(brought.browser),
                organisation_id,
                self._clock.now(),
            )
        if begun is None:
            raise SignInLostError
        await provider.require_issuer(brought.issuer)
        if brought.code is None:
            log.warning(
                "organisation_refused",
                organisation=organisation_id,
                error=(brought.error or "")[:60],
            )
            raise IdentityRefusedError("The identity provider did not sign you in.")
        identity = await provider.identity(
            brought.code,
            self._redirect_uri(organisation_id),
            begun["nonce"],
            begun["code_verifier"],
        )
        async with self._database.transaction(as_system=True) as connection:
            user_id = await self._admitted(connection, provider.organisation, identity)
            token = await self._session(connection, provider.organisation, user_id, device)
        return token, begun["return_to"]

    async def _admitted(
        self, connection: Connection, organisation: Organisation, identity: Identity
    ) -> int:
        """Return the user that an identity stands for, made or linked if need be."""
        now = self._clock.now()
        issuer, subject = organisation.issuer, identity.subject
        await lock(connection, f"user:{identity.email}")  # two at once would both make an account
        known = await organisations_repository.user_of_identity(connection, issuer, subject)
        if known is not None:
            await organisations_repository.note_sign_in(connection, issuer, subject, now)
            return known
        user = await repository.user_by_email(connection, identity.email)
        part = (identity.name or identity.email, organisation.role, organisation.supplier_id)
        if user is None:
            user_id = await organisations_repository.add_user(connection, identity.email, *part)
        else:
            user_id = user["user_id"]
            has_its_rights = (user["role"], user["supplier_id"]) == part[1:]
            # a neighbour's invitation must not keep anybody out of their work
            if not await organisations_repository.adopt_invited(connection, user_id, *part) and (
                # else whoever runs the provider could become anybody here by an address of theirs
                not has_its_rights
                or await organisations_repository.has_identity(connection, user_id)
            ):
                raise IdentityRefusedError(
                    "This e-mail address belongs to another account here; ask the operator."
                )
        await organisations_repository.link(connection, issuer, subject, user_id, now)
        await audit.record(
            connection,
            None,
            "user.linked" if user else "user.added",
            f"user:{user_id}",
            organisation_id=organisation.organisation_id,
            role=organisation.role,
        )
        return user_id

    async def _session(
        self, connection: Connection, organisation: Organisation, user_id: int, device: Device
    ) -> str:
        user = await repository.user_by_id(connection, user_id)
        if user is None or user["disabled_at"] is not None:
            raise IdentityRefusedError("This account is disabled; ask the operator.")
        _, token = await self._sessions.begin(
            connection,
            user,
            [ORGANISATION if organisation.proves_second_factor else ORGANISATION_ALONE],
            device,
            lasts=timedelta(hours=organisation.session_hours),
        )
        return token

    async def sign_out_url(self, organisation_id: str) -> str:
        """Return where a browser goes to sign out at the provider as well; else back here."""
        home = f"{self._public_url}/"
        return await self._provider(organisation_id).sign_out_url(home) or home

    async def sign_out_everywhere(self, organisation_id: str, logout_token: str) -> None:
        """End all sessions and tokens of whom a provider signs out, by its own signed word.

        It doesn't say whether they went home or were let go, so nothing of theirs goes on.
        """
        provider = self._provider(organisation_id)
        try:
            subject = await provider.subject_to_sign_out(logout_token)
        except IdentityRefusedError as error:
            raise LogoutRefusedError(str(error)) from error
        async with self._database.transaction(as_system=True) as connection:
            user_id = await organisations_repository.user_of_identity(
                connection, provider.organisation.issuer, subject
            )
            if user_id is None:
                return
            await self._sessions.end_access(connection, None, user_id)
