# SPDX-License-Identifier: EUPL-1.2
"""Papers over HTTP: whose they are, from when on, and what bills come out as."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.kit.auth.row_security import seen_as
from cloud.kit.database import rows, run
from tests.integration.cloud.builders import COLD, Caller, CloudInTest, a_telegram
from tests.tariffs import a_tariff_body

M3 = 1_000_000  # ml
MIDNIGHT = datetime(2026, 9, 30, 21, tzinfo=UTC)  # of Sofia, with which October begins
NUMBER = "/service-points/sp-one/client-number"
OCTOBER = {"from": "2026-10-01", "to": "2026-10-21"}


async def _used(cloud: CloudInTest, days: int = 24) -> None:
    """Use a cubic metre a day from a register of 100 on, at two euro and 20 %."""
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    await cloud.operator.put("/tariffs/t-one", a_tariff_body())
    told = {"tariff_id": "t-one", "since": "2024-01-01"}
    await cloud.operator.put("/service-points/sp-one/tariffs", told)
    hours = range(-24, days * 24 + 1)
    await cloud.gateway.send(
        *[
            a_telegram(
                n + 25, at=MIDNIGHT + timedelta(hours=n), registers={COLD: 100 * M3 + n * M3 // 24}
            )
            for n in hours
        ]
    )
    cloud.clock.time = MIDNIGHT + timedelta(days=days, minutes=1)


async def _check(caller: Caller, **billed: str) -> dict[str, Any]:
    found: dict[str, Any] = await caller.get(
        "/service-points/sp-one/bill-check", **{**OCTOBER, **billed}
    )
    return found


async def test_papers_are_pdfs_of_who_sees_the_building_and_not_found_by_others(
    cloud: CloudInTest,
) -> None:
    await _used(cloud)
    owner = await cloud.caller(Role.OWNER, "p-one")
    stranger = await cloud.caller(Role.OWNER, "p-two")
    for path, asked in (
        ("/premises/p-one/report", {"month": "2026-10", "language": "en"}),
        ("/premises/p-one/self-reading", {"date": "2026-10-15"}),
    ):
        answer = await owner.ask("GET", path, params=asked)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF-")
        assert answer.headers["content-disposition"].startswith('attachment; filename="p-one-')
        assert (await stranger.ask("GET", path, params=asked)).status_code == 404


async def test_a_bill_read_while_our_sensor_was_silent_is_not_called_a_mistake(
    cloud: CloudInTest,
) -> None:
    await _used(cloud)  # up to the midnight with which the 25th begins
    asked = {"to": "2026-10-25", "start_register": "100", "end_register": "126"}
    ahead = await _check(cloud.operator, **asked)
    assert [one["code"] for one in ahead["reasons"]] == ["not_on_dial"]  # nor was it so far
    cloud.clock.time += timedelta(days=4)
    silent = await _check(cloud.operator, **asked)
    [reason] = silent["reasons"]
    assert (silent["verdict"], reason["code"]) == ("unknown", "our_register_unknown")
    assert reason["evidence"]["before"] == "124"


async def test_nobody_knows_what_a_meter_will_show_tomorrow(cloud: CloudInTest) -> None:
    asked = {"date": "2026-12-24"}
    answer = await cloud.operator.ask("GET", "/premises/p-one/self-reading", params=asked)
    assert answer.status_code == 422


async def test_a_client_number_is_set_by_the_owner_seen_by_the_tenant_and_forgotten(
    cloud: CloudInTest,
) -> None:
    owner = await cloud.caller(Role.OWNER, "p-one")
    tenant = await cloud.caller(Role.TENANT, "p-one")
    stranger = await cloud.caller(Role.OWNER, "p-two")
    for wrong in ("123", "12a4", "1" * 21, "١٢٣٤"):
        answer = await owner.ask("PUT", NUMBER, json={"client_number": wrong})
        assert answer.status_code == 422, wrong
    body = {"client_number": "1002003004"}
    assert (await owner.ask("PUT", NUMBER, json=body)).status_code == 204
    assert (await owner.ask("PUT", NUMBER, json=body)).status_code == 204
    assert (await tenant.ask("PUT", NUMBER, json=body)).status_code == 403
    assert (await stranger.ask("PUT", NUMBER, json=body)).status_code == 404
    [shown] = (await tenant.get("/premises/p-one/client-numbers"))["items"]
    assert (shown["client_number"], shown["supplier_id"]) == ("1002003004", "water-one")
    assert (await owner.ask("DELETE", NUMBER)).status_code == 204
    [shown] = (await owner.get("/premises/p-one/client-numbers"))["items"]
    assert shown["client_number"] is None
    async with cloud.services.database.transaction(as_system=True) as connection:
        told = await rows(
            connection,
            "select action, to_jsonb(audit_log)::text as told from audit_log"
            " where action like 'client_number.%%' order by action",
        )
    assert [one["action"] for one in told] == ["client_number.deleted", "client_number.set"]
    assert all("1002003004" not in one["told"] for one in told)


async def test_a_number_of_the_former_supplier_is_not_the_next_ones(cloud: CloudInTest) -> None:
    body = {"client_number": "1002003004"}
    assert (await cloud.operator.ask("PUT", NUMBER, json=body)).status_code == 204
    await cloud.operator.put("/suppliers/other", {"name": "Other"})
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update service_points set supplier_id = 'other'")
    [shown] = (await cloud.operator.get("/premises/p-one/client-numbers"))["items"]
    assert shown["client_number"] is None
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(connection, "update service_points set supplier_id = null")
    assert (await cloud.operator.ask("PUT", NUMBER, json=body)).status_code == 409


async def test_a_bill_by_our_registers_agrees_to_the_cent_and_one_of_another_day_says_so(
    cloud: CloudInTest,
) -> None:
    await _used(cloud)
    owner = await cloud.caller(Role.OWNER, "p-one")
    # 20 m³ at 2 €, 20 of 31 days of a euro a month, and 20 %
    right = await _check(owner, start_register="100", end_register="120", total_eur="48.78")
    assert (right["verdict"], right["reasons"]) == ("agrees", [])
    assert (right["unit"], right["quality"], float(right["usage"])) == ("m3", [], 20)
    assert float(right["end"]["register_at_start"]) == 120
    assert right["end"]["before"]["read_at"] == "2026-10-20T21:00:00Z"
    other = await _check(owner, start_register="100", end_register="123")
    assert [(one["code"], one["evidence"]["shown_on"]) for one in other["reasons"]] == [
        ("other_day", "2026-10-23")
    ]
    dear = await _check(owner, start_register="100", end_register="120", total_eur="60")
    assert [one["code"] for one in dear["reasons"]] == ["price_unexplained"]


async def test_a_bill_is_no_way_to_see_others_or_what_was_before_moving_in(
    cloud: CloudInTest,
) -> None:
    await _used(cloud)
    stranger = await cloud.caller(Role.OWNER, "p-two")
    answer = await stranger.ask("GET", "/service-points/sp-one/bill-check", params=OCTOBER)
    assert answer.status_code == 404
    password = await cloud.services.access.put_user("t@b.bg", "T", Role.TENANT, ["p-one"])
    async with cloud.services.database.transaction(as_system=True) as connection:
        await run(
            connection,
            "update grants set since = %(since)s",
            since=MIDNIGHT + timedelta(days=5),
        )
    signed = await cloud.client.post(
        "/api/v1/session", json={"email": "t@b.bg", "password": password}
    )
    tenant = Caller(cloud.client, None, cloud.services.reviewer.drain)
    tenant.headers = {"Cookie": signed.headers["set-cookie"].split(";")[0]}
    cloud.client.cookies.clear()
    early = await tenant.ask("GET", "/service-points/sp-one/bill-check", params=OCTOBER)
    assert early.status_code == 422
    later = await _check(tenant, **{"from": "2026-10-06", "start_register": "105"})
    assert float(later["usage"]) == 15
    assert later["start"]["register_at_start"] is not None
    since = MIDNIGHT + timedelta(days=5)
    caller = Principal(
        subject="user:1",
        role=Role.TENANT,
        grants=frozenset({Grant(premises_id="p-one", since=since)}),
    )
    with seen_as("user:1"):
        month = await cloud.services.papers._month(
            caller, "p-one", MIDNIGHT.date().replace(month=10, day=1)
        )
    assert month.since is not None
    assert month.since.isoformat() == "2026-10-06"
    [first, _] = month.registers
    assert first.found is None  # when October began somebody else lived there
    [water] = month.utilities
    assert [one.usage for one in water.days[:5]] == [None] * 5


async def test_a_period_that_can_not_be_is_refused(cloud: CloudInTest) -> None:
    path = "/service-points/sp-one/bill-check"
    for wrong in ({"to": "2026-10-01"}, {"to": "2028-10-01"}, {"amount": "-1"}, {"amount": "NaN"}):
        answer = await cloud.operator.ask("GET", path, params={**OCTOBER, **wrong})
        assert answer.status_code == 422, wrong
