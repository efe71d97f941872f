# SPDX-License-Identifier: EUPL-1.2
"""Second factors: one-time codes of an app, and recovery codes for when the phone is gone.

The codes' secret must be read again at each sign-in, so it is kept sealed under a key outside the
database. A code is taken once, and so is a recovery code.
Source: RFC 6238, 5.2 (one step before and after for clocks that differ; a code works once).
"""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass

import pyotp
from psycopg.rows import DictRow

from cloud.accounts import factors_repository as kept
from cloud.accounts import letters, passwords
from cloud.accounts.attempts import MAX_CODE_FAILURES, TooManyAttemptsError, WrongCodeError
from cloud.accounts.links import Links
from cloud.accounts.sessions import CODE, RECOVERY
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, NotFoundError
from cloud.kit.sealing import Sealing

ISSUER = "Iskar"
STEP_S = 30
RECOVERY_CODES = 10
# Source: NIST SP 800-63B-4, 3.1.2.2: with 112 random bits or more a plain hash is enough.
RECOVERY_BYTES = 15
RECOVERY_GROUP = 4


class CodesSetUpError(CloudError):
    """One-time codes are in use already."""

    status = 409
    code = "codes-set-up"

    def __init__(self) -> None:
        super().__init__("One-time codes are in use; remove them before setting up new ones.")


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What an authenticator app is to be told; shown once."""

    secret: str
    address: str  # otpauth://…, for a QR code


class Factors:
    """One-time codes and recovery codes."""

    def __init__(self, database: Database, clock: Clock, sealing: Sealing, links: Links) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing
        self._links = links

    async def of_caller(self, caller: Principal) -> DictRow:
        """Return the caller's ``codes`` (in use or not), ``passkeys`` and ``recovery_codes``."""
        async with self._database.transaction(as_system=True) as connection:
            return await kept.of_user(connection, caller.user_id)

    async def begin(self, caller: Principal) -> Enrolment:
        """Return a new secret, which counts once a code of it was sent."""
        secret = pyotp.random_base32()
        sealed = self._sealing.seal(secret.encode(), _purpose(caller.user_id))
        async with self._database.transaction(as_system=True) as connection:
            if not await kept.begin_totp(connection, caller.user_id, sealed):
                raise CodesSetUpError
        name = caller.email or caller.name
        return Enrolment(
            secret=secret,
            address=pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER),
        )

    async def confirm(self, connection: Connection, caller: Principal) -> list[str]:
        """Put the secret into use, of which a code was taken; return new recovery codes."""
        if not await kept.confirm_totp(connection, caller.user_id, self._clock.now()):
            raise CodesSetUpError
        codes = await self.new_recovery_codes(connection, caller)
        await self._links.tell_of_change(connection, caller.user_id, letters.CODES)
        await audit.record(connection, caller, "codes.added", caller.subject)
        return codes

    async def remove(self, caller: Principal) -> None:
        """Forget the caller's one-time codes, or raise NotFoundError.

        With the last factor its recovery codes end: found later, they would stand in for the next.
        """
        async with self._database.transaction(as_system=True) as connection:
            if not await kept.remove_totp(connection, caller.user_id):
                raise NotFoundError("second factor", "codes")
            await kept.end_recovery(connection, caller.user_id)
            await self._links.tell_of_change(connection, caller.user_id, letters.CODES)
            await audit.record(connection, caller, "codes.removed", caller.subject)

    async def new_recovery_codes(self, connection: Connection, caller: Principal) -> list[str]:
        """Return ten new recovery codes; earlier ones end."""
        codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
        hashes = [passwords.token_hash(_plain(code)) for code in codes]
        await kept.put_recovery_codes(connection, caller.user_id, hashes)
        await audit.record(connection, caller, "recovery_codes.made", caller.subject)
        return codes

    async def take(self, user_id: int, code: str, *, is_confirmed: bool = True) -> str:
        """Take a code of this user and return what it proves, or raise WrongCodeError.

        The guess is counted, and the counting committed, before it is looked at: guesses at the
        same instant can't be more than those one after another.
        """
        plain = _plain(code)
        if not re.fullmatch(r"[0-9]{6}", plain):
            return await self._take_recovery_code(user_id, plain, is_confirmed)
        async with self._database.transaction(as_system=True) as connection:
            user = await kept.claim_guess(connection, user_id, MAX_CODE_FAILURES)
        if user is None:
            raise TooManyAttemptsError
        async with self._database.transaction(as_system=True) as connection:
            if not await self._is_right(connection, user_id, user, plain, is_confirmed):
                raise WrongCodeError
            await kept.forget_guesses(connection, user_id)
        return CODE

    async def _take_recovery_code(self, user_id: int, code: str, is_confirmed: bool) -> str:
        """Take a recovery code: nobody guesses one, so it opens when guessing at codes is over."""
        async with self._database.transaction(as_system=True) as connection:
            hashed = passwords.token_hash(code)
            if not (is_confirmed and await kept.use_recovery_code(connection, user_id, hashed)):
                raise WrongCodeError
            await kept.forget_guesses(connection, user_id)
        return RECOVERY

    async def _is_right(
        self,
        connection: Connection,
        user_id: int,
        user: DictRow,
        code: str,
        is_confirmed: bool,
    ) -> bool:
        if user["totp_secret"] is None or is_confirmed != (user["totp_confirmed_at"] is not None):
            return False
        secret = self._sealing.open(user["totp_secret"], _purpose(user_id)).decode()
        step = self._step(secret, code)
        return step is not None and await kept.use_step(connection, user_id, step)

    def _step(self, secret: str, code: str) -> int | None:
        """Return the thirty seconds that ``code`` belongs to; None if it isn't of about now."""
        now = int(self._clock.now().timestamp()) // STEP_S
        codes = pyotp.TOTP(secret)
        found = None
        for step in (now - 1, now, now + 1):
            if hmac.compare_digest(codes.generate_otp(step), code):
                found = step
        return found


def _purpose(user_id: int) -> str:
    return f"totp:{user_id}"


def _new_recovery_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()
    groups = range(0, len(letters), RECOVERY_GROUP)
    return "-".join(letters[start : start + RECOVERY_GROUP] for start in groups)


def _plain(code: str) -> str:
    """Return a code as it is compared: people type spaces, dashes and small letters."""
    return re.sub(r"[\s-]", "", code).upper()
