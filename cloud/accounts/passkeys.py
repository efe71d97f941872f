# SPDX-License-Identifier: EUPL-1.2
"""Passkeys: keys that never leave a person's device, unlocked by its PIN, finger or face.

One passkey is two factors at once, so it signs in by itself; it can't be phished, since the browser
signs for our own origin only. Challenges are kept here, work once, and end after five minutes.
Source: W3C Web Authentication Level 3, 7.1 and 7.2.
"""

import ipaddress
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
import webauthn
from psycopg.rows import DictRow
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from cloud.accounts import factors_repository, letters, repository
from cloud.accounts import passkeys_repository as kept
from cloud.accounts.factors import Factors
from cloud.accounts.links import Links
from cloud.accounts.sessions import PASSKEY, Device, Sessions
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.settings import CloudSettings

log = structlog.get_logger(__name__)

Verified = TypeVar("Verified")
CHALLENGE_LASTS = timedelta(minutes=5)
NAME = "Iskar"
# What the library raises on nonsense besides its own error, found by test_passkey_nonsense.
MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, RecursionError)


class WrongPasskeyError(CloudError):
    """The passkey is unknown here, or its answer doesn't hold."""

    status = 401
    code = "wrong-passkey"

    def __init__(self) -> None:
        super().__init__("This passkey is not known here, or its answer does not hold; try again.")


class PasskeyKnownError(CloudError):
    """This passkey was added before."""

    status = 409
    code = "passkey-known"

    def __init__(self) -> None:
        super().__init__("This passkey was added before.")


class PasskeysOffError(CloudError):
    """The cloud has no name that passkeys could be bound to."""

    status = 409
    code = "passkeys-off"

    def __init__(self) -> None:
        super().__init__("Passkeys are bound to a name: set CLOUD_PUBLIC_URL to one, not to an IP.")


