# SPDX-License-Identifier: EUPL-1.2
"""Histories that are wrong, and members that fail: there is a forecast all the same."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from structlog.testing import capture_logs

from cloud.demand.models import kernel
from cloud.demand.models.calibration import Calibrated
from cloud.demand.models.ensemble import Ensemble
from cloud.demand.series import DAY_H, Hours, Usage, Weather
from tests.unit.test_demand_forecast import (
    few_trees,  # noqa: F401 - a fixture
    heated,
    issued,
    some_weather,
    the_hours,
)

pytest.importorskip("sklearn", reason="needs the extra demand")

DAYS = 100  # a member has to have seen eight weeks before it is tried
ORIGIN = (DAYS - 2) * DAY_H


def is_sound(told: np.ndarray) -> bool:
    return bool(np.isfinite(told).all() and (np.diff(told, axis=2) >= 0).all())


class Broken:
    """A member that fails, when it learns, looks back or looks ahead."""

    max_series_days = 1000.0
    reach_h = 336
    is_dear = False

    def __init__(self, usage: Usage, when: str) -> None:
        self._usage = usage
        self._when = when

    def fit(self, usage: Usage, weather: Weather) -> "Broken":  # noqa: ARG002 - learns nothing
        if self._when == "fit":
            raise np.linalg.LinAlgError("Singular matrix")
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> np.ndarray:  # noqa: ARG002
        if self._when == "forecast":
            raise FloatingPointError("overflow")
        return self._usage.between(usage.hours.count, usage.hours.count + horizon_h).amounts

    def past(
        self,
        usage: Usage,  # noqa: ARG002
        weather: Weather,  # noqa: ARG002
        origins: np.ndarray,
        horizon_h: int,
    ) -> np.ndarray:
        if self._when == "past":
            raise ValueError("no rows")
        told = self._usage.between(0, self._usage.hours.count + horizon_h).amounts
        return np.stack([told[:, at : at + horizon_h] for at in origins], axis=1)


@pytest.mark.parametrize(
    ("when", "error"),
    [
        ("fit", "LinAlgError: Singular matrix"),
        ("past", "ValueError: no rows"),
        ("forecast", "FloatingPointError: overflow"),
    ],
)
def test_a_member_that_fails_is_named_and_the_others_go_on_without_it(when, error):
    weather = some_weather(the_hours(DAYS))
    usage = heated(weather, noise=0.1)
    known = usage.until(ORIGIN)

    def told(members: list) -> np.ndarray:
        model = Calibrated(Ensemble(members)).fit(known, weather.over(known.hours))
        return model.forecast(known, weather, DAY_H)

    with capture_logs() as said:
        with_it = told([lambda: Broken(usage, when)])
    assert {
        "event": "forecast_member_failed",
        "log_level": "warning",
        "member": "Broken",
        "error": error,
    } in said
    assert is_sound(with_it)
    if when != "forecast":  # it never had any weight
        assert (with_it == told([])).all()


def test_a_kernel_that_fails_leaves_the_forecast_to_the_others(monkeypatch):
    def fails(*_: object) -> tuple[np.ndarray, np.ndarray]:
        raise np.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(kernel, "_solved", fails)
    weather = some_weather(the_hours(DAYS))
    usage = heated(weather)
    with capture_logs() as said:
        told = issued(usage, weather, ORIGIN, DAY_H)
    assert [one["member"] for one in said] == ["kernel ridge"]
    assert is_sound(told)
    assert np.abs(told[0, :, 1] / usage.amounts[0, ORIGIN : ORIGIN + DAY_H] - 1).mean() < 0.1


def test_a_reading_a_million_times_too_high_spoils_no_forecast():
    weather = some_weather(the_hours(DAYS))
    usage = heated(weather)
    usage.amounts[0, [300, 1200, ORIGIN - 200]] = 1e9
    usage.amounts[0, 900] = -1e9
    told = issued(usage, weather, ORIGIN, 2 * DAY_H)
    assert is_sound(told)
    assert np.abs(told[0, :, 1] / usage.amounts[0, ORIGIN:] - 1).mean() < 0.2
    assert told[0, :, 2].max() < 100 * usage.amounts[0, ORIGIN:].max()


def test_a_roof_that_gives_more_than_the_house_uses_is_forecast_below_nothing():
    weather = some_weather(the_hours(DAYS))
    usage = heated(weather)
    sun = np.maximum(np.sin(2 * np.pi * (usage.hours.hour_of_day - 6) / DAY_H), 0)
    net = usage.amounts - 4 * sun
    told = issued(Usage(series_ids=("a",), hours=usage.hours, amounts=net), weather, ORIGIN)
    assert is_sound(told)
    assert np.abs(told[0, :, 1] - net[0, ORIGIN : ORIGIN + DAY_H]).mean() < 0.2
    assert told[0, :, 1].min() < -1


@pytest.mark.parametrize("level", [0.0, 7.0, -3.0])
def test_what_never_changes_is_forecast_to_stay(level):
    weather = some_weather(the_hours(DAYS))
    usage = heated(weather)
    usage.amounts[:] = level
    told = issued(usage, weather, ORIGIN, DAY_H)
    assert is_sound(told)
    assert told == pytest.approx(level, abs=0.01)


@pytest.mark.parametrize("silent", [(20, 90), (0, 60), (96, 98)])
def test_a_meter_silent_for_weeks_is_forecast_from_what_there_is(silent):
    weather = some_weather(the_hours(DAYS))
    usage = heated(weather)
    usage.amounts[:, silent[0] * DAY_H : silent[1] * DAY_H] = np.nan
    assert is_sound(issued(usage, weather, ORIGIN, 168))


@pytest.mark.parametrize("month", [3, 10])
def test_days_of_23_and_25_hours_are_forecast_as_all_others(month):
    start = datetime(2025, month - 1, 1, tzinfo=UTC)
    hours = Hours(start=start, count=75 * DAY_H, zone=ZoneInfo("Europe/Sofia"))
    weather = some_weather(hours)
    usage = heated(weather)
    changes = np.flatnonzero(np.diff(hours.offsets_s))
    origin = int(changes[0]) - 12
    told = issued(usage, weather, origin, 72)
    assert is_sound(told)
    assert np.abs(told[0, :, 1] / usage.amounts[0, origin : origin + 72] - 1).mean() < 0.15


def test_days_further_off_are_forecast_as_well_from_an_hour_not_learnt():
    weather = some_weather(the_hours(DAYS))
    usage = heated(weather)
    known = usage.until(ORIGIN - 9 * DAY_H)
    model = Calibrated(Ensemble()).fit(known, weather.over(known.hours))
    errors = []
    for later_h in (0, 7, 18):
        now = known.hours.count + later_h
        told = model.forecast(usage.until(now), weather.between(0, now + 168), 168)
        used = usage.amounts[0, now + DAY_H : now + 168]
        errors.append(np.abs(told[0, DAY_H:, 1] / used - 1).mean())
    assert max(errors) < 0.06
