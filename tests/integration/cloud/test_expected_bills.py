# SPDX-License-Identifier: EUPL-1.2
"""Expected bills over HTTP: the bill itself once a month is over, a range of it before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from cloud.demand.history import repository as history_repository
from cloud.demand.runs import registry_repository
from cloud.demand.runs import repository as forecasts_repository
from cloud.kit.auth.rights import Role
from tests.integration.cloud.builders import COLD, CloudInTest, a_telegram
from tests.integration.cloud.demand_builders import a_model, a_series
from tests.integration.cloud.test_demand_forecasts import a_run
from tests.tariffs import a_tariff_body

M3 = 1_000_000  # ml
START = datetime(2026, 8, 1, 21, tzinfo=UTC)  # midnight in Sofia


async def _a_home(cloud: CloudInTest, days: int = 80) -> None:
    """Use a cubic metre every hour from August on, priced at two euro, one euro a month, 20 %."""
    await cloud.operator.put("/suppliers/water-works", {"name": "Water works"})
    await cloud.operator.put("/tariffs/t-one", a_tariff_body())
    await cloud.operator.put(
        "/service-points/sp-one/tariffs", {"tariff_id": "t-one", "since": "2024-01-01"}
    )
    hours = range(days * 24 + 1)
    sent = [
        a_telegram(n + 1, at=START + timedelta(hours=n), registers={COLD: n * M3}) for n in hours
    ]
    for first in range(0, len(sent), 500):
        await cloud.gateway.send(*sent[first : first + 500])


async def test_a_month_ends_in_its_bill_and_is_expected_before(cloud: CloudInTest) -> None:
    await _a_home(cloud)
    cloud.clock.time = START + timedelta(days=80)  # 20 October, with its midnight's hour
    owner = await cloud.caller(Role.OWNER, "p-one")
    due = await owner.get("/premises/p-one/bill", month="2026-09")
    over = await owner.get("/premises/p-one/bill/expected", month="2026-09")
    assert over["is_over"]
    shown = [over[name] for name in ("so_far_eur", "low_eur", "expected_eur", "high_eur")]
    assert shown == [due["total_eur"]] * 4

    running = await owner.get("/premises/p-one/bill/expected", month="2026-10")
    so_far = await owner.get("/premises/p-one/bill", month="2026-10")
    assert (running["is_over"], running["is_fallback"], running["unknown"]) == (False, True, [])
    assert running["so_far_eur"] == so_far["total_eur"]
    # 745 hours in a month in which the clocks go back: (1490 + 1) and 20 %; a day has 24 of them
    assert abs(Decimal(running["expected_eur"]) - Decimal("1789.20")) < 3
    assert Decimal(running["low_eur"]) <= Decimal(running["expected_eur"])
    assert Decimal(running["expected_eur"]) <= Decimal(running["high_eur"])
    [point] = running["bills"]
    assert (point["service_point_id"], point["reason"]) == ("sp-one", None)
    next_month = await owner.get("/premises/p-one/bill/expected", month="2026-11")
    assert abs(Decimal(next_month["expected_eur"]) - (1440 + 1) * Decimal("1.2")) < 3


async def test_months_without_enough_data_say_so(cloud: CloudInTest) -> None:
    await _a_home(cloud, days=4)
    cloud.clock.time = START + timedelta(days=4)
    found = await cloud.operator.get("/premises/p-one/bill/expected", month="2026-08")
    assert (found["expected_eur"], found["unknown"]) == (None, ["sp-one"])
    assert found["bills"][0]["reason"] == "too_little_history"
    far = await cloud.operator.get("/premises/p-one/bill/expected", month="2027-08")
    assert far["bills"][0]["reason"] == "too_far_ahead"


async def test_a_bill_of_others_is_not_found(cloud: CloudInTest) -> None:
    stranger = await cloud.caller(Role.OWNER, "p-two")
    answer = await stranger.ask("GET", "/premises/p-one/bill/expected", params={"month": "2026-10"})
    assert answer.status_code == 404


async def test_the_newest_forecast_of_a_building_tells_the_days_that_it_covers(
    cloud: CloudInTest,
) -> None:
    await _a_home(cloud)
    now = START + timedelta(days=80)
    cloud.clock.time = now
    owner = await cloud.caller(Role.OWNER, "p-one")
    path = "/premises/p-one/bill/expected"
    before = await owner.get(path, month="2026-10")
    async with cloud.services.database.transaction(as_system=True) as connection:
        one = a_series("home", level="building", origin="iskar", premises_id="p-one", place_id=None)
        await history_repository.put_series(connection, replace(one, supplier_id=None), "u:1", now)
        await registry_repository.add(connection, a_model("home", known_at=now))
        twice = np.tile([1900.0, 2000.0, 2100.0], (336, 1))  # litres an hour; it was a thousand
        told = a_run(series_id="home", issued_at=now, known_at=now, made_at=now, quantiles=twice)
        fallback = replace(told, issued_at=now - timedelta(hours=6))
        model = {"model_version": "m-one", "fallback_reason": None, "first_day": None}
        made = replace(told, sums=None, peaks=None, **model)
        await forecasts_repository.add(connection, [fallback])
    assert await owner.get(path, month="2026-10") == before  # a way out is no forecast
    async with cloud.services.database.transaction(as_system=True) as connection:
        await forecasts_repository.add(connection, [made])
    found = await owner.get(path, month="2026-10")
    assert (before["is_fallback"], found["is_fallback"]) == (True, False)
    # eleven days and their repeated hour at a cubic metre more an hour, two euro and 20 % each
    more = Decimal(found["expected_eur"]) - Decimal(before["expected_eur"])
    assert abs(more - Decimal("2.4") * (11 * 24 + 1)) < 6
    wide = Decimal(found["high_eur"]) - Decimal(found["low_eur"])
    assert abs(wide - Decimal("0.48") * (11 * 24 + 1)) < 6
