# SPDX-License-Identifier: EUPL-1.2
"""Limits: a utility is told once of a day that will pass one, by webhook and by letter."""

import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jsonschema
import numpy as np
import pytest
import pytest_asyncio

from cloud.demand.history import repository as history_repository
from cloud.demand.issued.limits_service import EVENT, TELL, Limits
from cloud.kit.clock import Clock
from cloud.kit.database import rows
from cloud.kit.mail import Mail, MailServer
from cloud.kit.settings import CloudSettings
from cloud.webhooks.service import Outbox
from tests.fakes.mailbox import Mailbox, a_mailbox
from tests.integration.cloud.builders import Caller, CloudInTest
from tests.integration.cloud.demand_builders import a_series
from tests.integration.cloud.test_demand_forecasts import ISSUED, a_run
from tests.needs import ROOT

SCHEMA = json.loads((ROOT / "webhook_kit" / "schema.json").read_text())
SAMPLE = ROOT / "webhook_kit" / "samples" / "demand-limit.json"
LIMIT = {"series_id": "dma", "quantity": "day_sum", "upper": 2600}


@pytest.fixture
def settings(settings: CloudSettings) -> CloudSettings:
    """Give settings with mail, so that limits may name a mailbox."""
    mail = {"smtp_host": "127.0.0.1", "smtp_sender": "iskar@iskar.example"}
    return settings.model_copy(update=mail)


@pytest_asyncio.fixture
async def utility(cloud: CloudInTest) -> AsyncIterator[Caller]:
    """Yield the utility of series dma, which has a webhook and a limit."""
    caller = await cloud.utility()
    async with cloud.services.database.transaction(as_system=True) as connection:
        one = a_series("dma", place_id=None)
        await history_repository.put_series(connection, one, "user:1", ISSUED)
    await caller.post("/webhooks", {"url": "https://receiver.example/hook", "types": [EVENT]})
    await caller.put("/demand/limits/too-much", LIMIT)
    yield caller


async def _look(cloud: CloudInTest, hours: int, middle: float, **changes: Any) -> int:
    """Look at a forecast issued so many hours later, of days of 2400 ± 200 l about ``middle``."""
    days = np.tile([middle - 200, middle, middle + 200], (13, 1))
    at = ISSUED + timedelta(hours=hours)
    run = a_run(issued_at=at, sums=days, **changes)
    return await cloud.services.demand.limits.look([run])


async def _told(cloud: CloudInTest) -> list[dict[str, Any]]:
    return [one["data"] for one in await _bodies(cloud)]


async def _bodies(cloud: CloudInTest) -> list[dict[str, Any]]:
    async with cloud.services.database.transaction(as_system=True) as connection:
        found = await rows(
            connection,
            "select body from webhook_messages where type = %(type)s"
            " order by created_at, message_id",
            type=EVENT,
        )
    return [json.loads(one["body"]) for one in found]


@pytest.mark.usefixtures("utility")
async def test_a_day_is_told_of_once_again_when_it_gets_worse_and_when_it_is_called_off(
    cloud: CloudInTest,
) -> None:
    steps = [(0, 2400), (1, 2610), (2, 2620), (3, 2580), (4, 2780), (5, 2400), (6, 2400)]
    counts = []
    for hours, middle in steps:
        cloud.clock.time += timedelta(minutes=1)
        counts.append(await _look(cloud, hours, middle))
    assert counts == [0, 1, 0, 0, 1, 1, 0]
    told = await _told(cloud)
    assert [(one["what"], one["day"]) for one in told] == [
        ("raised", "2026-11-22"),
        ("worsened", "2026-11-22"),
        ("called_off", "2026-11-22"),
    ]
    assert told[0]["probability"] == 0.53
    assert told[0]["is_calibrated"] is True
    assert (told[0]["upper"], told[0]["unit"], told[0]["fallback_reason"]) == (
        2600,
        "l",
        "no_model",
    )
    assert told[0]["series"]["series_id"] == "dma"


@pytest.mark.usefixtures("utility")
async def test_the_sample_of_the_webhook_kit_is_what_is_sent(cloud: CloudInTest) -> None:
    for hours, middle in [(0, 2700), (1, 2780), (2, 2200)]:
        cloud.clock.time += timedelta(minutes=1)
        assert await _look(cloud, hours, middle) == 1
    bodies = await _bodies(cloud)
    for one in bodies:
        jsonschema.validate(one, SCHEMA, cls=jsonschema.Draft202012Validator)
        for changes in ({"what": "?"}, {"probability": 1.5}, {"day": None}, {"series": {}}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**one, "data": {**one["data"], **changes}}, SCHEMA)
    if os.environ.get("ISKAR_WRITE_SAMPLES"):
        SAMPLE.write_text(json.dumps(bodies[0], ensure_ascii=False, indent=2) + "\n")
    assert json.loads(SAMPLE.read_text()) == bodies[0]


