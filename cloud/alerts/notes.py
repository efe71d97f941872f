# SPDX-License-Identifier: EUPL-1.2
"""Notes: what people are told beside alerts, by the channels that they chose for these.

Other modules decide what is to be told and keep what was; here it is known who has which channel,
and how it is spoken to. A channel that is refused for good ends, as it does with alerts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from cloud.alerts import subscriptions_repository as repository
from cloud.alerts.letters import LANGUAGES, STOP
from cloud.alerts.messages import API
from cloud.alerts.models import NOTICE, Subscription
from cloud.alerts.push import Browser, Push, PushGoneError
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.mail import Mail, MailboxRefusedError

EMAIL, PUSH = "email", "push"


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something to tell: the first line says what it is.

    ``name`` stands for it in all attempts (at most 32 characters of base64url); ``address`` is
    where the app shows it, from the ``#`` on, and ``see`` the words of that link.
    """

    name: str
    lines: Sequence[str]
    address: str
    see: str


class Notes:
    """Speaks to people by the channels of their subscriptions."""

    def __init__(
        self, database: Database, clock: Clock, mail: Mail, push: Push, base_url: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._mail = mail
        self._push = push
        self._base_url = base_url

    async def channels(
        self, connection: Connection, owner: str, premises_id: str, utility: str
    ) -> list[Subscription]:
        """Return how somebody hears of a building's utility: a mailbox once, and each browser.

        Which kinds of alerts they chose doesn't matter: this is no alert.
        """
        found: dict[str, Subscription] = {}
        for one in await repository.of_owner(connection, owner):
            fits = one.premises_id in (None, premises_id)
            if one.ended_at is None and fits and (not one.utilities or utility in one.utilities):
                found.setdefault(one.push_endpoint or EMAIL, one)
        return list(found.values())

    async def of_key(self, connection: Connection, key: str) -> Subscription | None:
        """Return a subscription that hasn't ended, or None."""
        one = await repository.of_key(connection, key)
        return one if one is not None and one.ended_at is None else None

    async def send(self, one: Subscription, reader: Principal, note: Note) -> None:
        """Make one attempt; raise what ``Mail`` and ``Push`` do."""
        try:
            if one.channel == EMAIL:
                await self._write(one, reader, note)
            else:
                await self._show(one, note)
        except (MailboxRefusedError, PushGoneError) as error:
            async with self._database.transaction(as_system=True) as connection:
                now = self._clock.now()
                await repository.end(connection, one.subscription_key, str(error), now)
            raise

    async def _write(self, one: Subscription, reader: Principal, note: Note) -> None:
        stop_url = f"{self._base_url}{API}/unsubscribe/{one.subscription_key}"
        app_url = f"{self._base_url}/{note.address}"
        stop = STOP[LANGUAGES[one.language]]
        told = [*note.lines, "", f"{note.see}: {app_url}", "", f"{stop}: {stop_url}", ""]
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in note.lines)
        await self._mail.send(
            reader.email or "",
            note.lines[0],
            "\n".join(told),
            f'<!doctype html><html lang="{one.language}"><body>{paragraphs}'
            f'<p><a href="{escape(app_url)}">{escape(note.see)}</a></p>'
            f'<p><a href="{escape(stop_url)}">{escape(stop)}</a></p></body></html>',
            name=note.name,
            # Source: RFC 8058, 3.1: both headers, and the link takes a POST without a session
            headers={
                "List-Unsubscribe": f"<{stop_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )

    async def _show(self, one: Subscription, note: Note) -> None:
        assert one.push_endpoint and one.push_key and one.push_auth  # noqa: S101, PT018 - a check
        await self._push.send(
            Browser(endpoint=one.push_endpoint, key=one.push_key, auth=one.push_auth),
            {
                "title": note.lines[0],
                "body": "\n".join(note.lines[1:]),
                "tag": note.name,
                "url": f"/{note.address}",
                "lang": one.language,
                "severity": NOTICE,
            },
            NOTICE,
            note.name,
        )
