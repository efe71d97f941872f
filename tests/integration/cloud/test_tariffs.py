# SPDX-License-Identifier: EUPL-1.2
"""Tariffs over HTTP: recorded, superseded, assigned; costs and bills by them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cloud.kit.auth.rights import Grant, Principal, Role
from cloud.tariffs import documents
from cloud.tariffs.costs import month_of
from tests.integration.cloud.builders import COLD, CloudInTest, a_finding, a_telegram
from tests.integration.cloud.process import CloudProcess
from tests.tariffs import a_tariff_body
from tests.timescaledb import on_both_engines

M3 = 1_000_000  # ml
OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}
MIDNIGHT = datetime(2026, 9, 30, 21, tzinfo=UTC)  # of Sofia, with which October begins
HOURS = 31 * 24 + 1  # the clocks go back on the 25th


async def _hourly(
    cloud: CloudInTest, start: datetime = MIDNIGHT, hours: int = HOURS, step: int = M3
) -> None:
    """Send a register each hour that grows by ``step``."""
    await cloud.gateway.send(
        *[
            a_telegram(n + 1, at=start + timedelta(hours=n), registers={COLD: n * step})
            for n in range(hours + 1)
        ]
    )


async def _with_tariff(cloud: CloudInTest, since: str = "2024-01-01", **changes: Any) -> None:
    """Record a tariff of two euro a cubic metre and one a month, and give it to sp-one."""
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    await cloud.operator.put("/tariffs/t-one", a_tariff_body(**changes))
    await cloud.operator.put(
        "/service-points/sp-one/tariffs", {"tariff_id": "t-one", "since": since}
    )


@on_both_engines
async def test_a_month_is_billed_line_by_line_and_to_the_cent(cloud: CloudInTest) -> None:
    await _with_tariff(cloud)
    await _hourly(cloud)
    owner = await cloud.caller(Role.OWNER, "p-one")
    found = await owner.get("/premises/p-one/bill", month="2026-10")
    [one] = found["bills"]
    assert [(line["component"], line["quantity"], line["net_eur"]) for line in one["lines"]] == [
        ("supply", "745.000", "1490.00"),
        ("standing", "1.000", "1.00"),
    ]
    assert one["vat"] == [{"vat_percent": "20", "net_eur": "1491.00", "vat_eur": "298.20"}]
    assert (one["usage"], one["unit"]) == (HOURS * M3, "ml")
    assert (found["total_eur"], found["unpriced"]) == ("1789.20", [])
    certain = {"is_final": True, "is_estimated": False, "is_complete": True, "is_assumed": False}
    assert {name: found[name] for name in certain} == certain


@pytest.mark.parametrize(("resolution", "count"), [("hour", HOURS), ("day", 31), ("month", 1)])
async def test_intervals_add_up_to_the_total(
    cloud: CloudInTest, resolution: str, count: int
) -> None:
    await _with_tariff(cloud)
    await _hourly(cloud)
    found = await cloud.operator.get(
        "/service-points/sp-one/cost", resolution=resolution, **OCTOBER
    )
    assert len(found["intervals"]) == count
    total = sum(Decimal(one["cost_eur"]) for one in found["intervals"])
    assert abs(total - Decimal(found["total_eur"])) <= Decimal("0.01") + count * Decimal("0.00005")
    assert (found["total_eur"], found["timezone"]) == ("1789.20", "Europe/Sofia")


async def test_a_gap_is_a_gap_and_an_estimate_says_so(cloud: CloudInTest) -> None:
    await _with_tariff(cloud)
    await _hourly(cloud, hours=48)
    await cloud.gateway.send(
        a_telegram(100, at=MIDNIGHT + timedelta(hours=60), registers={COLD: 60 * M3})
    )
    found = await cloud.operator.get("/service-points/sp-one/cost", resolution="day", **OCTOBER)
    by_day = [one["cost_eur"] for one in found["intervals"]]
    assert [one is None for one in by_day] == [False] * 3 + [True] * 28
    assert (found["is_estimated"], found["is_complete"]) == (True, False)


async def test_nobody_is_billed_for_days_to_come(cloud: CloudInTest) -> None:
    await _with_tariff(cloud)
    cloud.clock.time = MIDNIGHT + timedelta(days=3, hours=12)
    found = await cloud.operator.get("/premises/p-one/bill", month="2026-10")
    [_, standing] = found["bills"][0]["lines"]
    assert (standing["quantity"], standing["last_day"]) == ("0.129", "2026-10-04")  # 4 of 31 days
    later = await cloud.operator.get("/premises/p-one/bill", month="2026-12")
    assert later["total_eur"] == "0.00"


async def test_where_nobody_told_the_tariff_that_of_most_homes_is_assumed(
    cloud: CloudInTest,
) -> None:
    await _hourly(cloud, hours=24)
    asked = {"utility": "water", "from": "2026-10-01", "to": "2026-10-02"}
    found = await cloud.operator.get("/premises/p-one/cost", **asked)
    assert (found["total_eur"], found["is_assumed"]) == ("50.56", True)  # 24 m³ at 4.12 leva
    await _with_tariff(cloud)
    found = await cloud.operator.get("/premises/p-one/cost", **asked)
    assert (found["total_eur"], found["is_assumed"]) == ("57.64", False)


async def test_a_utility_without_a_price_is_named_and_not_billed(cloud: CloudInTest) -> None:
    await _with_tariff(cloud)
    none = {"tariff_id": None, "since": "2026-10-01"}
    await cloud.operator.put("/service-points/sp-one/tariffs", none)
    found = await cloud.operator.get("/premises/p-one/bill", month="2026-10")
    assert (found["bills"], found["unpriced"]) == ([], ["sp-one"])
    assert not found["is_complete"]
    asked = {"utility": "water", **OCTOBER}
    assert (await cloud.operator.get("/premises/p-one/cost", **asked))["total_eur"] is None


async def test_a_correction_supersedes_and_what_stood_before_is_kept(cloud: CloudInTest) -> None:
    await _with_tariff(cloud)
    body = a_tariff_body()
    body["versions"][0]["components"][0]["price"] = "3"
    again = [await cloud.operator.put("/tariffs/t-one", body) for _ in range(2)]
    old, new = again[1]["versions"]
    assert again[0] == again[1]
    assert [one["components"][0]["price"] for one in (old, new)] == ["2", "3"]
    assert old["superseded_by"] == old["recorded_by"] != "system"
    assert new["superseded_at"] is None
    await _hourly(cloud, hours=24)
    found = await cloud.operator.get(
        "/service-points/sp-one/cost",
        resolution="day",
        **{"from": "2026-10-01", "to": "2026-10-02"},
    )
    assert found["lines"][0]["net_eur"] == "72.00"


async def test_no_statement_changes_or_deletes_a_version(cloud: CloudInTest, dsn: str) -> None:
    await _with_tariff(cloud)
    with psycopg.connect(dsn) as connection:
        for change in (
            "update tariff_versions set content = '{}'",
            "update tariff_versions set valid_from = '2020-01-01'",
            "delete from tariff_versions",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
                connection.execute(change)
            connection.rollback()


async def test_every_change_of_a_tariff_is_on_the_audit_log_once(
    cloud: CloudInTest, dsn: str
) -> None:
    for _ in range(2):
        await _with_tariff(cloud)
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "select action, about, premises_id from audit_log where action like 'tariff%'"
            " order by entry_id"
        ).fetchall()
    assert found == [
        ("tariff.recorded", "tariff:t-one", None),
        ("tariff.assigned", "service_point:sp-one", "p-one"),
    ]


async def test_an_assignment_on_the_same_day_withdraws_the_earlier_word(
    cloud: CloudInTest,
) -> None:
    await _with_tariff(cloud)
    other = {"tariff_id": "sofiyska-voda-household", "since": "2024-01-01"}
    await cloud.operator.put("/service-points/sp-one/tariffs", other)
    owner = await cloud.caller(Role.OWNER, "p-one")
    found = (await owner.get("/service-points/sp-one/tariffs"))["items"]
    assert [(one["tariff_id"], one["withdrawn_by"]) for one in found] == [
        ("t-one", found[0]["assigned_by"]),
        ("sofiyska-voda-household", None),
    ]
    # what shipped with the program is recorded by that
    listed = (await cloud.operator.get("/tariffs"))["items"]
    shipped = {one["tariff_id"]: one["is_shipped"] for one in listed}
    assert shipped["sofiyska-voda-household"] is False
    assert shipped["overgas-household"] is True


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/tariffs/t-one", a_tariff_body(utility="gas"), 422),
        ("/tariffs/t-two", a_tariff_body(supplier_id="nobody"), 409),
        ("/tariffs/t-two", a_tariff_body(versions=a_tariff_body()["versions"] * 2), 422),
        ("/service-points/sp-one/tariffs", {"tariff_id": "none", "since": "2026-01-01"}, 409),
        (
            "/service-points/sp-one/tariffs",
            {"tariff_id": "overgas-household", "since": "2026-01-01"},
            422,
        ),
        ("/service-points/none/tariffs", {"tariff_id": "t-one", "since": "2026-01-01"}, 404),
    ],
)
async def test_what_can_not_be_is_refused(
    cloud: CloudInTest, path: str, body: dict[str, Any], status: int
) -> None:
    await _with_tariff(cloud)
    assert (await cloud.operator.ask("PUT", path, json=body)).status_code == status


async def test_a_leak_costs_what_its_own_tariff_says(cloud: CloudInTest) -> None:
    await _with_tariff(cloud)
    await cloud.gateway.send(a_finding(volume_l=10_000))
    [alert] = (await cloud.operator.get("/premises/p-one/alerts"))["items"]
    assert alert["cost_eur"] == 24.0


async def test_a_file_brings_its_supplier_and_may_be_taken_in_again(cloud: CloudInTest) -> None:
    file = documents.shipped()["electrohold-household"]
    first = await cloud.services.tariffs.take_in(file)
    assert first == await cloud.services.tariffs.take_in(file)
    assert {one.recorded_by for one in first.versions} == {"system"}


async def test_an_operator_takes_tariffs_in_by_a_command(
    cloud: CloudInTest, dsn: str, tmp_path: Path
) -> None:
    program = CloudProcess(tmp_path, CLOUD_DATABASE_URL=dsn)
    path = documents.FOLDER / "sofiyska-voda-household.toml"
    assert await program.run("tariff", "import", str(path)) == {"sofiyska-voda-household": 4}
    listed = (await cloud.operator.get("/tariffs"))["items"]
    recorded = [one["tariff_id"] for one in listed if not one["is_shipped"]]
    assert recorded == ["sofiyska-voda-household"]


async def test_a_tenant_pays_from_the_day_of_moving_in(cloud: CloudInTest) -> None:
    await _with_tariff(cloud)
    await _hourly(cloud)
    await cloud.services.reviewer.drain()
    moved_in = Grant(premises_id="p-one", since=MIDNIGHT + timedelta(days=21))
    tenant = Principal(subject="user:1", role=Role.TENANT, grants=frozenset({moved_in}))
    first, end = month_of("2026-10")
    [reckoned] = await cloud.services.costs.of_premises(tenant, "p-one", None, first, end)
    [supply, standing] = reckoned.bill.lines
    assert (str(supply.first), supply.quantity) == ("2026-10-22", 241)  # ten days, one of 25 hours
    assert standing.quantity == Decimal("0.323")