@pytest.mark.usefixtures("utility")
async def test_looking_again_at_the_same_forecast_tells_nobody_anything(cloud: CloudInTest) -> None:
    assert await _look(cloud, 0, 2700) == 1
    assert await _look(cloud, 0, 2700) == 0
    assert await _look(cloud, -6, 2900) == 0  # an older one that came late
    assert len(await _told(cloud)) == 1


@pytest.mark.usefixtures("utility")
async def test_a_utility_that_no_longer_supplies_a_series_is_told_nothing_more_of_it(
    cloud: CloudInTest,
) -> None:
    await cloud.utility("water-two")
    async with cloud.services.database.transaction(as_system=True) as connection:
        another = a_series("dma", place_id=None, supplier_id="water-two")
        await history_repository.put_series(connection, another, "user:1", ISSUED)
    assert await _look(cloud, 0, 2700) == 0
    assert await _told(cloud) == []


async def test_days_further_ahead_are_told_of_if_that_is_wished(
    cloud: CloudInTest, utility: Caller
) -> None:
    await utility.put("/demand/limits/too-much", {**LIMIT, "days_ahead": 3, "probability": 0.9})
    assert await _look(cloud, 0, 2700) == 0
    assert await _look(cloud, 1, 2800) == 3
    assert [one["day"] for one in await _told(cloud)].count("2026-11-24") == 1


async def test_a_limit_that_is_changed_begins_anew(cloud: CloudInTest, utility: Caller) -> None:
    assert await _look(cloud, 0, 2700) == 1
    await utility.put("/demand/limits/too-much", LIMIT)  # the same: nothing begins
    assert await _look(cloud, 1, 2700) == 0
    await utility.put("/demand/limits/too-much", {**LIMIT, "upper": 2650})
    assert await _look(cloud, 2, 2700) == 1


async def test_limits_are_their_suppliers_alone(cloud: CloudInTest, utility: Caller) -> None:
    other = await cloud.utility("water-two")
    assert (await other.get("/demand/limits"))["items"] == []
    answer = await other.ask("PUT", "/demand/limits/mine", json=LIMIT)
    assert answer.status_code == 404
    assert (await other.ask("DELETE", "/demand/limits/too-much")).status_code == 404
    [mine] = (await utility.get("/demand/limits"))["items"]
    assert (mine["limit_id"], mine["supplier_id"], mine["probability"]) == (
        "too-much",
        "water-one",
        0.5,
    )
    assert (await utility.ask("DELETE", "/demand/limits/too-much")).status_code == 204
    assert (await utility.get("/demand/limits"))["items"] == []


async def test_a_letter_is_queued_with_the_news_and_says_it_in_both_languages(
    cloud: CloudInTest, utility: Caller
) -> None:
    await utility.put("/demand/limits/too-much", {**LIMIT, "contact": "dispatch@water.example"})
    await _look(cloud, 0, 2700)
    async with cloud.services.database.transaction(as_system=True) as connection:
        [job] = await rows(
            connection, "select args from procrastinate_jobs where task_name = %(task)s", task=TELL
        )
    async with a_mailbox() as mailbox:
        await _with_mail(cloud, mailbox).write(**job["args"])
        await _with_mail(cloud, mailbox).write(**{**job["args"], "limit_id": "gone"})
        [letter] = mailbox.letters
    assert mailbox.recipients == ["dispatch@water.example"]
    assert letter["Message-ID"].startswith("<limit-too-much-2026-11-22-raised-")
    text = letter.get_content()
    assert "2 600 l" in text
    assert "вероятно ще надхвърли" in text
    assert "probability 79 %" in text


def _with_mail(cloud: CloudInTest, mailbox: Mailbox) -> Limits:
    services = cloud.services
    server = MailServer(
        host="127.0.0.1", port=mailbox.port, sender="iskar@iskar.example", starttls=False
    )
    return Limits(
        services.database,
        services.clock,
        services.demand.history,
        Outbox(services.clock),
        services.jobs,
        Mail(server, Clock()),
        "https://iskar.example",
    )
