# SPDX-License-Identifier: EUPL-1.2
"""What the benchmarks of demand count, and their rivals: a wrong ruler would flatter us."""

from datetime import UTC, datetime

import numpy as np
import pytest

from cloud.demand.series import DAY_H, WEEK_H, Hours, Usage, Weather
from tests.benchmark.demand import day_ahead
from tests.benchmark.demand.bwdf import indicators
from tests.benchmark.demand.day_ahead import TaoAndTrees
from tests.benchmark.demand.districts import figures
from tests.benchmark.demand.level_days import foretold_days
from tests.benchmark.demand.verdicts import Wanted


def a_series(days: int, seed: int = 1) -> tuple[Usage, Weather]:
    hours = Hours(start=datetime(2025, 1, 1, tzinfo=UTC), count=days * DAY_H)
    rng = np.random.default_rng(seed)
    used = 10 + 3 * np.sin(2 * np.pi * hours.hour_of_day / DAY_H) + rng.normal(0, 0.1, hours.count)
    columns = {"temperature_c": rng.normal(10, 5, hours.count), "holiday": np.zeros(hours.count)}
    return Usage(series_ids=("a",), hours=hours, amounts=used[None]), Weather(
        hours=hours, columns=columns
    )


def test_the_contest_indicators_part_the_first_day_from_the_others():
    came = np.zeros((2, WEEK_H))
    told = np.ones((2, WEEK_H, 3)) * [-1.0, 2.0, 3.0]
    told[:, 5, 1] = 26.0
    told[0, DAY_H:] = [1.0, 4.0, 5.0]
    one = indicators(came, told)
    assert one.pi1 == pytest.approx(3.0)  # 23 hours of 2 and one of 26
    assert one.pi2 == pytest.approx(26.0)
    assert one.pi3 == pytest.approx(3.0)  # one district misses by 4, the other by 2
    assert one.coverage_pct == pytest.approx(100 * (DAY_H + WEEK_H) / (2 * WEEK_H))


def test_a_district_of_which_nothing_is_known_is_not_scored():
    came = np.stack([np.zeros(WEEK_H), np.full(WEEK_H, np.nan)])
    assert indicators(came, np.ones((2, WEEK_H))).pi1 == pytest.approx(1.0)


def test_errors_of_hours_that_cancel_over_a_day_are_none_of_the_day():
    came = np.full((3, 1, DAY_H), 10.0)
    told = came + np.tile([1.0, -1.0], DAY_H // 2)
    found = figures(told[..., None], came)
    assert found["cvrmse_days_pct"] == pytest.approx(0.0)
    assert found["cvrmse_hours_pct"] == pytest.approx(10.0)


def test_a_target_missed_is_said_to_be():
    wanted = Wanted(figure="coverage_pct", least=87.0, most=93.0)
    assert wanted.verdict(90.0).endswith("reached")
    assert wanted.verdict(86.9).endswith("MISSED")
    assert wanted.verdict(93.1).endswith("MISSED")
    assert "not measured" in wanted.verdict(None)


def test_the_rival_a_day_ahead_sees_nothing_of_the_day_and_its_range_holds(monkeypatch):
    monkeypatch.setattr(day_ahead, "_TREES", 30)
    usage, weather = a_series(150)
    origin = 149 * DAY_H
    known = usage.until(origin)
    model = TaoAndTrees().fit(known, weather.over(known.hours))
    told = model.forecast(known, weather, DAY_H)
    usage.amounts[:, origin:] = 1e6
    assert (model.forecast(usage.until(origin), weather, DAY_H) == told).all()
    used = a_series(150)[0].amounts[:, origin:]
    assert np.abs(told[..., 1] - used).mean() < 1.0
    assert ((told[..., 0] < used) & (used < told[..., 2])).mean() > 0.7


def test_the_rival_of_day_sums_follows_the_level_and_sees_nothing_of_the_day():
    usage, weather = a_series(120)
    usage.amounts[:, 80 * DAY_H :] += 5.0  # a step that its trees haven't learnt
    midnights = np.arange(0, 120 * DAY_H, DAY_H)
    told = foretold_days(usage, weather, midnights, 60)
    assert np.isnan(told[:, :60]).all()
    assert np.abs(told[0, 110:] - 15.0).max() < 0.5
    usage.amounts[:, 119 * DAY_H :] = 0.0
    assert (foretold_days(usage, weather, midnights, 60)[:, 60:] == told[:, 60:]).all()
