# SPDX-License-Identifier: EUPL-1.2
"""Links: by one, mailed and good once, a person sets a password: invited, or having forgotten it.

Asking for one does the same whoever it is for: the work, and whether there is any, is a job's. The
job makes the link itself, so that it stands nowhere but in the letter and, hashed, in the database.
A second factor stays: who can read somebody's mail can't sign in as them. Who signs in at their
organisation is mailed no link.
Source: OWASP Forgot Password Cheat Sheet.
"""

import asyncio
from datetime import timedelta

import structlog

from cloud.accounts import letters, links_repository, passwords, repository
from cloud.accounts.password_rules import normalised, refuse_weak
from cloud.accounts.sessions import Sessions
from cloud.kit import audit
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import CloudError
from cloud.kit.jobs import Jobs
from cloud.kit.mail import Mail, MailRefusedError, MailUnreachableError
from cloud.kit.settings import CloudSettings

log = structlog.get_logger(__name__)

RESET_LASTS = timedelta(hours=1)
INVITATION_LASTS = timedelta(days=7)
NOBODY = 0
RESET_EVERY = timedelta(minutes=5)  # so that nobody's mailbox can be flooded by asking
SEND_RESET, SEND_SHARE, SEND_NEWS = "send_reset", "send_share", "send_account_news"


class LinkOverError(CloudError):
    """A link was used, is too old, or never was."""

    status = 410
    code = "link-over"

    def __init__(self) -> None:
        super().__init__("This link was used before or is too old; ask for a new one.")


class Links:
    """Makes links, mails them, and takes the password that comes back by one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: Jobs,
        mail: Mail,
        sessions: Sessions,
        settings: CloudSettings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._mail = mail
        self._sessions = sessions
        self._app = (settings.public_url or f"http://localhost:{settings.http_port}").rstrip("/")

    async def ask_for_reset(self, email: str) -> None:
        """Let a link be mailed to this address if an account has it; or raise MailOffError."""
        self._mail.require()
        async with self._database.transaction(as_system=True) as connection:
            user = await repository.user_by_email(connection, email.strip())
            user_id = str(user["user_id"] if user else NOBODY)
            await self._jobs.queue(connection, SEND_RESET, user_id=user_id)

    async def tell_of_share(self, connection: Connection, user_id: int, building: str) -> None:
        """Let somebody be told that a building is shared with them; or raise MailOffError."""
        self._mail.require()
        await self._jobs.queue(connection, SEND_SHARE, user_id=str(user_id), building=building)

    async def tell_of_change(self, connection: Connection, user_id: int, what: str) -> None:
        """Let somebody be told that their account was changed, if mail is on.

        Source: OWASP ASVS 5.0, 6.3.7: who takes an account over can't do so in silence.
        """
        if self._mail.is_on:
            await self._jobs.queue(connection, SEND_NEWS, user_id=str(user_id), what=what)

    async def make(self, connection: Connection, user_id: int, lasts: timedelta) -> str:
        """Return a new link's address."""
        token = passwords.new_token()
        now = self._clock.now()
        await links_repository.add(
            connection, passwords.token_hash(token), user_id, now, now + lasts
        )
        return self._address(token)

    async def send_reset(self, user_id: int) -> None:
        """Mail a link to this account; nothing if there is none such, or it needs no password."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            user = await repository.user_by_id(connection, user_id)
            if user is None or user["disabled_at"] is not None:
                return
            if await self._sessions.is_of_organisation(connection, user_id):
                return
            await lock(connection, f"links:{user_id}")  # two jobs at once are told apart
            made_at = await links_repository.newest(connection, user["user_id"])
            if made_at is not None and now - made_at < RESET_EVERY:
                return
            address = await self.make(connection, user["user_id"], RESET_LASTS)
        await self._send(user["email"], letters.reset(user["language"], address), address)

    async def send_share(self, user_id: int, building: str) -> None:
        """Tell somebody of a building shared with them, with a link if they have no password."""
        async with self._database.transaction(as_system=True) as connection:
            user = await repository.user_by_id(connection, user_id)
            if user is None or user["disabled_at"] is not None:
                return
            address = None
            is_theirs = await self._sessions.is_of_organisation(connection, user_id)
            if user["password_hash"] is None and not is_theirs:
                address = await self.make(connection, user_id, INVITATION_LASTS)
        letter = letters.share(user["language"], building, address or self._app)
        await self._send(user["email"], letter, address)

    async def send_news(self, user_id: int, what: str) -> None:
        """Tell somebody what was changed in their account."""
        async with self._database.transaction(as_system=True) as connection:
            user = await repository.user_by_id(connection, user_id)
        if user is not None:
            await self._send(user["email"], letters.news(user["language"], what), None)

    async def set_password(self, link: str, password: str) -> None:
        """Set a password by a link, or raise LinkOverError; every session and token ends."""
        hashed_link = passwords.token_hash(link)
        async with self._database.transaction(as_system=True) as connection:
            user = await links_repository.user_of(connection, hashed_link, self._clock.now())
        if user is None:
            raise LinkOverError
        refuse_weak(normalised(password), user["email"], user["name"])
        hashed = await asyncio.to_thread(passwords.password_hash, normalised(password))
        user_id: int = user["user_id"]
        async with self._database.transaction(as_system=True) as connection:
            if not await links_repository.take(connection, hashed_link, user_id):
                raise LinkOverError
            await repository.set_password(connection, user_id, hashed)
            await repository.forget_failures(connection, user["email"])
            await self.tell_of_change(connection, user_id, letters.PASSWORD_BY_LINK)
            await self._sessions.end_access(connection, None, user_id)
            await audit.record(connection, None, "password.set_by_link", f"user:{user_id}")

    async def _send(self, to: str, letter: letters.Letter, address: str | None) -> None:
        try:
            await self._mail.send(to, letter.subject, letter.text)
        except MailRefusedError as error:
            log.warning("account_letter_refused", error=str(error))
        except MailUnreachableError:
            if address is not None:  # the next attempt makes a new one
                async with self._database.transaction(as_system=True) as connection:
                    token = address.rpartition("/")[2]
                    await links_repository.forget(connection, passwords.token_hash(token))
            raise

    def _address(self, token: str) -> str:
        """Return where the app takes a password; what follows # is sent to no server."""
        return f"{self._app}/#/password/{token}"
