# SPDX-License-Identifier: EUPL-1.2
"""Mail: one letter to one person, by the mail server of the settings.

Whoever sends does so in a job, so that a letter outlives a mail server that is away: a refusal for
good is MailRefusedError, everything else MailUnreachableError and worth another attempt. A letter
that is sent again bears the same Message-ID, by which mailboxes know it.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, make_msgid
from typing import ClassVar

import aiosmtplib
import structlog
from pydantic import SecretStr

from cloud.kit.clock import Clock
from cloud.kit.errors import CloudError

log = structlog.get_logger(__name__)

TIMEOUT_S = 20  # for each answer
WITHIN_S = 45  # for a letter, whose sender counts on a minute (alerts/notices.py, HOLD)
IMPLICIT_TLS_PORT = 465  # Source: RFC 8314, 3.3: TLS from the first byte, no STARTTLS
SENDER_NAME = "Iskar"
# Source: HTML Standard, 4.10.5.1.5, a valid e-mail address; RFC 5321, 4.5.3.1 for the lengths.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")
MAX_ADDRESS = 254
# Answers that are about this letter or its reader. What is said to our own sign-in, name or sender
# never is, though it be for good: an operator will mend that.
PERMANENT = range(500, 600)
ABOUT_US = (
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPSenderRefused,
)
POLICY_CODE = re.compile(r"5\.7\.\d")  # RFC 3463, 3.8: security or policy, "relaying denied"
NOT_SIGNED_IN = 530  # RFC 4954, 6


class MailOffError(CloudError):
    """No mail server is configured, so nothing can be sent by e-mail."""

    status = 503
    code = "mail-off"

    def __init__(self) -> None:
        super().__init__("E-mail is off in this installation: CLOUD_SMTP_HOST is not set.")


class MailRefusedError(CloudError):
    """A letter will never be taken: the address or the letter itself was refused."""

    status = 502
    code = "mail-refused"

    def __init__(self, said: str) -> None:
        super().__init__(f"The letter was refused for good: {said}.")


class MailboxRefusedError(MailRefusedError):
    """The reader's mailbox takes no letters, this one or another."""


class MailUnreachableError(CloudError):
    """The mail server is away or took nothing now; another attempt may succeed."""

    status = 503
    code = "mail-unreachable"
    headers: ClassVar = {"Retry-After": "60"}

    def __init__(self, said: str) -> None:
        super().__init__(f"The mail server took no letter now: {said}.")


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where letters are handed in, and in whose name."""

    host: str
    port: int
    sender: str
    username: str | None = None
    password: SecretStr | None = None
    starttls: bool = True

    @property
    def domain(self) -> str:
        """The part of the sender's address that mail servers know us by."""
        return self.sender.rpartition("@")[2]


class _Policy(EmailPolicy):
    """Folds as SMTP does, but never a header of links: half of a link opens nothing.

    Subjects are encoded by the older ``Header``: the policy's folding loses spaces between words in
    Cyrillic (python/cpython#92081; #144156 of later versions).
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return one header as it travels."""
        if name.lower().startswith("list-"):
            return f"{name}: {value}{self.linesep}".encode("ascii")
        if name.lower() == "subject" and not value.isascii():
            encoded = Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {encoded}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


POLICY = _Policy(linesep=SMTP.linesep, max_line_length=78, cte_type="7bit")


class Mail:
    """Sends letters; ``server`` is None where e-mail is off."""

    def __init__(self, server: MailServer | None, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    @property
    def is_on(self) -> bool:
        """Whether letters can be sent at all."""
        return self._server is not None

    def require(self) -> None:
        """Raise MailOffError unless letters can be sent: ask before promising one."""
        if self._server is None:
            raise MailOffError

    async def send(
        self,
        to: str,
        subject: str,
        text: str,
        html: str | None = None,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Hand in a letter; it was taken when this returns.

        ``name`` stands for this letter in all attempts to send it, ``headers`` are further ones.
        """
        if self._server is None:
            raise MailOffError
        server = self._server
        if not is_address(to):
            raise MailboxRefusedError("the address is not one that mail can be sent to")
        message = letter(server, to, subject, text, html, self._clock.now(), name)
        for header, content in (headers or {}).items():
            message[header] = line(content)
        await _hand_in(server, to, message.as_bytes(policy=POLICY))
        log.info("letter_sent", letter=name)


def is_address(text: str) -> bool:
    """Tell whether mail can be sent to ``text``."""
    return len(text) <= MAX_ADDRESS and ADDRESS.fullmatch(text) is not None


def line(text: str) -> str:
    """Return text fit for a header: on one line, so that it can't begin another header."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def letter(
    server: MailServer,
    to: str,
    subject: str,
    text: str,
    html: str | None,
    now: datetime,
    name: str | None = None,
) -> EmailMessage:
    """Return a letter to one reader, in plain text and perhaps also in HTML."""
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(SENDER_NAME, addr_spec=server.sender)
    message["To"] = to
    message["Subject"] = line(subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = (
        f"<{name}@{server.domain}>" if name else make_msgid(domain=server.domain)
    )
    message["Auto-Submitted"] = "auto-generated"  # Source: RFC 3834, 5: no holiday replies to it
    message.set_content(text, cte="base64" if not text.isascii() else None)
    if html is not None:
        message.add_alternative(html, subtype="html", cte="base64")
    return message


async def _hand_in(server: MailServer, to: str, message: bytes) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):
            await aiosmtplib.send(
                message,
                sender=server.sender,
                recipients=[to],
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password.get_secret_value() if server.password else None,
                local_hostname=server.domain,
                timeout=TIMEOUT_S,
                use_tls=server.port == IMPLICIT_TLS_PORT,
                start_tls=server.starttls and server.port != IMPLICIT_TLS_PORT,
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refused_mailbox(error.recipients[0].code, error.recipients[0].message) from error
    except ABOUT_US as error:
        raise MailUnreachableError(line(str(error))[:200]) from error
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error.code, error.message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailUnreachableError(line(f"{type(error).__name__}: {error}")[:200]) from error


def _refused_mailbox(code: int, said: str) -> CloudError:
    if code == NOT_SIGNED_IN:
        return MailUnreachableError(line(f"{code} {said}")[:200])
    refusal = _refusal(code, said)
    if isinstance(refusal, MailRefusedError) and not POLICY_CODE.match(said):
        return MailboxRefusedError(line(f"{code} {said}")[:200])
    return refusal


def _refusal(code: int, said: str) -> CloudError:
    told = line(f"{code} {said}")[:200]
    return MailRefusedError(told) if code in PERMANENT else MailUnreachableError(told)
