# SPDX-License-Identifier: EUPL-1.2
"""The weather's public routes: without signing in, with terms, as it was known, within limits."""

from datetime import timedelta
from typing import Any

import polars as pl

from cloud.weather.checking import check
from cloud.weather.models import Resolution
from cloud.weather.sources import Told
from tests.integration.cloud.builders import CloudInTest
from tests.weather_builders import MIDNIGHT, a_place, days_of, hours_of

NEW_YEAR = {"from": "2025-01-01", "to": "2025-01-02"}


async def _with_hours(cloud: CloudInTest, *degrees: float | None) -> None:
    await cloud.services.weather.put_place(a_place())
    await cloud.services.weather.take_in("sofia", hours_of(*degrees))


async def _asked(cloud: CloudInTest, what: str, **query: Any) -> Any:
    answer = await cloud.nobody.ask("GET", f"/weather/places/sofia/{what}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_anybody_reads_places_and_their_terms(cloud: CloudInTest) -> None:
    await _with_hours(cloud, 1, 2)
    [place] = (await cloud.nobody.get("/weather/places"))["items"]
    assert place["name"] == {"bg": "София", "en": "Sofia"}
    assert (place["licence"], place["attribution"]) == ("CC BY 4.0", "A test")
    [extent] = place["observed"]
    assert extent["resolution"] == "hour"
    assert (extent["first"], extent["last"]) == ("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z")


async def test_hours_come_in_columns_with_what_is_estimated_and_forecast(
    cloud: CloudInTest,
) -> None:
    await _with_hours(cloud, 1, 2, None, 4, 5, 6)
    weather = cloud.services.weather
    run = hours_of(*[9] * 24, is_forecast=True)
    await weather.take_in("sofia", run, run_at=MIDNIGHT)
    answer = await _asked(cloud, "hours", **NEW_YEAR, columns="temperature_c")
    assert answer["licence"] == "CC BY 4.0"
    assert len(answer["interval_start"]) == 24
    assert answer["columns"]["temperature_c"] == [1, 2, 9, 4, 5, 6, *[9] * 18]
    assert answer["forecast"]["temperature_c"] == [2, *range(6, 24)]
    then = await _asked(cloud, "hours", **NEW_YEAR, as_known_at="2025-01-01T00:00:00Z")
    assert then["columns"]["temperature_c"] == [9] * 24
    assert then["newest_known_at"] == "2025-01-01T00:00:00Z"


async def test_a_gap_is_estimated_and_its_error_told(cloud: CloudInTest) -> None:
    await _with_hours(cloud, 1, 2, 3, None, 5, 6, 7, 8)
    answer = await _asked(cloud, "hours", **NEW_YEAR)
    assert answer["columns"]["temperature_c"][3] == 4
    assert answer["estimated"] == {"temperature_c": [3]}
    assert answer["errors"]["temperature_c"] == 0


async def test_csv_tells_the_terms_in_every_row(cloud: CloudInTest) -> None:
    await _with_hours(cloud, 1, None, 3)
    answer = await cloud.nobody.ask(
        "GET",
        "/weather/places/sofia/hours",
        params={**NEW_YEAR, "format": "csv", "columns": ["temperature_c", "humidity_pct"]},
    )
    assert answer.headers["content-type"].startswith("text/csv")
    header, *lines = answer.text.splitlines()
    assert header == (
        "place_id,interval_start,temperature_c,humidity_pct,not_observed,licence,attribution"
    )
    assert lines[0] == 'sofia,2025-01-01T00:00Z,1.0,,"",CC BY 4.0,A test'
    assert lines[1] == "sofia,2025-01-01T01:00Z,2.0,,temperature_c:estimated,CC BY 4.0,A test"
    assert len(lines) == 24


async def test_what_a_check_found_is_told_and_found_once(cloud: CloudInTest) -> None:
    await _with_hours(cloud, 1, 2, 99, 4)
    for _ in range(2):
        await check(cloud.services.weather, "sofia")
    answer = await _asked(cloud, "flags", **NEW_YEAR, resolution="hour")
    assert [(one["rule"], one["since"]) for one in answer["items"]] == [
        ("impossible", "2025-01-01T02:00:00Z"),
        ("jump", "2025-01-01T02:00:00Z"),
    ]
    assert (await _asked(cloud, "hours", **NEW_YEAR))["columns"]["temperature_c"][2] == 99


async def test_degree_days_follow_eurostat_unless_told_otherwise(cloud: CloudInTest) -> None:
    await cloud.services.weather.put_place(a_place())
    await cloud.services.weather.take_in("sofia", days_of(-2, 15, 15.5, 30))
    days = {"from": "2025-01-01", "to": "2025-01-06"}
    answer = await _asked(cloud, "degree-days", **days)
    assert answer["heating_c_d"] == [20, 3, 0, 0, None]
    assert answer["cooling_c_d"] == [0, 0, 0, 9, None]
    assert (answer["heating_sum_c_d"], answer["unknown_days"]) == (23, 1)
    other = await _asked(cloud, "degree-days", **days, heating_base_c=19, heating_threshold_c=12)
    assert other["heating_c_d"] == [21, 0, 0, 0, None]


async def test_snow_that_fell_before_still_lies(cloud: CloudInTest) -> None:
    await cloud.services.weather.put_place(a_place())
    at = [MIDNIGHT - timedelta(days=30), MIDNIGHT, MIDNIGHT + timedelta(days=1)]
    rows = pl.DataFrame(
        {"at": at, "temperature_c": [-5.0, 2.5, 20.0], "precipitation_mm": [40.0, 0.0, 0.0]},
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )
    await cloud.services.weather.take_in("sofia", Told(resolution=Resolution.DAY, rows=rows))
    answer = await _asked(cloud, "snow-water", **{"from": "2025-01-01", "to": "2025-01-03"})
    assert answer["snow_water_mm"] == [30, 0]
    assert answer["melt_mm"] == [10, 30]
    assert answer["unknown_days"][1] == 0
    assert answer["unknown_days"][0] > 100  # of the autumn nothing is known


async def test_what_can_not_be_asked_is_refused(cloud: CloudInTest) -> None:
    await _with_hours(cloud, 1)
    for query in (
        {"from": "2025-01-02", "to": "2025-01-01"},
        {"from": "2025-01-01", "to": "2025-01-01"},
        {"from": "2025-01-01", "to": "2026-02-01"},
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"from": "9999-12-30", "to": "9999-12-31"},
        {**NEW_YEAR, "columns": "colour"},
        {**NEW_YEAR, "as_known_at": "yesterday"},
        {**NEW_YEAR, "format": "xml"},
    ):
        answer = await cloud.nobody.ask("GET", "/weather/places/sofia/hours", params=query)
        assert answer.status_code == 422, query


async def test_a_place_that_is_not_there_is_not_found(cloud: CloudInTest) -> None:
    for what in ("hours", "days", "degree-days", "snow-water"):
        answer = await cloud.nobody.ask("GET", f"/weather/places/here/{what}", params=NEW_YEAR)
        assert answer.status_code == 404


async def test_strangers_are_charged_for_asking(cloud: CloudInTest) -> None:
    await _with_hours(cloud, 1)
    answer = await cloud.nobody.ask("GET", "/weather/places")
    assert answer.headers["RateLimit-Policy"].startswith('"address"')


async def test_days_of_forty_years_are_answered(cloud: CloudInTest) -> None:
    await cloud.services.weather.put_place(a_place())
    await cloud.services.weather.take_in("sofia", days_of(*[5.0] * 300))
    query = {"from": "1990-01-01", "to": "2029-12-31", "columns": "temperature_c"}
    answer = await _asked(cloud, "days", **query)
    assert sum(one is not None for one in answer["columns"]["temperature_c"]) == 300
    assert answer["day"][0] == "1990-01-01"
