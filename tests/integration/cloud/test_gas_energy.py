# SPDX-License-Identifier: EUPL-1.2
"""Gas as energy over HTTP: dated factors with their source, and use by them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import INSTALLED, CloudInTest, a_telegram
from tests.integration.cloud.signed_in import a_tenant
from tests.tariffs import a_tariff_body

GAS = "7-0:3.0.0"
POINT = "/service-points/sp-gas"
OCTOBER = {"from": "2026-10-01", "to": "2026-11-01"}
MIDNIGHT = datetime(2026, 9, 30, 21, tzinfo=UTC)  # of Sofia, with which October begins
HOURS = 31 * 24 + 1  # the clocks go back on the 25th


async def _gas(cloud: CloudInTest) -> None:
    """Put up a gas meter at p-one that counts 100 l an hour all October."""
    put = cloud.operator.put
    await put(
        "/service-points/sp-gas",
        {
            "premises_id": "p-one",
            "name": {"bg": "Газ", "en": "Gas"},
            "reading_type": "gas",
            "supplier_id": None,
        },
    )
    await put("/meters/m-gas", {"serial": "gas", "make": "Itron", "model": "G4"})
    await put("/nodes/n-gas", {"gateway_id": "gw-one", "board": "esp32"})
    hung = {"meter_id": "m-gas", "node_id": "n-gas", "obis": GAS}
    await put("/installations/sp-gas", {**hung, "installed_at": INSTALLED.isoformat()})
    await cloud.gateway.send(
        *[
            a_telegram(
                n + 1, node="n-gas", at=MIDNIGHT + timedelta(hours=n), registers={GAS: n * 100}
            )
            for n in range(HOURS + 1)
        ]
    )


def _version(since: str, kwh: str | None) -> dict[str, Any]:
    [version] = a_tariff_body()["versions"]
    gas = {"gas": {"kwh_per_m3": kwh, "volume_factor": "1"}} if kwh else {}
    return {**version, "valid_from": since, "sources": [f"Bill of {since}"], **gas}


async def _at_factors(cloud: CloudInTest, *versions: tuple[str, str | None]) -> None:
    await cloud.operator.put("/suppliers/water-works", {"name": "Works"})
    body = a_tariff_body(utility="gas", versions=[_version(*one) for one in versions])
    await cloud.operator.put("/tariffs/t-gas", body)
    assigned = {"tariff_id": "t-gas", "since": "2020-01-01"}
    await cloud.operator.put(f"{POINT}/tariffs", assigned)


async def test_a_month_over_two_factors_is_converted_day_by_day(cloud: CloudInTest) -> None:
    await _gas(cloud)
    await _at_factors(cloud, ("2026-01-01", "10"), ("2026-10-26", "11"))
    owner = await cloud.caller(Role.OWNER, "p-one")
    first, last = 601 * 100 * 10, 144 * 100 * 11  # Wh; the 25th has 25 hours
    for path in (POINT, "/premises/p-one"):
        month = await owner.get(f"{path}/gas-energy", resolution="month", **OCTOBER)
        assert (month["unit"], month["timezone"]) == ("Wh", "Europe/Sofia")
        [one] = month["intervals"]
        assert (one["usage"], one["quality"], one["reason"]) == (first + last, [], None)
        for resolution, count in (("day", 31), ("hour", HOURS)):
            finer = await owner.get(f"{path}/gas-energy", resolution=resolution, **OCTOBER)
            assert len(finer["intervals"]) == count
            assert sum(part["usage"] for part in finer["intervals"]) == first + last
        assert [
            (part["first_day"], part["last_day"], part["kwh_per_metered_m3"], part["sources"])
            for part in month["conversions"]
        ] == [
            ("2026-01-01", "2026-10-25", "10", ["Bill of 2026-01-01"]),
            ("2026-10-26", None, "11", ["Bill of 2026-10-26"]),
        ]
    assert [one["service_point_id"] for one in month["conversions"]] == ["sp-gas"] * 2


async def test_where_no_factor_is_known_energy_is_not_known_and_says_why(
    cloud: CloudInTest,
) -> None:
    await _gas(cloud)
    await _at_factors(cloud, ("2026-01-01", None), ("2026-10-26", "11"))
    days = await cloud.operator.get(f"{POINT}/gas-energy", resolution="day", **OCTOBER)
    assert [one["reason"] for one in days["intervals"]] == ["no-factor"] * 25 + [None] * 6
    assert [one["usage"] for one in days["intervals"]] == [None] * 25 + [24 * 100 * 11] * 6
    month = await cloud.operator.get(f"{POINT}/gas-energy", resolution="month", **OCTOBER)
    assert (month["intervals"][0]["usage"], month["intervals"][0]["reason"]) == (None, "no-factor")


async def test_without_a_tariff_of_its_own_a_point_has_the_assumed_factor(
    cloud: CloudInTest,
) -> None:
    await _gas(cloud)
    owner = await cloud.caller(Role.OWNER, "p-one")
    [one] = (await owner.get("/premises/p-one/gas-conversions"))["items"]
    assert (one["tariff_id"], one["is_assumed"]) == ("overgas-household", True)
    assert (one["first_day"], one["last_day"], one["kwh_per_metered_m3"]) == (
        "2025-09-01",
        None,
        "9.303",
    )
    assert one["leaves_out"]["en"].endswith("a lower bound")
    assert any("Calorific value" in source for source in one["sources"])


async def test_a_tenant_sees_energy_from_the_day_of_moving_in(cloud: CloudInTest) -> None:
    await _gas(cloud)
    await cloud.services.reviewer.drain()
    tenant = await a_tenant(cloud, MIDNIGHT + timedelta(days=21), "sp-gas")
    days = await tenant.get(f"{POINT}/gas-energy", resolution="day", **OCTOBER)
    assert [one["usage"] is None for one in days["intervals"]] == [True] * 21 + [False] * 10
    assert {one["reason"] for one in days["intervals"]} == {None}


async def test_water_is_not_gas(cloud: CloudInTest) -> None:
    answer = await cloud.operator.ask(
        "GET", "/service-points/sp-one/gas-energy", params={"resolution": "day", **OCTOBER}
    )
    assert answer.status_code == 422
    assert "measures water, not gas" in answer.json()["detail"]
    empty = await cloud.operator.get("/premises/p-one/gas-energy", resolution="month", **OCTOBER)
    [one] = empty["intervals"]
    assert (one["usage"], one["quality"], empty["conversions"]) == (None, ["missing"], [])


async def test_what_is_somebody_elses_is_not_found(cloud: CloudInTest) -> None:
    await _gas(cloud)
    stranger = await cloud.caller(Role.OWNER, "p-two")
    for path in (
        f"{POINT}/gas-energy",
        "/premises/p-one/gas-energy",
        "/premises/p-one/gas-conversions",
    ):
        answer = await stranger.ask("GET", path, params={"resolution": "day", **OCTOBER})
        assert answer.status_code == 404
