# SPDX-License-Identifier: EUPL-1.2
"""Exports over HTTP: the same figures as the API's, as files that other programs read."""

import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import psutil
import pytest

from cloud.kit.auth.rights import Role
from cloud.kit.database import run
from tests.integration.cloud.builders import COLD, Caller, CloudInTest, a_telegram
from tests.senml import resolved

LONG_DAY = {"from": "2026-10-25", "to": "2026-10-26"}  # 25 hours in Sofia
BEGINS = datetime(2026, 10, 24, 21, tzinfo=UTC)
PATH = "/service-points/sp-one/export"


async def _with_a_long_day(cloud: CloudInTest) -> None:
    """Have 60 l run every hour of it: a reading each half hour, 30000 ml apart."""
    half_hours = [(n, BEGINS + timedelta(minutes=30 * n)) for n in range(51)]
    await cloud.gateway.send(
        *(a_telegram(n + 1, at=at, registers={COLD: n * 30000}) for n, at in half_hours)
    )
    await cloud.services.reviewer.drain()


async def _export(caller: Caller, path: str = PATH, **asked: Any) -> Any:
    answer = await caller.ask("GET", path, params={**LONG_DAY, **asked})
    assert answer.status_code == 200, answer.text
    return answer


async def _frame(caller: Caller, path: str = PATH, **asked: Any) -> pl.DataFrame:
    answer = await _export(caller, path, **asked)
    return pl.read_csv(io.BytesIO(answer.content), schema_overrides={"quality": pl.String})


async def test_every_hour_of_a_day_of_25_is_a_row_with_its_offset_unit_and_quality(
    cloud: CloudInTest,
) -> None:
    await _with_a_long_day(cloud)
    answer = await _export(cloud.operator)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = await _frame(cloud.operator)
    assert rows["interval_start"][3:5].to_list() == [
        "2026-10-25T03:00:00.000+03:00",
        "2026-10-25T03:00:00.000+02:00",
    ]
    assert rows["usage"].to_list() == [60000] * 25
    assert set(rows["unit"]) == {"ml"}
    assert set(rows["quality"]) == {"good"}


async def test_an_export_says_what_the_api_says(cloud: CloudInTest) -> None:
    await _with_a_long_day(cloud)
    told = await cloud.operator.get("/service-points/sp-one/usage", resolution="hour", **LONG_DAY)
    rows = await _frame(cloud.operator)
    assert [datetime.fromisoformat(one) for one in rows["interval_start"]] == [
        datetime.fromisoformat(one["interval_start"]) for one in told["intervals"]
    ]
    assert rows["usage"].to_list() == [one["usage"] for one in told["intervals"]]
    readings = await cloud.operator.all("/service-points/sp-one/readings", **LONG_DAY)
    exported = await _frame(cloud.operator, what="readings")
    assert exported["register"].to_list() == [one["register"] for one in readings]
    assert exported["sequence"].to_list() == [one["sequence"] for one in readings]
    assert set(exported["meter_id"]) == {"m-one"}


