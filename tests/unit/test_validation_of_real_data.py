# SPDX-License-Identifier: EUPL-1.2
"""The rules on real public data, which nobody made for them."""

import io
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cloud.validation import rules
from cloud.validation.finding import Finding, Severity
from cloud.validation.report import Report, validate
from cloud.validation.series import Integers, UsageSeries
from tests.needs import shared_data
from tests.validation_builders import an_about

BREAK = datetime(2018, 1, 20, tzinfo=UTC)  # cubic feet became cubic metres: seen by eye


def hours_of(file: str) -> pl.DataFrame:
    """Return the hours of the buildings of Cambridge, gas and electricity, as a file has them."""
    wide = pl.read_parquet(shared_data(f"buildings_cambridge/{file}"))
    return pl.concat(
        wide.drop_nulls(f"{kind}_kwh").select(
            meter_id=pl.col("building") + f"-{kind}",
            reading_type=pl.lit(kind),
            interval_start="timestamp_utc",
            usage=f"{kind}_kwh",
            unit=pl.lit("kWh"),
        )
        for kind in ("electricity", "gas")
    )


def report_on(rows: pl.DataFrame, folder: Path, unit: str | None = None) -> Report:
    path = folder / "rows.parquet"
    rows.write_parquet(path)
    return validate(path, unit)


def of(report: Report, rule: str, meter_id: str | None = None) -> list[Finding]:
    return [one for one in report.findings if one.rule == rule and meter_id in (None, one.meter_id)]


@pytest.fixture(scope="module")
def two_gas_meters(tmp_path_factory: pytest.TempPathFactory) -> Report:
    hours = hours_of("gas_unit_break_two_buildings.parquet")
    return report_on(hours, tmp_path_factory.mktemp("gas"))