class Passkeys:
    """Adds passkeys and signs people in by them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sessions: Sessions,
        factors: Factors,
        links: Links,
        settings: CloudSettings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sessions = sessions
        self._factors = factors
        self._links = links
        address = urlsplit(settings.public_url or f"http://localhost:{settings.http_port}")
        self._origin = f"{address.scheme}://{address.netloc}"
        self._host = address.hostname or "localhost"

    async def options_to_add(self, caller: Principal) -> dict[str, Any]:
        """Return what the browser is to make a passkey by (PublicKeyCredentialCreationOptions)."""
        async with self._database.transaction(as_system=True) as connection:
            known = await kept.of_user(connection, caller.user_id)
            options = webauthn.generate_registration_options(
                rp_id=self._rp_id(),
                rp_name=NAME,
                user_id=await kept.handle_of(connection, caller.user_id),
                user_name=caller.email or caller.name,
                user_display_name=caller.name,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=[
                    PublicKeyCredentialDescriptor(id=bytes(one["credential_id"])) for one in known
                ],
            )
            await self._keep(connection, options.challenge, caller.user_id)
        return options_to_json_dict(options)

    async def options_to_sign_in(self) -> dict[str, Any]:
        """Return what the browser is to ask for a passkey by; the same whoever it is."""
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id(), user_verification=UserVerificationRequirement.REQUIRED
        )
        async with self._database.transaction(as_system=True) as connection:
            await self._keep(connection, options.challenge, None)
        return options_to_json_dict(options)

    async def add(
        self, caller: Principal, name: str, credential: dict[str, Any]
    ) -> tuple[str, list[str]]:
        """Add a passkey; return the session's new token, and recovery codes if there were none."""
        challenge = await self._taken(credential, caller.user_id)
        made = _verified(
            lambda: webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id(),
                expected_origin=self._origin,
                require_user_verification=True,
            )
        )
        async with self._database.transaction(as_system=True) as connection:
            if not await kept.add(
                connection,
                made.credential_id,
                caller.user_id,
                name,
                made.credential_public_key,
                made.sign_count,
                self._clock.now(),
            ):
                raise PasskeyKnownError
            found = await factors_repository.of_user(connection, caller.user_id)
            codes = []
            if not found["recovery_codes"]:
                codes = await self._factors.new_recovery_codes(connection, caller)
            token = await self._sessions.renew(connection, caller, [PASSKEY])
            await self._links.tell_of_change(connection, caller.user_id, letters.PASSKEY)
            await audit.record(connection, caller, "passkey.added", caller.subject)
        return token, codes

    async def sign_in(self, credential: dict[str, Any], device: Device) -> tuple[Principal, str]:
        """Return who signed in and their new session's token, or raise WrongPasskeyError."""
        user_id = await self._proved(credential)
        async with self._database.transaction(as_system=True) as connection:
            user = await repository.user_by_id(connection, user_id)
            if user is None or user["disabled_at"] is not None:
                raise WrongPasskeyError
            return await self._sessions.begin(connection, user, [PASSKEY], device)

    async def step_up(self, caller: Principal, credential: dict[str, Any]) -> str:
        """Return the session's new token once ``caller`` has shown their passkey again."""
        if await self._proved(credential) != caller.user_id:
            raise WrongPasskeyError
        async with self._database.transaction(as_system=True) as connection:
            return await self._sessions.renew(connection, caller, [PASSKEY])

    async def of_caller(self, caller: Principal) -> list[DictRow]:
        """Return the caller's passkeys, with ``passkey_id`` to name each by."""
        async with self._database.transaction(as_system=True) as connection:
            found = await kept.of_user(connection, caller.user_id)
        return [
            {**one, "passkey_id": bytes_to_base64url(bytes(one["credential_id"]))} for one in found
        ]

    async def remove(self, caller: Principal, passkey_id: str) -> None:
        """Forget one of the caller's passkeys, or raise NotFoundError; see ``Factors.remove``."""
        async with self._database.transaction(as_system=True) as connection:
            if not await kept.remove(connection, _bytes(passkey_id), caller.user_id):
                raise NotFoundError("passkey", passkey_id)
            await factors_repository.end_recovery(connection, caller.user_id)
            await self._links.tell_of_change(connection, caller.user_id, letters.PASSKEY)
            await audit.record(connection, caller, "passkey.removed", caller.subject)

    async def _proved(self, credential: dict[str, Any]) -> int:
        """Return whose passkey answered, or raise WrongPasskeyError."""
        challenge = await self._taken(credential, None)
        async with self._database.transaction(as_system=True) as connection:
            passkey = await kept.by_id(connection, _bytes(credential["id"]))
        if passkey is None:
            raise WrongPasskeyError
        handle = credential["response"].get("userHandle")
        if handle is not None and _bytes(handle) != bytes(passkey["handle"]):
            raise WrongPasskeyError
        shown = _verified(
            lambda: webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._rp_id(),
                expected_origin=self._origin,
                credential_public_key=bytes(passkey["public_key"]),
                credential_current_sign_count=passkey["sign_count"],
                require_user_verification=True,
            )
        )
        async with self._database.transaction(as_system=True) as connection:
            counted = await kept.used(
                connection, shown.credential_id, shown.new_sign_count, self._clock.now()
            )
            user_id: int = passkey["user_id"]
            if counted:
                await factors_repository.forget_guesses(connection, user_id)
        if not counted:
            raise WrongPasskeyError
        return user_id

    async def _keep(self, connection: Connection, challenge: bytes, user_id: int | None) -> None:
        now = self._clock.now()
        await kept.add_challenge(connection, challenge, user_id, now, now + CHALLENGE_LASTS)

    async def _taken(self, credential: dict[str, Any], user_id: int | None) -> bytes:
        """Take the challenge that was answered, whether or not the answer will hold."""
        challenge = _challenge(credential)
        async with self._database.transaction(as_system=True) as connection:
            if not await kept.take_challenge(connection, challenge, user_id, self._clock.now()):
                raise WrongPasskeyError
        return challenge

    def _rp_id(self) -> str:
        try:
            ipaddress.ip_address(self._host)
        except ValueError:
            return self._host
        raise PasskeysOffError


def _challenge(credential: dict[str, Any]) -> bytes:
    """Return the challenge that a credential says it answers."""
    try:
        said = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        challenge = base64url_to_bytes(said["challenge"])
    except MALFORMED as error:
        raise WrongPasskeyError from error
    if said.get("crossOrigin"):  # in a frame of another site, where we are never meant to be
        raise WrongPasskeyError
    return challenge


def _bytes(text: str) -> bytes:
    try:
        return base64url_to_bytes(text)
    except ValueError as error:
        raise WrongPasskeyError from error


def _verified(verify: Callable[[], Verified]) -> Verified:
    """Return what ``verify`` does; the library has many ways to say that an answer is no good."""
    try:
        return verify()
    except MALFORMED as error:
        log.warning("passkey_refused", error=str(error)[:200])
        raise WrongPasskeyError from error