@pytest.mark.parametrize("what", ["usage", "readings"])
async def test_parquet_holds_the_same_table_with_times_that_know_their_zone(
    cloud: CloudInTest, what: str
) -> None:
    await _with_a_long_day(cloud)
    answer = await _export(cloud.operator, what=what, format="parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = pl.read_parquet(io.BytesIO(answer.content))
    as_csv = await _frame(cloud.operator, what=what)
    assert table.columns == as_csv.columns
    assert table.height == as_csv.height
    zones = {kind.time_zone for kind in table.dtypes if isinstance(kind, pl.Datetime)}
    assert zones == {"Europe/Sofia"}
    measure = "usage" if what == "usage" else "register"
    assert table[measure].to_list() == as_csv[measure].to_list()
    when = "interval_start" if what == "usage" else "read_at"
    assert table[when].dt.convert_time_zone("UTC").to_list() == [
        datetime.fromisoformat(one).astimezone(UTC) for one in as_csv[when]
    ]


async def test_senml_resolves_to_the_same_figures_in_cubic_metres(cloud: CloudInTest) -> None:
    await _with_a_long_day(cloud)
    answer = await _export(cloud.operator, format="senml")
    assert answer.headers["content-type"] == "application/senml+json"
    records = resolved(json.loads(answer.content))
    usage = [one for one in records if "v" in one]
    assert [one["v"] for one in usage] == [0.06] * 25
    assert {one["u"] for one in usage} == {"m3"}
    assert usage[0]["t"] == BEGINS.timestamp()
    assert {one["vs"] for one in records if "vs" in one} == {"good"}


async def test_an_empty_export_is_still_a_file_of_its_format(cloud: CloudInTest) -> None:
    asked = {"what": "readings"}
    assert (await _frame(cloud.operator, **asked)).height == 0
    assert (await _export(cloud.operator, **asked, format="senml")).json() == []
    parquet = await _export(cloud.operator, **asked, format="parquet")
    assert pl.read_parquet(io.BytesIO(parquet.content)).height == 0


@pytest.mark.parametrize(
    ("accept", "form", "media_type"),
    [
        ("application/senml+json", None, "application/senml+json"),
        ("application/x-none, application/senml+json", None, "application/senml+json"),
        ("text/html, */*;q=0.8", None, "text/csv; charset=utf-8"),
        ("text/csv;q=0, application/senml+json", None, "application/senml+json"),
        ("text/csv;q=0.1, application/senml+json; q=0.9", None, "application/senml+json"),
        ("text/csv;q=nan, application/senml+json;q=0.9", None, "text/csv; charset=utf-8"),
        ("application/*", None, "application/vnd.apache.parquet"),
        ("", None, "text/csv; charset=utf-8"),
        ("application/senml+json", "csv", "text/csv; charset=utf-8"),
    ],
)
async def test_the_format_is_the_one_asked_for_by_name_or_by_accept(
    cloud: CloudInTest, accept: str, form: str | None, media_type: str
) -> None:
    asked = {**LONG_DAY, **({"format": form} if form else {})}
    answer = await cloud.operator.ask("GET", PATH, params=asked, headers={"Accept": accept})
    assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize("accept", ["text/html", "text/csv;q=0", ";;,,"])
async def test_what_exports_do_not_speak_is_not_acceptable(cloud: CloudInTest, accept: str) -> None:
    refused = await cloud.operator.ask("GET", PATH, params=LONG_DAY, headers={"Accept": accept})
    assert refused.status_code == 406
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_file_is_named_after_what_is_in_it(cloud: CloudInTest) -> None:
    answer = await _export(cloud.operator, resolution="day")
    named = answer.headers["content-disposition"]
    assert named == 'attachment; filename="sp-one-usage-day-2026-10-25-2026-10-26.csv"'


async def test_a_building_is_exported_with_all_its_service_points_and_no_other(
    cloud: CloudInTest,
) -> None:
    await cloud.register("two")
    await cloud.operator.put(
        "/service-points/sp-flat",
        {
            "premises_id": "p-one",
            "name": {"bg": "Ап. 1", "en": "Flat 1"},
            "reading_type": "cold_water",
            "parent_service_point_id": "sp-one",
        },
    )
    await _with_a_long_day(cloud)
    rows = await _frame(cloud.operator, "/premises/p-one/export", resolution="day")
    by_point = {row["service_point_id"]: row for row in rows.iter_rows(named=True)}
    assert set(by_point) == {"sp-one", "sp-flat"}
    assert by_point["sp-one"]["usage"] == 25 * 60000
    assert (by_point["sp-flat"]["usage"], by_point["sp-flat"]["quality"]) == (None, "missing")


@pytest.mark.parametrize("path", [PATH, "/premises/p-one/export"])
async def test_another_building_is_not_there_to_be_exported(cloud: CloudInTest, path: str) -> None:
    owner_of_two = await cloud.caller(Role.OWNER, "p-two")
    for form, what in itertools.product(("csv", "parquet", "senml"), ("usage", "readings")):
        refused = await owner_of_two.ask(
            "GET", path, params={**LONG_DAY, "format": form, "what": what}
        )
        assert refused.status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        {"what": "readings", "from": "2025-01-01", "to": "2026-01-03"},
        {"what": "readings", "from": "2026-01-02", "to": "2026-01-02"},
        {"what": "readings", "from": "1999-01-02", "to": "1999-01-03"},
        {"what": "usage", "from": "2020-01-01", "to": "2026-01-01"},
        {"what": "usage", "from": "2026-01-02", "to": "2026-01-01"},
        {"format": "xlsx"},
        {"resolution": "year"},
    ],
)
async def test_too_much_and_nonsense_are_refused_before_anything_is_sent(
    cloud: CloudInTest, asked: dict[str, str]
) -> None:
    refused = await cloud.operator.ask("GET", PATH, params={**LONG_DAY, **asked})
    assert refused.status_code == 422, refused.text
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_year_of_minutes_passes_through_little_memory(served: CloudInTest) -> None:
    await served.gateway.send(a_telegram())
    minutes = await _with_minutes(served, days=365)
    process = psutil.Process()
    before = most = process.memory_info().rss
    lines = {}
    for form in ("csv", "parquet"):  # SenML goes the way of CSV
        asked = {"what": "readings", "format": form, "from": "2025-02-01", "to": "2026-02-01"}
        lines[form] = 0
        async with served.client.stream(
            "GET", f"/api/v1{PATH}", params=asked, headers=served.operator.headers, timeout=60
        ) as answer:
            assert answer.status_code == 200
            async for block in answer.aiter_raw():
                lines[form] += block.count(b"\n")
                most = max(most, process.memory_info().rss)
    assert lines["csv"] == 1 + minutes
    assert most - before < 100 << 20  # the CSV alone is 60 MB, as rows in Python ten times that


async def _with_minutes(cloud: CloudInTest, days: int) -> int:
    """Have a reading each minute of the year that begins with February 2025 in Sofia."""
    since = datetime(2025, 1, 31, 22, tzinfo=UTC)
    until = since + timedelta(days=days)
    await cloud.services.hypertables.make_room("readings", since, until)
    async with cloud.services.database.transaction(60) as connection:
        return await run(
            connection,
            "insert into readings (channel_id, read_at, boot, sequence, register, received_at,"
            " stored_at, quality) select channel_id, at, 1, 100 + n, n * 100, at, at, 0"
            " from channels, generate_series(%(since)s::timestamptz, %(until)s::timestamptz"
            " - interval '1 minute', '1 minute') with ordinality as minute (at, n)"
            " where node_id = 'n-one' and obis = '8-0:1.0.0'",
            since=since,
            until=until,
        )