@pytest.fixture(scope="module")
def five_buildings(tmp_path_factory: pytest.TempPathFactory) -> Report:
    hours = hours_of("five_buildings_2013_2020.parquet")
    return report_on(hours, tmp_path_factory.mktemp("five"))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return what is found in 92 homes in Alicante."""
    with zipfile.ZipFile(shared_data("water_daiad/swm_trialA.zip")) as archive:
        raw = pl.read_csv(
            io.BytesIO(archive.read("swm_trialA.csv")), separator=";", infer_schema=False
        )
    rows = raw.select(
        meter_id="user key",
        reading_type=pl.lit("water"),
        read_at=pl.col("datetime").str.to_datetime("%d/%m/%Y %H:%M:%S"),
        register=pl.col("meter reading").cast(pl.Float64),
    )
    return report_on(rows, tmp_path_factory.mktemp("homes"), "l")


def test_the_one_gas_meter_that_changed_its_unit_is_found_within_a_week(two_gas_meters: Report):
    (found,) = of(two_gas_meters, "unit_break")
    assert found.meter_id == "b0-gas"
    assert abs(found.started_at - BREAK) <= timedelta(days=7)
    assert 23 < 1 / found.evidence["factor"] < 99
    assert "cubic feet" in found.explanation


def test_no_meter_of_the_five_buildings_changed_its_unit(five_buildings: Report):
    assert of(five_buildings, "unit_break") == []


def test_the_zeros_for_missing_values_of_the_five_buildings_are_found(five_buildings: Report):
    wide = pl.read_parquet(shared_data("buildings_cambridge/five_buildings_2013_2020.parquet"))
    for (building,), hours in wide.drop_nulls("electricity_kwh").group_by("building"):
        zero = hours.filter(pl.col("electricity_kwh") == 0)["timestamp_utc"]
        found = of(five_buildings, "zeros_for_missing", f"{building}-electricity")
        covered = sum(one.evidence["intervals"] for one in found)
        assert covered == len(zero), building


def test_gas_that_rests_in_summer_is_left_alone(five_buildings: Report):
    long_summers = [
        one
        for one in of(five_buildings, "zeros_for_missing")
        if one.ended_at is not None
        and one.ended_at - one.started_at > timedelta(days=7)
        and one.started_at.month in (5, 6, 7, 8)
    ]
    assert long_summers == []


def test_the_false_readings_of_the_homes_are_found(homes: Report):
    spikes = of(homes, "spike_up")
    assert {one.meter_id[:8] for one in spikes} == {"9348c9bb"}
    assert [f"{one.started_at:%Y-%m-%d %H}" for one in spikes] == [
        f"2017-01-17 {hour}" for hour in (12, 13, 14, 15)
    ]
    assert {one.meter_id[:8] for one in of(homes, "spike_down")} == {"1de2cf65"}


def test_every_home_whose_register_went_back_is_found(homes: Report):
    counted = Counter(one.meter_id[:8] for one in of(homes, "negative_step"))
    assert counted["219ffd09"] > 100
    assert counted["12913a45"] == 35
    assert len(counted) == 28


def test_homes_that_were_left_for_holidays_raise_no_alarm(homes: Report):
    assert of(homes, "unit_break") == []
    assert of(homes, "above_physical_maximum") == []
    (five_months,) = of(homes, "frozen_register")
    assert five_months.severity == Severity.NOTE
    assert five_months.evidence["standstill_s"] > 140 * 86400


def test_stamps_of_the_homes_are_found_to_be_local_time(homes: Report):
    steps = of(homes, "clock_step")
    assert {f"{one.started_at:%Y-%m-%d}" for one in steps} == {"2016-10-30"}
    assert of(homes, "contradicting_duplicate") == []


@pytest.mark.parametrize(
    ("file", "kind"), [("Water_WHW_year1", "water"), ("NaturalGas_FRG_year1", "gas")]
)
def test_a_house_without_faults_is_silent(file: str, kind: str, tmp_path: Path):
    rows = pl.read_parquet(shared_data(f"house_ampds2/{file}.parquet")).select(
        meter_id=pl.lit(kind), reading_type=pl.lit(kind), read_at="unix_ts", register="counter"
    )
    report = report_on(rows, tmp_path, "l")
    assert report.findings == []
    assert report.summary["readings"] == 525_600


def test_the_substations_of_bankya_are_silent(tmp_path: Path):
    rows = pl.read_csv(shared_data("power_bulgaria/edg_west_bankya_2022_monthly.csv")).select(
        meter_id="BUS_name",
        reading_type=pl.col("measurement").replace_strict(
            {"consumedEnergy": "electricity", "generatedEnergy": "electricity_export"}
        ),
        interval_start="timestamp",
        usage="value",
        unit="unit",
    )
    assert report_on(rows, tmp_path).findings == []


def _electricity(building: str) -> tuple[Integers, Integers]:
    wide = pl.read_parquet(shared_data("buildings_cambridge/five_buildings_2013_2020.parquet"))
    hours = wide.filter(pl.col("building") == building).drop_nulls("electricity_kwh")
    return (
        hours["timestamp_utc"].dt.epoch("s").to_numpy().astype(np.int64),
        np.rint(hours["electricity_kwh"].to_numpy() * 1000).astype(np.int64),
    )


@pytest.mark.parametrize("factor", [1000, 99, 35.3, 10, 0.1, 1 / 35.3, 1 / 99])
@pytest.mark.parametrize("building", ["b4", "b27", "b58", "b101", "b104"])
def test_a_break_made_into_a_real_meter_is_found_to_the_week(building: str, factor: float):
    start_s, used = _electricity(building)
    at = datetime(2016, 11, 7, tzinfo=UTC)
    broken = np.where(start_s >= at.timestamp(), used * factor, used)
    look = rules.discover()["unit_break"].history
    assert look is not None
    (found,) = look(
        UsageSeries(
            about=an_about(),
            start_s=start_s,
            length_s=np.full(len(start_s), 3600, dtype=np.int64),
            usage=np.rint(broken).astype(np.int64),
            row=np.arange(len(start_s), dtype=np.int64),
            is_measured=np.ones(len(start_s), dtype=bool),
        )
    )
    assert abs(found.started_at - at) <= timedelta(days=7)
    assert found.evidence["factor"] == pytest.approx(factor, rel=0.25)  # b58 grew by a sixth
