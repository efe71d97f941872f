# SPDX-License-Identifier: EUPL-1.2
"""No figure goes without its unit and its quality, in any answer."""

from datetime import timedelta
from typing import Any

from tests.integration.cloud.builders import COLD, NOON, CloudInTest, a_telegram

MEASURED = {"usage", "register", "reading", "registers"}
# Their unit is told once, by what they are in; or their quality is another word.
UNIT_OF_PARENT = {"Interval", "CostInterval", "EnergyInterval"}
BY_OBIS_CODE = {"LedgerRow"}
# Else no sum is told; the unit is its parent's.
WHERE_ALL_IS_KNOWN = {"DistrictInterval", "SeriesInterval"}
BY_SPAN = {"PointBill"}  # says is_estimated, is_complete, is_final of it as a whole
A_PERSONS_WORD = {"Correction", "CorrectionBody", "SigningRequest"}


async def test_every_answer_with_a_figure_has_its_unit_and_quality(cloud: CloudInTest) -> None:
    document = await cloud.nobody.get("/openapi.json")
    without: dict[str, set[str]] = {}
    for name, schema in document["components"]["schemas"].items():
        told = schema.get("properties", {})
        if not MEASURED & set(told) or name in A_PERSONS_WORD | WHERE_ALL_IS_KNOWN | BY_SPAN:
            continue
        needed = {"quality"} | (set() if name in UNIT_OF_PARENT | BY_OBIS_CODE else {"unit"})
        if needed - set(told):
            without[name] = needed - set(told)
    assert without == {}


async def _today(cloud: CloudInTest) -> dict[str, Any]:
    (building,) = (await cloud.operator.get("/premises"))["items"]
    (today,) = building["today"]
    assert today["unit"] == "ml"
    return dict(today)


async def _with_a_reading_each_hour_until(cloud: CloudInTest, hours_ago: int) -> None:
    # midnight in Sofia is 14 hours before noon in UTC
    hours = range(15 - hours_ago)
    await cloud.gateway.send(
        *(
            a_telegram(n + 1, at=NOON - timedelta(hours=14 - n), registers={COLD: n * 10})
            for n in hours
        )
    )


async def test_a_day_that_is_known_up_to_now_is_good_though_not_over(cloud: CloudInTest) -> None:
    await _with_a_reading_each_hour_until(cloud, 0)
    today = await _today(cloud)
    assert (today["usage"], today["quality"]) == (140, [])


async def test_a_day_that_stopped_hours_ago_is_missing_a_part(cloud: CloudInTest) -> None:
    await _with_a_reading_each_hour_until(cloud, 3)
    today = await _today(cloud)
    assert (today["usage"], today["quality"]) == (110, ["missing"])


async def test_a_day_of_which_nothing_is_known_is_missing_not_zero(cloud: CloudInTest) -> None:
    today = await _today(cloud)
    assert (today["usage"], today["quality"]) == (None, ["missing"])


async def test_a_rate_has_its_own_time_and_quality(cloud: CloudInTest) -> None:
    earlier = NOON - timedelta(minutes=1)
    await cloud.gateway.send(
        {**a_telegram(1, at=earlier, registers={COLD: 7, "8-0:2.0.0": 60}), "quality": 1},
        a_telegram(2, registers={COLD: 8}),
    )
    point = (await cloud.operator.get("/premises/p-one"))["service_points"][0]
    assert (point["read_at"], point["quality"]) == ("2026-11-21T12:00:00Z", [])
    rate = point["instantaneous"]
    assert (rate["reading"], rate["unit"]) == (60, "l/h")
    assert (rate["read_at"], rate["quality"]) == ("2026-11-21T11:59:00Z", ["reconstructed"])
