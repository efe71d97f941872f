# SPDX-License-Identifier: EUPL-1.2
"""The nightly review of stored usage: findings appear, stay the same, and end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from cloud.kit.database import rows, run
from cloud.kit.hypertable import HOURLY
from cloud.validation import tasks
from tests.integration.cloud.builders import NOON, CloudInTest
from tests.timescaledb import on_both_engines
from tests.validation_builders import an_office

pytestmark = on_both_engines

DAYS = 600
FIRST = datetime.combine((NOON - timedelta(days=DAYS)).date(), datetime.min.time(), UTC)


async def put_usage(cloud: CloudInTest, service_point_id: str, amounts: list[int]) -> None:
    """Store measured hours of the meter at a service point, from FIRST on."""
    await cloud.services.hypertables.make_room(HOURLY, FIRST, FIRST + timedelta(days=DAYS))
    async with cloud.services.database.transaction() as connection:
        await run(
            connection,
            "insert into hourly_usage select installation_id,"
            " %(first)s + (place - 1) * interval '1 hour', used, 3600, 0, %(first)s"
            " from installations,"
            " unnest(%(amounts)s::bigint[]) with ordinality as new (used, place)"
            " where service_point_id = %(point)s"
            " on conflict (installation_id, interval_start) do update set usage = excluded.usage",
            first=FIRST,
            amounts=amounts,
            point=service_point_id,
        )


async def findings(cloud: CloudInTest) -> list[dict[str, Any]]:
    async with cloud.services.database.transaction() as connection:
        return await rows(
            connection, "select * from validation_findings order by rule, started_at, finding_id"
        )


async def with_a_sub_meter(cloud: CloudInTest) -> None:
    put = cloud.operator.put
    await put(
        "/service-points/sp-flat",
        {
            "premises_id": "p-one",
            "name": {"bg": "Апартамент", "en": "Flat"},
            "reading_type": "cold_water",
            "parent_service_point_id": "sp-one",
        },
    )
    await put("/meters/m-flat", {"serial": "2", "make": "Zenner", "model": "ETK"})
    await put(
        "/installations/sp-flat",
        {
            "meter_id": "m-flat",
            "node_id": "n-one",
            "obis": "8-1:1.0.0",
            "installed_at": "2025-01-01T00:00:00Z",
        },
    )


async def test_a_changed_unit_is_found_once_and_ends_when_it_is_no_longer_true(cloud: CloudInTest):
    plain = an_office(DAYS)
    broken = np.where(np.arange(DAYS * 24) < 450 * 24, plain, plain * 100)
    await put_usage(cloud, "sp-one", broken.tolist())
    assert await cloud.services.history_review.of_premises("p-one") == 1
    assert await cloud.services.history_review.of_premises("p-one") == 1
    (found,) = await findings(cloud)
    assert (found["rule"], found["service_point_id"], found["severity"]) == (
        "unit_break",
        "sp-one",
        "error",
    )
    assert found["started_at"] == FIRST + timedelta(days=450)
    assert (found["ended_at"], found["ended_by"]) == (None, None)
    await put_usage(cloud, "sp-one", plain.tolist())
    assert await cloud.services.history_review.of_premises("p-one") == 0
    (ended,) = await findings(cloud)
    assert ended["finding_id"] == found["finding_id"]
    assert (ended["ended_at"], ended["ended_by"]) == (NOON, "validation")


async def test_sub_meters_above_their_main_are_found_at_the_main(cloud: CloudInTest):
    await with_a_sub_meter(cloud)
    await put_usage(cloud, "sp-one", [1000] * 24 * 10)
    await put_usage(cloud, "sp-flat", [1500] * 24 * 10)
    assert await cloud.services.history_review.of_premises("p-one") == 1
    (found,) = await findings(cloud)
    assert (found["rule"], found["service_point_id"]) == ("building_balance", "sp-one")
    assert found["evidence"]["sub_meter_ids"] == ["sp-flat"]


async def test_a_building_that_is_right_has_no_findings(cloud: CloudInTest):
    await with_a_sub_meter(cloud)
    await put_usage(cloud, "sp-one", (an_office(DAYS) * 2).tolist())
    await put_usage(cloud, "sp-flat", an_office(DAYS, seed=2).tolist())
    assert await cloud.services.history_review.of_premises("p-one") == 0
    assert await findings(cloud) == []


async def test_the_nightly_job_queues_a_review_of_every_building(cloud: CloudInTest):
    async with cloud.services.jobs.app.open_async():
        for _ in range(2):  # a second night, before the first was worked on, adds nothing
            await cloud.services.jobs.app.tasks[tasks.REVIEW_ALL].func(timestamp=0)
    async with cloud.services.database.transaction() as connection:
        queued = await rows(
            connection,
            "select args from procrastinate_jobs where task_name = %(task)s",
            task=tasks.REVIEW,
        )
    assert [one["args"] for one in queued] == [{"premises_id": "p-one"}]
