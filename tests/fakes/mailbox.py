# SPDX-License-Identifier: EUPL-1.2
"""A mail server on loopback that keeps the letters it is handed, and refuses as told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What arrived: ``letters`` in order and whom they were handed in for.

    ``answer`` is said of each recipient, but of the next ones what ``answers`` still holds;
    ``answer_to_sender`` and ``answer_to_letter`` of those. A letter is here
    before its sender hears so, which is once ``says_yes`` is set.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = "250 OK"
        self.answers: list[str] = []
        self.answer_to_sender = "250 OK"
        self.answer_to_letter = "250 OK"
        self.says_yes = asyncio.Event()
        self.says_yes.set()
        self.port = 0
        self._news = asyncio.Condition()

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        envelope.mail_from = address
        return self.answer_to_sender

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        answer = self.answers.pop(0) if self.answers else self.answer
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        if not self.answer_to_letter.startswith("250"):
            return self.answer_to_letter
        content: Any = envelope.content
        async with self._news:
            self.letters.append(message_from_bytes(content, policy=default))
            self.recipients += envelope.rcpt_tos
            self._news.notify_all()
        await self.says_yes.wait()
        return "250 taken"

    async def until_got(self, count: int) -> None:
        """Wait until so many letters have arrived."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.letters) >= count)


@asynccontextmanager
async def a_mailbox() -> AsyncIterator[Mailbox]:
    """Yield a mail server that listens at its ``port``."""
    mailbox = Mailbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="mail.example"), "127.0.0.1", 0
    )
    async with server:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox
