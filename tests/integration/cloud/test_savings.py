# SPDX-License-Identifier: EUPL-1.2
"""Savings over HTTP: budgets and their warnings, nights, years and what to do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import pytest_asyncio

from cloud.kit.auth.rights import Role
from cloud.kit.database import row, rows, run
from cloud.kit.hypertable import HOURLY, ZONE
from cloud.kit.mail import MailUnreachableError
from cloud.kit.settings import CloudSettings
from cloud.savings.warnings import WARN
from cloud.weather.models import Resolution
from cloud.weather.sources import Told
from tests.fakes.mailbox import Mailbox, a_mailbox
from tests.integration.cloud.builders import CloudInTest, a_finding, unix
from tests.integration.cloud.signed_in import Person, a_person
from tests.tariffs import a_tariff_body
from tests.weather_builders import a_place

NOW = datetime(2026, 10, 21, 8, tzinfo=ZONE).astimezone(UTC)
M3 = 1_000_000
MAIL = {"channel": "email"}
# An hour uses a thousandth of a cubic metre at night, a tenth by day: 1.7 m³ and 4 euro a day.
USE = """
insert into hourly_usage (installation_id, interval_start, usage, covered_s, quality, known_at)
select installation_id, at, case when extract(hour from at at time zone 'Europe/Sofia') < 6
    then %(night)s else 100000 end * %(factor)s, 3600, 0, at
from installations cross join generate_series(%(since)s::timestamptz,
    %(until)s::timestamptz - interval '1 hour', interval '1 hour') at
where service_point_id = 'sp-one'
"""


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
    )


async def _used(
    cloud: CloudInTest,
    since: datetime,
    until: datetime = NOW,
    *,
    night: int = 1000,
    factor: float = 1,
) -> None:
    services = cloud.services
    await services.reviewer.drain()  # what is put in below isn't made of readings
    await services.hypertables.make_room(HOURLY, since, until)
    async with services.database.transaction(as_system=True) as connection:
        values = {"since": since, "until": until, "night": night, "factor": factor}
        await run(connection, USE, **values)
        found = await row(connection, "select array_agg(installation_id) as ids from installations")
        assert found is not None
        await services.hypertables.roll_up(connection, found["ids"], since, until)


async def _a_home(cloud: CloudInTest, days: int = 100) -> None:
    """Let building one use and pay for water for so many days."""
    cloud.clock.time = NOW
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    await cloud.operator.put("/tariffs/t-one", a_tariff_body())
    await cloud.operator.put(
        "/service-points/sp-one/tariffs", {"tariff_id": "t-one", "since": "2024-01-01"}
    )
    await _used(cloud, NOW - timedelta(days=days))


async def _iva(cloud: CloudInTest, *wishes: dict[str, Any]) -> Person:
    iva = await a_person(cloud, "p-one")
    iva.headers["Origin"] = "https://iskar.example"
    for number, wish in enumerate(wishes):
        await iva.put(f"/subscriptions/s-{number}", wish)
    return iva


async def _morning(cloud: CloudInTest) -> None:
    """Look at all budgets and send what is queued, each job twice, as killed workers do."""
    warnings = cloud.services.saving.warnings
    for _ in range(2):
        for owner, premises_id in await warnings.wishes():
            await warnings.look(owner, premises_id)
    async with cloud.services.database.transaction(as_system=True) as connection:
        jobs = await rows(
            connection,
            "select args from procrastinate_jobs where task_name = %(task)s",
            task=WARN,
        )
    for job in [*jobs, *jobs]:
        args = job["args"]
        month = date.fromisoformat(args["month"])
        await warnings.send(int(args["budget_id"]), month, args["key"])


async def test_a_budget_tells_how_its_month_will_end(cloud: CloudInTest) -> None:
    await _a_home(cloud)
    iva = await _iva(cloud)
    await iva.put("/premises/p-one/budgets/water", {"euro": "100"})
    month = await iva.get("/premises/p-one/budgets")
    bill = await iva.get("/premises/p-one/bill/expected", month="2026-10")
    [found] = month["items"]
    assert (month["first_day"], month["last_day"]) == ("2026-10-01", "2026-10-31")
    assert (found["utility"], found["limit"], found["unit"]) == ("water", "100.00", "EUR")
    told = [found[name] for name in ("so_far", "low", "expected", "high")]
    assert told == [bill[f"{one}_eur"] for one in ("so_far", "low", "expected", "high")]
    assert (found["state"], found["days_left"], found["warned_at"]) == ("over", 10, None)
    await iva.put("/premises/p-one/budgets/water", {"amount": 200 * M3})
    [found] = (await iva.get("/premises/p-one/budgets"))["items"]
    assert (found["unit"], found["state"], found["euro"]) == ("ml", "under", None)
    for _ in range(2):
        assert (await iva.ask("DELETE", "/premises/p-one/budgets/water")).status_code == 204
    assert (await iva.get("/premises/p-one/budgets"))["items"] == []


async def test_a_budget_is_its_owners_alone(cloud: CloudInTest) -> None:
    await _a_home(cloud, days=40)
    iva = await _iva(cloud)
    await iva.put("/premises/p-one/budgets/water", {"euro": "100"})
    other = await a_person(cloud, "p-one", email="mitko@example.bg")
    other.headers["Origin"] = "https://iskar.example"
    assert (await other.get("/premises/p-one/budgets"))["items"] == []
    await other.ask("DELETE", "/premises/p-one/budgets/water")
    assert len((await iva.get("/premises/p-one/budgets"))["items"]) == 1


async def test_what_a_person_wants_to_pay_at_most_is_not_in_the_audit_chain(
    cloud: CloudInTest,
) -> None:
    iva = await _iva(cloud)
    await iva.put("/premises/p-one/budgets/water", {"euro": "123.45"})
    async with cloud.services.database.transaction(as_system=True) as connection:
        [told] = await rows(
            connection,
            "select entry, content from audit_log join audit_personal using (entry_id)"
            " where action = 'budget.put'",
        )
    assert "123.45" in told["content"]
    assert "123.45" not in told["entry"]


async def test_who_may_set_no_budget_is_told_so(cloud: CloudInTest) -> None:
    iva = await _iva(cloud)
    assert (await iva.get("/premises/p-one/savings"))["budgets"]["may_be_set"] is True
    technician = await cloud.caller(Role.TECHNICIAN)
    told = (await technician.get("/premises/p-one/savings"))["budgets"]
    assert (told["may_be_set"], told["items"]) == (False, [])
    path = "/premises/p-one/budgets/water"
    assert (await technician.ask("PUT", path, json={"euro": "40"})).status_code == 403


@pytest.mark.parametrize(
    ("utility", "body", "status"),
    [
        ("water", {}, 422),
        ("water", {"euro": "10", "amount": 3}, 422),
        ("water", {"euro": "0"}, 422),
        ("water", {"euro": "1.005"}, 422),
        ("gas", {"euro": "10"}, 404),  # no such meter there
    ],
)
async def test_a_budget_that_means_nothing_is_refused(
    cloud: CloudInTest, utility: str, body: dict[str, Any], status: int
) -> None:
    iva = await _iva(cloud)
    answer = await iva.ask("PUT", f"/premises/p-one/budgets/{utility}", json=body)
    assert answer.status_code == status, answer.text


async def test_a_person_is_warned_once_a_month_by_their_own_channel(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _a_home(cloud)
    iva = await _iva(cloud, MAIL, MAIL | {"language": "en"})  # one mailbox is told once
    await iva.put("/premises/p-one/budgets/water", {"euro": "100"})
    await _morning(cloud)
    [letter] = mailbox.letters
    assert letter["subject"] == "Сграда: водата вероятно ще мине бюджета този месец"
    text = letter.get_body(("plain",)).get_content()
    assert "Бюджет: 100,00 €." in text
    assert "9 от 10 пъти между" in text
    assert "https://iskar.example/#/premises/p-one/saving" in text
    [found] = (await iva.get("/premises/p-one/budgets"))["items"]
    assert datetime.fromisoformat(found["warned_at"]) == NOW
    await iva.put("/premises/p-one/budgets/water", {"euro": "90"})
    cloud.clock.time = NOW + timedelta(days=1)
    await _morning(cloud)
    assert len(mailbox.letters) == 1


async def test_who_keeps_to_their_budget_hears_nothing(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _a_home(cloud)
    iva = await _iva(cloud, MAIL)
    await iva.put("/premises/p-one/budgets/water", {"euro": "400"})
    await _morning(cloud)
    assert mailbox.letters == []


async def test_without_a_channel_nothing_is_sent_until_there_is_one(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _a_home(cloud)
    iva = await _iva(cloud)
    await iva.put("/premises/p-one/budgets/water", {"euro": "100"})
    await _morning(cloud)
    assert mailbox.letters == []
    await iva.put("/subscriptions/s-one", MAIL)
    await _morning(cloud)
    assert len(mailbox.letters) == 1


async def test_a_share_that_was_revoked_is_told_nothing_more(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _a_home(cloud)
    iva = await _iva(cloud, MAIL)
    await iva.put("/premises/p-one/budgets/water", {"euro": "100"})
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update grants set revoked_at = now()")
    await _morning(cloud)
    assert mailbox.letters == []


async def test_a_budget_can_be_forgotten_after_the_share_was_revoked_and_others_find_nothing(
    cloud: CloudInTest,
) -> None:
    iva = await _iva(cloud)
    await iva.put("/premises/p-one/budgets/water", {"euro": "100"})
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update grants set revoked_at = now()")
    path = "/premises/p-one/budgets/water"
    assert (await iva.ask("PUT", path, json={"euro": "90"})).status_code == 404
    assert (await iva.ask("DELETE", path)).status_code == 204
    assert (await iva.ask("DELETE", path)).status_code == 404
    async with cloud.services.database.transaction(as_system=True) as connection:
        assert await rows(connection, "select * from budgets") == []


async def test_a_mail_server_that_is_away_delays_a_warning_and_loses_none(
    cloud: CloudInTest, mailbox: Mailbox
) -> None:
    await _a_home(cloud)
    iva = await _iva(cloud, MAIL)
    await iva.put("/premises/p-one/budgets/water", {"euro": "100"})
    mailbox.answer = "451 later"
    with pytest.raises(MailUnreachableError):
        await _morning(cloud)
    mailbox.answer = "250 OK"
    await _morning(cloud)
    assert len(mailbox.letters) == 1


async def test_what_runs_at_night_is_told_with_its_price_of_a_year(cloud: CloudInTest) -> None:
    await _a_home(cloud)
    iva = await _iva(cloud)
    found = await iva.get("/premises/p-one/savings")
    [night] = found["nights"]
    assert (night["rate"], night["unit"], night["coverage"]) == (1000, "ml", 1)
    assert (night["first_day"], night["last_day"]) == ("2026-09-23", "2026-10-20")
    assert night["a_year"] == 8760 * 1000
    assert abs(Decimal(night["euro_a_year"]) - Decimal("21.02")) < Decimal("0.10")  # 2.40 a m³
    assert found["actions"] == []


async def test_a_rise_at_night_and_a_leak_are_worth_doing(cloud: CloudInTest) -> None:
    await _a_home(cloud, days=28)
    await _used(cloud, NOW - timedelta(days=100), NOW - timedelta(days=28), night=100)
    iva = await _iva(cloud)
    [rise] = (await iva.get("/premises/p-one/savings"))["actions"]
    assert (rise["kind"], rise["amount"], rise["usual"]) == ("standing", 1000, 100)
    assert abs(Decimal(rise["euro"]) - Decimal("18.92")) < Decimal("0.10")  # nine tenths of 21.02
    await cloud.gateway.send(_a_leak())
    [leak] = (await iva.get("/premises/p-one/savings"))["actions"]
    assert (leak["kind"], leak["service_point_id"]) == ("leak", "sp-one")  # not told twice
    assert leak["alert_id"]


def _a_leak() -> dict[str, Any]:
    raised, began = unix(NOW - timedelta(hours=1)), unix(NOW - timedelta(hours=3))
    return a_finding(at=NOW, raised_at_s=raised, started_at_s=began)


async def test_a_tenant_is_told_of_nights_and_years_since_they_moved_in(
    cloud: CloudInTest,
) -> None:
    await _two_years(cloud)
    tenant = await a_person(cloud, "p-one", role=Role.TENANT)
    async with cloud.services.database.transaction(as_system=True) as connection:
        since = NOW - timedelta(days=10)
        await run(connection, "update grants set since = %(since)s", since=since)
    found = await _compared(tenant)
    [night] = found["nights"]
    assert night["rate"] is None
    assert night["coverage"] < 0.4
    assert [one["reason"] for one in found["years"]] == ["too_little_history"]
    owner = await cloud.caller(Role.OWNER, "p-one")
    found = await _compared(owner)
    assert found["nights"][0]["rate"] == 1000
    assert found["years"][0]["reason"] is None


async def test_two_years_are_compared_once_and_add_up(cloud: CloudInTest) -> None:
    await _two_years(cloud)
    iva = await _iva(cloud)
    first = await iva.get("/premises/p-one/savings")
    assert first["years"][0]["is_ready"] is False
    found = await _compared(iva)
    [years] = found["years"]
    assert (years["first_day"], years["last_day"]) == ("2025-10-01", "2026-09-30")
    assert years["now"] > 1.09 * years["before"]
    assert years["by_weather"] is None  # a tenth more whatever the weather
    assert years["by_rest"]["middle"] == pytest.approx(years["now"] - years["before"])
    assert years["is_certain"]
    [action] = [one for one in found["actions"] if one["kind"] == "rising"]
    assert action["usual"] == pytest.approx(years["before"])


async def _two_years(cloud: CloudInTest) -> None:
    """Let building one use a tenth more in the later of two years, and know its weather."""
    await _a_home(cloud, days=20)
    split, start = (datetime(year, 10, 1, tzinfo=ZONE).astimezone(UTC) for year in (2025, 2024))
    await _used(cloud, start, split)
    await _used(cloud, split, NOW - timedelta(days=20), factor=1.1)
    records = cloud.services.weather
    await records.put_place(a_place(latitude=42.7, longitude=23.3))
    hours = int((NOW - start).total_seconds() // 3600)
    at = [start + timedelta(hours=one) for one in range(hours)]
    warm = [15 - 10 * abs((one.timetuple().tm_yday - 200) / 183) + one.hour / 6 for one in at]
    await records.take_in("sofia", _told(at, warm))


def _told(at: list[datetime], warm: list[float]) -> Told:
    schema = {"at": pl.Datetime("us", "UTC"), "temperature_c": pl.Float64}
    told = pl.DataFrame({"at": at, "temperature_c": warm}, schema=schema)
    return Told(resolution=Resolution.HOUR, rows=told, is_forecast=False)


async def _compared(caller: Any) -> dict[str, Any]:
    """Ask until years are worked out."""
    async with asyncio.timeout(60):
        while True:
            found: dict[str, Any] = await caller.get("/premises/p-one/savings")
            if all(one["is_ready"] for one in found["years"]):
                return found
            await asyncio.sleep(0.2)


async def test_a_building_of_others_is_not_found(cloud: CloudInTest) -> None:
    stranger = await a_person(cloud)
    for path in ("savings", "budgets"):
        assert (await stranger.ask("GET", f"/premises/p-one/{path}")).status_code == 404
    answer = await stranger.ask("PUT", "/premises/p-one/budgets/water", json={"euro": "1"})
    assert answer.status_code == 404
