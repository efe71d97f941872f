# SPDX-License-Identifier: EUPL-1.2
"""People who subscribed are told of alerts, each event once, and only what is theirs to see."""

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from py_vapid import Vapid02

from cloud.alerts import push
from cloud.alerts.notices import SEND
from cloud.kit.auth.rights import Role
from cloud.kit.database import row, rows
from cloud.kit.mail import MailUnreachableError
from cloud.kit.settings import CloudSettings
from tests.fakes.mailbox import Mailbox, a_mailbox
from tests.fakes.push_service import PushService, a_push_service
from tests.integration.cloud.builders import NOON, CloudInTest, a_finding, unix
from tests.integration.cloud.signed_in import Person, a_person

MAIL = {"channel": "email"}


@pytest_asyncio.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with a_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def settings(tmp_path: Path, mailbox: Mailbox) -> CloudSettings:
    return CloudSettings(
        data_dir=tmp_path,
        public_url="https://iskar.example",
        smtp_host="127.0.0.1",
        smtp_port=mailbox.port,
        smtp_sender="alerts@iskar.example",
        smtp_starttls=False,
        push_allowed_networks=(ipaddress.IPv4Network("127.0.0.0/8"),),
    )


async def _iva(cloud: CloudInTest, *wishes: dict[str, Any]) -> Person:
    """Sign Iva in, owner of building one, with these subscriptions."""
    iva = await a_person(cloud, "p-one")
    iva.headers["Origin"] = "https://iskar.example"
    for number, wish in enumerate(wishes):
        await iva.put(f"/subscriptions/s-{number}", wish)
    return iva


async def _jobs(cloud: CloudInTest, task: str) -> list[dict[str, Any]]:
    async with cloud.services.database.transaction(as_system=True) as connection:
        cursor = await connection.execute(
            "select args, scheduled_at from procrastinate_jobs where task_name = %s order by id",
            [task],
        )
        return [dict(one) for one in await cursor.fetchall()]


async def _work(cloud: CloudInTest, *, times: int = 1) -> None:
    """Do what is queued, each job as often as told, as workers that are killed do."""
    notices = cloud.services.notices_to_people
    for _ in range(times):
        for job in await _jobs(cloud, "tell_people"):
            await notices.tell(int(job["args"]["event_id"]))
    for _ in range(times):
        for job in await _jobs(cloud, SEND):
            await notices.send(int(job["args"]["event_id"]), job["args"]["key"])


def a_clearing(number: int = 2) -> dict[str, Any]:
    at = NOON + timedelta(hours=1)
    return a_finding(number, at=at, state="cleared", cleared_at_s=unix(at), volume_l=500)


