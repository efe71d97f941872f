# SPDX-License-Identifier: EUPL-1.2
"""The review of readings: what several marks have in common is written once."""

from cloud.kit.database import rows
from tests.integration.cloud.builders import COLD, NOON, CloudInTest, a_telegram


async def test_a_reading_that_two_marks_reach_is_excluded_once(cloud: CloudInTest) -> None:
    await cloud.gateway.send(
        a_telegram(1, registers={COLD: 1000}), a_telegram(2, registers={COLD: 2000})
    )
    await cloud.operator.post(
        "/service-points/sp-one/register-events",
        {"kind": "reset", "at": "2026-11-18T22:00:00Z", "explanation": "New battery."},
    )
    await cloud.services.reviewer.drain()
    async with cloud.services.database.transaction() as connection:
        excluded = await rows(connection, "select read_at, sequence from exclusions")
    assert len(excluded) == 1
    assert excluded[0]["read_at"] == NOON
