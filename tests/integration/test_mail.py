# SPDX-License-Identifier: EUPL-1.2
"""A letter arrives whole at a real mail server, and nothing in it becomes another header."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr, ValidationError

from cloud.alerts.notices import HOLD
from cloud.kit import mail as mail_module
from cloud.kit.clock import Clock
from cloud.kit.mail import (
    Mail,
    MailOffError,
    MailRefusedError,
    MailServer,
    MailUnreachableError,
    is_address,
)
from cloud.kit.settings import CloudSettings
from tests.fakes.mailbox import Mailbox, a_mailbox

READER = "iva@example.bg"
LINK = "https://iskar.example/unsubscribe/" + "a" * 200


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with a_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def mail(mailbox: Mailbox) -> Mail:
    return Mail(a_server(port=mailbox.port), Clock())


def a_server(**changes: Any) -> MailServer:
    return MailServer(
        **{
            "host": "127.0.0.1",
            "port": 25,
            "sender": "alerts@iskar.example",
            "starttls": False,
            **changes,
        }
    )


async def test_a_letter_arrives_in_both_forms_and_any_script(mail: Mail, mailbox: Mailbox) -> None:
    html = "<p>Тече</p>"
    await mail.send(READER, "Теч в „Сердика“ " * 8, "Тече вода.", html, name="a-1")
    [letter] = mailbox.letters
    assert mailbox.recipients == [READER]
    assert letter["to"] == READER
    assert letter["from"] == "Iskar <alerts@iskar.example>"
    assert letter["subject"] == ("Теч в „Сердика“ " * 8).strip()
    assert letter["message-id"] == "<a-1@iskar.example>"
    text, page = letter.iter_parts()
    assert text.get_content().strip() == "Тече вода."
    assert (page.get_content_type(), page.get_content().strip()) == ("text/html", html)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\0"])
async def test_nothing_in_a_letter_becomes_another_header(
    mail: Mail, mailbox: Mailbox, end: str
) -> None:
    injected = f"Leak{end}Bcc: thief@example.com{end}{end}And a body"
    await mail.send(READER, injected, injected, headers={"List-Help": injected})
    [letter] = mailbox.letters
    assert letter["bcc"] is None
    assert mailbox.recipients == [READER]
    assert letter["subject"] == "Leak Bcc: thief@example.com And a body"
    assert len(letter["list-help"].splitlines()) == 1
    with pytest.raises(MailRefusedError):
        await mail.send(f"{READER}{end}Bcc: thief@example.com", "s", "t")


async def test_a_long_link_in_a_header_stays_whole(mail: Mail, mailbox: Mailbox) -> None:
    await mail.send(READER, "s", "t", headers={"List-Unsubscribe": f"<{LINK}>"})
    assert mailbox.letters[0]["list-unsubscribe"] == f"<{LINK}>"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("550 no such mailbox", MailRefusedError),
        ("452 mailbox full", MailUnreachableError),
    ],
)
async def test_a_refusal_for_good_is_told_from_one_for_now(
    mail: Mail, mailbox: Mailbox, answer: str, error: type[Exception]
) -> None:
    mailbox.answer = answer
    with pytest.raises(error, match=answer[:3]):
        await mail.send(READER, "s", "t")


async def test_a_server_that_is_away_is_worth_another_attempt(unused_tcp_port: int) -> None:
    with pytest.raises(MailUnreachableError):
        await Mail(a_server(port=unused_tcp_port), Clock()).send(READER, "s", "t")


async def test_a_server_that_takes_its_time_holds_a_letter_up_for_less_than_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert HOLD.total_seconds() > mail_module.WITHIN_S
    monkeypatch.setattr(mail_module, "WITHIN_S", 0.3)

    async def dawdle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"220-wait\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with await asyncio.start_server(dawdle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(10):
            with pytest.raises(MailUnreachableError):
                await Mail(a_server(port=port), Clock()).send(READER, "s", "t")


async def test_a_server_without_encryption_gets_no_letter_that_asks_for_it(
    mail: Mail, mailbox: Mailbox
) -> None:
    assert mail._server is not None
    strict = Mail(a_server(port=mail._server.port, starttls=True), Clock())
    with pytest.raises(MailUnreachableError):
        await strict.send(READER, "s", "t")
    assert mailbox.letters == []


async def test_without_a_server_mail_says_that_it_is_off() -> None:
    mail = Mail(CloudSettings().mail_server, Clock())
    assert not mail.is_on
    with pytest.raises(MailOffError):
        await mail.send(READER, "s", "t")
    with pytest.raises(MailOffError):
        mail.require()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"smtp_sender": "nobody"},
        {"smtp_sender": "a@b.bg", "smtp_username": "a"},
        {
            "smtp_sender": "a@b.bg",
            "smtp_username": "a",
            "smtp_password": SecretStr("p"),
            "smtp_starttls": False,
        },
    ],
)
def test_half_a_mail_server_or_a_password_in_the_clear_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CloudSettings(smtp_host="mail.example", **wrong)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a@b.bg", True),
        ("o'neill+x@sub.example.com", True),
        ("a@b", True),
        ("a@@b.bg", False),
        ("a b@c.bg", False),
        ("a@b.bg,c@d.bg", False),
        ("<a@b.bg>", False),
        ("a@-b.bg", False),
        ("x" * 65 + "@b.bg", False),
        ("", False),
    ],
)
def test_an_address_is_one_reader(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one
