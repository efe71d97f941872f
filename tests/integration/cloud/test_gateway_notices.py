# SPDX-License-Identifier: EUPL-1.2
"""What a gateway has to say of itself reaches the operator, once."""

from datetime import timedelta

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import NOON, CloudInTest, a_notice, a_telegram

PATH = "/gateways/gw-one/notices"


async def test_an_operator_reads_what_a_gateway_had_to_say_the_latest_first(
    cloud: CloudInTest,
) -> None:
    word = await cloud.gateway.send(
        a_notice(1, by_ms=1), a_telegram(2), a_notice(3, at=NOON + timedelta(hours=1), by_ms=2)
    )
    assert (word["committed"], word["stored"], word["quarantined"]) == (3, 3, [])
    latest, first = await cloud.operator.all(PATH, limit=1)
    assert (first["kind"], first["detail"]) == ("clock_stepped", {"by_ms": 1})
    assert first["noticed_at"] == "2026-11-21T12:00:00Z"
    assert latest["noticed_at"] == "2026-11-21T13:00:00Z"


async def test_a_notice_sent_again_is_kept_once(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_notice(1))
    word = await cloud.gateway.send(a_notice(1), a_notice(2))
    assert (word["stored"], word["repeated"]) == (1, 1)
    assert len(await cloud.operator.all(PATH)) == 2


async def test_the_same_number_of_a_replaced_disk_is_another_notice(cloud: CloudInTest) -> None:
    await cloud.gateway.send(a_notice(1), store="store-1")
    await cloud.gateway.send(a_notice(1), store="store-2")
    assert len(await cloud.operator.all(PATH)) == 2


async def test_a_notice_that_nobody_understands_is_quarantined_and_the_next_kept(
    cloud: CloudInTest,
) -> None:
    strange = {**a_notice(1), "body": {"notice": "party", "detail": {}}}
    word = await cloud.gateway.send(strange, a_notice(2))
    assert word["quarantined"] == [{"n": 1, "reason": "undecodable"}]
    assert len(await cloud.operator.all(PATH)) == 1


async def test_nobody_but_an_operator_reads_them_and_an_unknown_gateway_is_told_of(
    cloud: CloudInTest,
) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    assert (await owner.ask("GET", PATH)).status_code == 403
    assert (await cloud.operator.ask("GET", "/gateways/gw-none/notices")).status_code == 404
