# SPDX-License-Identifier: EUPL-1.2
"""The forecaster: learns what drives use, sees nothing of the future, and never falls over."""

import pickle
from datetime import UTC, datetime

import numpy as np
import pytest

from cloud.demand.model import LEVELS
from cloud.demand.models import boosted
from cloud.demand.models.calibration import Calibrated
from cloud.demand.models.ensemble import Ensemble
from cloud.demand.models.forecast import default_forecaster
from cloud.demand.models.naive import LastWeek
from cloud.demand.series import DAY_H, Hours, Usage, Weather

pytest.importorskip("sklearn", reason="needs the extra demand")

DAYS = 100


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(boosted, "_TREES", 20)


def the_hours(days: int = DAYS) -> Hours:
    return Hours(start=datetime(2025, 1, 1, tzinfo=UTC), count=days * DAY_H)


def some_weather(hours: Hours, seed: int = 1) -> Weather:
    rng = np.random.default_rng(seed)
    days = np.repeat(rng.normal(0, 4, hours.count // DAY_H + 1), DAY_H)[: hours.count]
    wave = 4 * np.sin(2 * np.pi * (hours.hour_of_day - 9) / DAY_H)
    return Weather(hours=hours, columns={"temperature_c": 8 + days + wave})


def heated(weather: Weather, noise: float = 0.02, series: int = 1, seed: int = 2) -> Usage:
    """Use that follows the temperature of this hour and the hour of the day, with noise."""
    hours = weather.hours
    need = 1 + 0.1 * np.maximum(15 - weather.get("temperature_c"), 0)
    shape = 1 + 0.3 * np.sin(2 * np.pi * hours.hour_of_day / DAY_H) - 0.2 * (hours.weekday > 4)
    rng = np.random.default_rng(seed)
    amounts = need * shape * (1 + noise * rng.normal(size=(series, hours.count)))
    return Usage(series_ids=tuple(f"s{i}" for i in range(series)), hours=hours, amounts=amounts)


def issued(usage: Usage, weather: Weather, origin: int, horizon_h: int = DAY_H) -> np.ndarray:
    known = usage.until(origin)
    model = default_forecaster().fit(known, weather.over(known.hours))
    return model.forecast(known, weather.between(0, origin + horizon_h), horizon_h)


def test_the_response_to_temperature_is_learnt():
    weather = some_weather(the_hours())
    usage = heated(weather)
    origin = (DAYS - 1) * DAY_H
    told = issued(usage, weather, origin)[0, :, 1]
    used = usage.amounts[0, origin:]
    naive = LastWeek().forecast(usage.until(origin), weather, DAY_H)[0]
    assert np.abs(told / used - 1).mean() < 0.04
    assert np.abs(told - used).mean() < 0.3 * np.abs(naive - used).mean()


def test_use_and_weather_after_the_horizon_change_no_forecast():
    weather = some_weather(the_hours())
    usage = heated(weather)
    origin = (DAYS - 2) * DAY_H
    before = issued(usage, weather, origin)
    usage.amounts[:, origin:] = 1e6
    for told in weather.columns.values():
        told[origin + DAY_H :] = 99.0
    assert (issued(usage, weather, origin) == before).all()


def test_a_model_asked_again_is_told_nothing_of_hours_to_come():
    """Its memory of earlier ranges must be checked against use before the origin only."""
    weather = some_weather(the_hours(40))
    usage = heated(weather)
    first, second = 37 * DAY_H, 38 * DAY_H

    def told(later: float) -> np.ndarray:
        changed = usage.until(usage.hours.count)
        changed.amounts[:, second:] = later
        known = changed.until(first)
        model = default_forecaster().fit(known, weather.over(known.hours))
        model.forecast(known, weather.between(0, first + DAY_H), DAY_H)
        return model.forecast(changed.until(second), weather.between(0, second + DAY_H), DAY_H)

    assert (told(1e6) == told(0.0)).all()


def test_the_same_history_gives_the_same_forecast():
    weather = some_weather(the_hours(40))
    usage = heated(weather)
    first, again = (issued(usage, weather, 38 * DAY_H) for _ in range(2))
    assert (first == again).all()


@pytest.mark.parametrize(("hour", "horizon_h"), [(7, 1), (23, 336)])
def test_any_hour_of_issue_and_any_horizon_can_be_asked_for(hour, horizon_h):
    weather = some_weather(the_hours(60))
    usage = heated(weather)
    origin = 44 * DAY_H + hour
    told = issued(usage, weather, origin, horizon_h)
    assert told.shape == (1, horizon_h, len(LEVELS))
    used = usage.amounts[0, origin : origin + horizon_h]
    assert np.abs(told[0, : used.size, 1] / used - 1).mean() < 0.15


def test_nine_in_ten_hours_are_inside_their_range():
    weather = some_weather(the_hours(130))
    usage = heated(weather, noise=0.1)
    origin = 90 * DAY_H
    known = usage.until(origin)
    model = default_forecaster().fit(known, weather.over(known.hours))
    inside = []
    for day in range(40):
        now = origin + day * DAY_H
        told = model.forecast(usage.until(now), weather.between(0, now + DAY_H), DAY_H)[0]
        used = usage.amounts[0, now : now + DAY_H]
        inside.append((told[:, 0] <= used) & (used <= told[:, -1]))
    assert 0.85 < np.mean(inside) < 0.95


class Oracle:
    """A member that was told how it will come out."""

    max_series_days = 1000.0
    reach_h = 336
    is_dear = False

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def fit(self, usage: Usage, weather: Weather) -> "Oracle":  # noqa: ARG002 - knows all
        return self

    def forecast(self, usage: Usage, weather: Weather, horizon_h: int) -> np.ndarray:  # noqa: ARG002
        first = usage.hours.count
        return self._usage.amounts[:, first : first + horizon_h]

    def past(
        self,
        usage: Usage,  # noqa: ARG002
        weather: Weather,  # noqa: ARG002
        origins: np.ndarray,
        horizon_h: int,
    ) -> np.ndarray:
        told = self._usage.between(0, self._usage.hours.count + horizon_h).amounts
        return np.stack([told[:, at : at + horizon_h] for at in origins], axis=1)


def test_a_member_that_did_better_lately_counts_more():
    weather = some_weather(the_hours())
    usage = heated(weather, noise=0.1)
    origin = (DAYS - 1) * DAY_H
    known = usage.until(origin)
    model = Calibrated(Ensemble([lambda: Oracle(usage)])).fit(known, weather.over(known.hours))
    told = model.forecast(known, weather, DAY_H)[0, :, 1]
    assert np.abs(told / usage.amounts[0, origin:] - 1).max() < 0.005


def test_a_member_too_slow_for_so_long_a_history_is_left_out():
    weather = some_weather(the_hours())
    usage = heated(weather, noise=0.1)
    known = usage.until((DAYS - 1) * DAY_H)

    def told(members: list) -> np.ndarray:
        model = Calibrated(Ensemble(members)).fit(known, weather.over(known.hours))
        return model.forecast(known, weather, DAY_H)

    class Slow(Oracle):
        max_series_days = DAYS - 2.0

    assert (told([lambda: Slow(usage)]) == told([])).all()


def test_a_model_put_away_forecasts_the_same_and_is_small():
    weather = some_weather(the_hours(60))
    usage = heated(weather, series=4)
    known, seen = usage.until(50 * DAY_H), weather.between(0, 51 * DAY_H)
    model = default_forecaster().fit(known, weather.over(known.hours))
    packed = pickle.dumps(model)
    again = pickle.loads(packed)  # noqa: S301 - made two lines above
    assert (again.forecast(known, seen, DAY_H) == model.forecast(known, seen, DAY_H)).all()
    assert len(packed) < 4e6
