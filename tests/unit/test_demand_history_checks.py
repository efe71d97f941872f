# SPDX-License-Identifier: EUPL-1.2
"""What is odd about imported hours is told; an ordinary year of anything is left alone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from cloud.demand.history.checks import Oddity, oddities
from cloud.demand.series import Floats, Hours
from tests.needs import shared_data

SOFIA = ZoneInfo("Europe/Sofia")
YEAR = Hours(start=datetime(2025, 1, 1, tzinfo=UTC), count=8760, zone=SOFIA)


def a_year(noise: float = 4.0) -> Floats:
    """Return a year of a district: people live by the clock of Sofia."""
    random = np.random.default_rng(7)
    daily = 100 - 60 * np.cos((YEAR.hour_of_day - 3) / 24 * 2 * np.pi)
    return np.asarray(daily + random.normal(0, noise, YEAR.count))


def kinds(amounts: Floats, hours: Hours = YEAR) -> dict[str, Oddity]:
    return {one.kind: one for one in oddities(amounts, hours)}


def test_an_ordinary_year_is_left_alone() -> None:
    assert kinds(a_year()) == {}


def test_unknown_hours_are_left_alone() -> None:
    amounts = a_year()
    amounts[1000:2000] = np.nan
    assert kinds(amounts) == {}
    assert kinds(np.full(8760, np.nan)) == {}


@pytest.mark.parametrize("kind", ["negative", "outlier", "stuck", "zero_for_missing"])
def test_what_is_wrong_for_some_hours_is_told_with_the_place(kind: str) -> None:
    amounts = a_year()
    wrong = {
        "negative": np.full(3, -1.0),
        "outlier": np.full(1, 4000.0),
        "stuck": np.full(30, 123.0),
        "zero_for_missing": np.zeros(20),
    }[kind]
    amounts[5000 : 5000 + len(wrong)] = wrong
    told = kinds(amounts)[kind]
    assert told.starts == (YEAR.at(5000),)
    assert told.hours == len(wrong)
    assert told.last == YEAR.at(5000 + len(wrong) - 1)


def test_a_day_that_was_written_twice_is_told() -> None:
    amounts = a_year()
    amounts[5024:5048] = amounts[5000:5024]
    assert kinds(amounts)["repeated_day"].first == YEAR.at(5024)


def test_zeros_are_use_where_it_stops_every_night() -> None:
    amounts = np.where(YEAR.hour_of_day < 7, 0.0, a_year())
    assert "zero_for_missing" not in kinds(amounts)


def test_a_coarse_meter_is_not_stuck() -> None:
    assert "stuck" not in kinds(np.round(a_year() / 50) * 50)


def test_use_that_keeps_to_winter_time_is_told_at_each_change_of_the_clocks() -> None:
    random = np.random.default_rng(7)
    by_utc = (YEAR.hour_of_day - YEAR.offsets_s // 3600) % 24
    slipped = 100 - 60 * np.cos((by_utc - 1) / 24 * 2 * np.pi) + random.normal(0, 1, YEAR.count)
    told = kinds(np.asarray(slipped))["clock_slip"]
    assert told.hours == 2
    assert [one.month for one in told.starts] == [3, 10]


@pytest.mark.parametrize(("is_read_wrongly", "told"), [(False, set()), (True, {"clock_slip"})])
def test_two_years_of_a_state_are_odd_only_where_their_stamps_are_taken_for_local_ones(
    is_read_wrongly: bool, told: set[str]
) -> None:
    table = pl.read_csv(shared_data("power_vic") / "vic_hourly_2012_2013.csv.gz")
    amounts = table.get_column("load_mw").to_numpy()
    start = datetime(2011, 12, 31, 13, tzinfo=UTC)  # 23:00 at the fixed offset of ten hours
    hours = Hours(start=start, count=len(amounts), zone=ZoneInfo("Australia/Melbourne"))
    if is_read_wrongly:
        at = np.arange(len(amounts)) + 10 - hours.offsets_s // 3600  # as if by the clock
        amounts = amounts[np.argsort(at, kind="stable")]
        amounts = np.interp(np.arange(len(amounts)), np.sort(at), amounts)
    assert set(kinds(amounts, hours)) == told