async def test_a_letter_tells_the_owner_in_bulgarian_what_where_and_how_much(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _iva(cloud, MAIL)
    await cloud.gateway.send(a_finding())
    await _work(cloud)
    [letter] = mailbox.letters
    assert (letter["to"], letter["subject"]) == (
        "iva@example.bg",
        "Вероятен теч: нов сигнал – Сграда",
    )
    text, page = letter.iter_parts()
    told = text.get_content()
    assert "Загуба дотук: 380 л" in told
    assert "Започнал: 21.11.2026, 12:00" in told
    assert "https://iskar.example/#/alerts/" in told
    assert "<p>Загуба дотук: 380 л</p>" in page.get_content()


async def test_each_event_is_told_once_however_often_its_jobs_run(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _iva(cloud, MAIL | {"language": "en"})
    await cloud.gateway.send(a_finding())
    await cloud.gateway.send(a_finding())
    await _work(cloud, times=2)
    await cloud.gateway.send(a_clearing())
    await _work(cloud, times=2)
    assert [one["subject"] for one in mailbox.letters] == [
        "Probable leak: new alert – House",
        "Probable leak: the alert is over – House",
    ]
    assert len({one["message-id"] for one in mailbox.letters}) == 2


async def test_that_somebody_has_seen_an_alert_is_no_news(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    iva = await _iva(cloud, MAIL)
    await cloud.gateway.send(a_finding())
    [alert] = await iva.all("/alerts")
    await iva.post(f"/alerts/{alert['alert_id']}/acknowledge")
    await _work(cloud)
    assert len(mailbox.letters) == 1


async def test_a_letter_whose_sender_was_killed_is_sent_again_under_the_same_name(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _iva(cloud, MAIL)
    await cloud.gateway.send(a_finding())
    await _work(cloud)
    async with cloud.services.database.transaction() as connection:  # as if never written down
        await connection.execute("update alert_notices set sent_at = null")
    await _work(cloud)
    assert len(mailbox.letters) == 2
    assert len({one["message-id"] for one in mailbox.letters}) == 1


async def test_people_hear_of_what_they_wished(cloud: CloudInTest, mailbox: Mailbox) -> None:
    wanted: list[dict[str, Any]] = [
        {"premises_id": "p-one"},
        {"utilities": ["water", "gas"]},
        {"kinds": ["continuous_flow"]},
        {"severities": ["warning"]},
    ]
    unwanted: list[dict[str, Any]] = [
        {"utilities": ["gas"]},
        {"kinds": ["burst"]},
        {"severities": ["critical", "notice"]},
    ]
    iva = await _iva(cloud, *(MAIL | wish for wish in (*wanted, *unwanted)))
    await cloud.gateway.send(a_finding())
    await cloud.services.notices_to_people.tell(1)
    keys = {job["args"]["key"] for job in await _jobs(cloud, SEND)}
    assert len(keys) == len(wanted)
    async with cloud.services.database.transaction() as connection:
        cursor = await connection.execute(
            "select subscription_id from subscriptions where subscription_key = any(%s)",
            [list(keys)],
        )
        told = {fields["subscription_id"] for fields in await cursor.fetchall()}
    assert told == {f"s-{number}" for number in range(len(wanted))}
    assert len((await iva.get("/subscriptions"))["items"]) == len(wanted) + len(unwanted)
    assert mailbox.letters == []


async def test_nobody_hears_of_anothers_building_or_of_what_is_no_longer_theirs(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await cloud.register("two")
    iva = await _iva(cloud, MAIL)
    refused = await iva.ask("PUT", "/subscriptions/other", json=MAIL | {"premises_id": "p-two"})
    assert refused.status_code == 404
    await cloud.gateway.send(a_finding())
    for job in await _jobs(cloud, "tell_people"):
        await cloud.services.notices_to_people.tell(int(job["args"]["event_id"]))
    await cloud.services.access.put_user("iva@example.bg", "Iva", Role.OWNER, ["p-two"])
    await _work(cloud)
    await cloud.gateway.send(a_clearing())
    await _work(cloud)
    assert mailbox.letters == []


async def test_one_click_in_a_letter_ends_its_subscription_and_looking_does_not(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    iva = await _iva(cloud, MAIL)
    await cloud.gateway.send(a_finding())
    await _work(cloud)
    letter = mailbox.letters[0]
    assert letter["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(
        r"<https://iskar.example/api/v1(/unsubscribe/\S+)>", letter["list-unsubscribe"]
    )
    assert found is not None
    looked = await cloud.nobody.ask("GET", found[1])
    assert "<form method" in looked.text
    assert "form-action 'self'" in looked.headers["content-security-policy"]
    assert "sandbox" not in looked.headers["content-security-policy"]  # its button would be dead
    assert (await iva.get("/subscriptions"))["items"][0]["ended_at"] is None
    for _ in range(2):
        clicked = await cloud.nobody.ask("POST", found[1], data={"List-Unsubscribe": "One-Click"})
        assert clicked.status_code == 200
    [ended] = (await iva.get("/subscriptions"))["items"]
    assert ended["ended_because"] == "Ended by the link in a letter."
    await cloud.gateway.send(a_clearing())
    await _work(cloud)
    assert len(mailbox.letters) == 1
    assert (await cloud.nobody.ask("POST", "/unsubscribe/" + "x" * 32)).status_code == 404


async def test_a_mailbox_that_is_gone_ends_the_subscription_and_its_owner_can_see_why(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    iva = await _iva(cloud, MAIL)
    mailbox.answer = "550 5.1.1 no such mailbox"
    await cloud.gateway.send(a_finding())
    await _work(cloud)
    [ended] = (await iva.get("/subscriptions"))["items"]
    assert "550 5.1.1 no such mailbox" in ended["ended_because"]
    assert (await iva.put("/subscriptions/s-0", MAIL))["ended_at"] is None


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("answer_to_sender", "550 5.7.1 sender unknown here"),
        ("answer", "550 5.7.1 relaying denied"),
        ("answer", "530 5.7.0 sign in first"),
        ("answer_to_letter", "554 5.6.0 looks like spam"),
    ],
)
async def test_a_mail_server_that_refuses_us_ends_nobodys_subscription(
    cloud: CloudInTest, mailbox: Mailbox, who: str, said: str
) -> None:
    iva = await _iva(cloud, MAIL)
    setattr(mailbox, who, said)
    await cloud.gateway.send(a_finding())
    with contextlib.suppress(MailUnreachableError):
        await _work(cloud)
    [kept] = (await iva.get("/subscriptions"))["items"]
    assert kept["ended_at"] is None
    setattr(mailbox, who, "250 OK")
    await cloud.gateway.send(a_clearing())
    await _work(cloud)
    assert mailbox.letters


async def test_a_mailbox_that_is_full_gets_the_letter_later(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _iva(cloud, MAIL)
    mailbox.answers = ["452 mailbox full"]
    await cloud.gateway.send(a_finding())
    with pytest.raises(MailUnreachableError):
        await _work(cloud)
    await _work(cloud)
    assert len(mailbox.letters) == 1


async def test_the_worker_itself_brings_the_letter(cloud: CloudInTest, mailbox: Mailbox) -> None:
    await _iva(cloud, MAIL)
    jobs = asyncio.create_task(cloud.services.jobs.run())
    await cloud.gateway.send(a_finding(kind="burst"))
    await mailbox.until_got(1)
    jobs.cancel()
    await asyncio.gather(jobs, return_exceptions=True)


async def test_programs_do_not_subscribe(cloud: CloudInTest) -> None:
    program = await cloud.caller(Role.OWNER, "p-one")
    answer = await program.ask("PUT", "/subscriptions/mine", json=MAIL)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:iskar:problem:no-mailbox")


async def _pushed(cloud: CloudInTest, service: PushService) -> Person:
    return await _iva(cloud, {"channel": "push", "push": service.subscription()})


async def test_a_browser_alone_can_read_what_is_pushed_and_its_service_knows_who_sent_it(
    cloud: CloudInTest,
) -> None:
    async with a_push_service() as service:
        iva = await _pushed(cloud, service)
        await cloud.gateway.send(a_finding(kind="burst"))
        await _work(cloud, times=2)
        [(headers, body)] = service.got
    told = service.read(body)
    [alert] = (await iva.get("/alerts"))["items"]
    assert told["title"] == "Спукана тръба: нов сигнал"
    assert told["url"] == f"/#/alerts/{alert['alert_id']}"
    assert "Сграда".encode() not in body
    assert (headers["urgency"], headers["ttl"]) == ("high", "86400")
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers["topic"])
    assert Vapid02.verify(headers["authorization"])
    key = (await iva.get("/push-key"))["key"]
    assert headers["authorization"].endswith(f"k={key}")


async def test_a_browser_that_gave_up_is_told_nothing_more(cloud: CloudInTest) -> None:
    async with a_push_service(410) as service:
        iva = await _pushed(cloud, service)
        await cloud.gateway.send(a_finding())
        await _work(cloud)
        await cloud.gateway.send(a_clearing())
        await _work(cloud)
        assert len(service.got) == 1
    assert (await iva.get("/subscriptions"))["items"][0]["ended_at"] is not None


async def test_a_push_address_inside_our_network_is_refused(cloud: CloudInTest) -> None:
    iva = await _iva(cloud)
    for endpoint in (
        "http://push.example/1",
        "https://10.0.0.1/1",
        "https://[::1]/1",
        "https://0x7f.1/1",
        "https://user:pass@push.example/1",
        "https://push.example:22/1",
    ):
        push = PushService().subscription() | {"endpoint": endpoint}
        answer = await iva.ask("PUT", "/subscriptions/s", json={"channel": "push", "push": push})
        assert answer.json()["type"] == "urn:iskar:problem:address-refused", endpoint


async def test_a_subscription_and_its_end_are_entries_that_hold_no_address(
    cloud: CloudInTest,
) -> None:
    iva = await _iva(cloud, MAIL, MAIL)
    assert (await iva.ask("DELETE", "/subscriptions/s-0")).status_code == 204
    async with cloud.services.database.transaction(as_system=True) as connection:
        left = await row(connection, "select subscription_key from subscriptions")
        assert left is not None
    link = f"/unsubscribe/{left['subscription_key']}"
    assert (await cloud.nobody.ask("POST", link)).status_code == 200
    about = "select action, entry from audit_log where about like 'subscription:%%' order by 1"
    async with cloud.services.database.transaction(as_system=True) as connection:
        told = await rows(connection, about)
    ways = ["deleted", "ended", "put", "put"]
    assert [one["action"] for one in told] == [f"subscription.{way}" for way in ways]
    assert all("@" not in one["entry"] for one in told)


@pytest.mark.parametrize(
    ("begun", "goes_on", "is_sent"),
    [
        (b"HTTP/1.1 201 Created\r\n\r\n", b"x", True),
        (b"HTTP/1.1 201 Created\r\n", b"X: 1\r\n", False),
    ],
    ids=["a body", "a head"],
)
async def test_an_answer_without_an_end_holds_up_no_job(
    cloud: CloudInTest,
    monkeypatch: pytest.MonkeyPatch,
    begun: bytes,
    goes_on: bytes,
    *,
    is_sent: bool,
) -> None:
    monkeypatch.setattr(push, "WITHIN_S", 0.5)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(begun)
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(goes_on)
                await writer.drain()
                await asyncio.sleep(0.05)

    told = PushService().subscription()
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        browser = push.Browser(endpoint=url, key=told["p256dh"], auth=told["auth"])
        sent = cloud.services.push.send(browser, {"title": "t"}, "warning", "topic")
        async with asyncio.timeout(5):
            if is_sent:
                await sent
            else:
                with pytest.raises(push.PushUnreachableError):
                    await sent
