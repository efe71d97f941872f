# SPDX-License-Identifier: EUPL-1.2
"""The next day's peak, from forecasts as they were issued and what came of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from cloud.demand.runs.repository import Run
from cloud.demand.series import Hours, Usage
from cloud.demand.studies.program import season_end
from cloud.demand.studies.tomorrow import of_day, peak_of_day
from tests.demand_builders import SOFIA

ISSUED = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOMORROW = date(2026, 11, 22)
DAYS = 40


def a_run(issued_at: datetime = ISSUED, **changes: Any) -> Run:
    """Return a forecast of 90, 100, 110 each hour of three days, and no ranges of days."""
    fields: dict[str, Any] = {
        "series_id": "dma",
        "issued_at": issued_at,
        "known_at": issued_at,
        "made_at": issued_at,
        "model_version": "v",
        "fallback_reason": None,
        "usage_until": issued_at,
        "weather_known_at": None,
        "weather_forecast_share": 1.0,
        "weather_climatology_share": 0.0,
        "quantiles": np.tile([90.0, 100.0, 110.0], (72, 1)),
        "first_day": None,
        "sums": None,
        "peaks": None,
    }
    return Run(**{**fields, **changes})


def before(**changes: Any) -> list[Run]:
    return [a_run(ISSUED - timedelta(days=back), **changes) for back in range(1, DAYS)]


def used(evening: float = 0.0) -> Usage:
    """Return what came: 100 give or take, and more in the evening's hour from 20 o'clock."""
    hours = Hours(start=ISSUED - timedelta(days=DAYS), count=DAYS * 24, zone=SOFIA)
    amounts = np.random.default_rng(1).normal(100, 5, hours.count)
    return Usage(
        series_ids=("dma",),
        hours=hours,
        amounts=(amounts + evening * (hours.hour_of_day == 20))[None, :],
    )


def test_the_hour_that_was_highest_each_day_is_the_likely_one():
    # 14 o'clock in Sofia is where forecasts begin: six hours on, and a day later, it is 20
    busy = np.tile([90.0, 100.0, 110.0], (72, 1))
    busy[6::24] += 20
    runs = before(quantiles=busy)
    found = peak_of_day(a_run(quantiles=busy), runs, used(evening=20.0), TOMORROW)
    assert sum(found.by_hour.values()) == pytest.approx(1)
    most = max(found.by_hour, key=found.by_hour.get)
    assert most.astimezone(SOFIA) == datetime(2026, 11, 22, 20, tzinfo=SOFIA)


def test_a_peak_without_a_range_of_its_own_is_made_of_paths():
    found = peak_of_day(a_run(), before(), used(), TOMORROW)
    low, middle, high = found.quantiles
    assert found.has_range
    assert 105 < low < middle < high < 125  # the highest of 24 hours lies above each one's middle


def test_a_range_that_was_issued_is_told_as_it_was():
    days = np.tile([[101.0, 109.0, 119.0]], (2, 1))
    run = a_run(first_day=TOMORROW, sums=days * 24, peaks=days)
    found = peak_of_day(run, before(), used(), TOMORROW)
    assert found.quantiles.tolist() == [101, 109, 119]
    assert len(found.by_hour) == 24


def test_a_few_days_tell_no_hour_and_no_range():
    found = peak_of_day(a_run(), before()[:10], used(), TOMORROW)
    assert (dict(found.by_hour), found.has_range, found.days) == (
        {},
        False,
        9,
    )  # the day that isn't over tells nothing
    assert found.quantiles[1] == 100


def test_what_the_naive_model_missed_tells_nothing_of_another():
    found = peak_of_day(a_run(), before(fallback_reason="no_model"), used(), TOMORROW)
    assert found.days == 0


def test_a_day_that_is_not_reached_over_has_no_peak():
    assert peak_of_day(a_run(), before(), used(), TOMORROW + timedelta(days=3)) is None


def test_the_day_on_which_clocks_are_put_back_has_25_hours():
    issued = datetime(2026, 10, 24, 12, tzinfo=UTC)
    long = date(2026, 10, 25)
    hours, quantiles = of_day(a_run(issued), used().hours, long)
    assert hours.count == len(quantiles) == 25
    runs = [a_run(issued - timedelta(days=back)) for back in range(1, 25)]
    span = Hours(start=issued - timedelta(days=30), count=30 * 24, zone=SOFIA)
    amounts = np.random.default_rng(1).normal(100, 5, (1, span.count))
    known = Usage(series_ids=("dma",), hours=span, amounts=amounts)
    found = peak_of_day(a_run(issued), runs, known, long)
    assert len(found.by_hour) == 25
    assert sum(found.by_hour.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (date(2026, 11, 22), date(2027, 4, 1)),
        (date(2026, 5, 1), date(2026, 10, 1)),
        (date(2026, 3, 20), date(2026, 10, 1)),  # a season of ten days is nobody's question
    ],
)
def test_a_season_ends_with_march_or_september(first: date, end: date):
    assert season_end(first) == end
