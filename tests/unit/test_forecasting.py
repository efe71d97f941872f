# SPDX-License-Identifier: EUPL-1.2
"""The weather that the simulated city's cloud is told: its own, and ahead what a forecast would."""

from statistics import fmean

from simulators.forecasting import AHEAD_H, DAY_H, Forecast, forecast, observed
from simulators.weather import Weather

NOW_H = 498_000  # hours since 1970, a day of autumn 2026


def test_what_was_observed_is_the_weather_that_use_follows():
    weather = Weather(1)
    rows = list(observed(weather, NOW_H - 48, NOW_H))
    assert len(rows) == 48
    assert rows[0][0] == "2026-10-22T00:00:00+00:00"
    middle_s = (NOW_H - 48) * 3600 + 1800
    assert abs(rows[0][1] - weather.temperature_c(middle_s)) < 0.01
    assert max(row[2] for row in rows) < 1000
    assert min(row[2] for row in rows) == 0


def test_a_forecast_misses_by_more_the_further_ahead_and_is_told_once():
    weather = Weather(1)
    missed: dict[int, list[float]] = {0: [], 6: [], 13: []}
    for run in range(0, 400 * DAY_H, 5 * DAY_H):
        told = list(forecast(weather, NOW_H + run))
        was = list(observed(weather, NOW_H + run, NOW_H + run + AHEAD_H))
        for day, off in missed.items():
            hours = slice(day * DAY_H, (day + 1) * DAY_H)
            off.append(abs(fmean(row[1] for row in told[hours]) - fmean(r[1] for r in was[hours])))
    near, week, far = (fmean(off) for off in missed.values())
    assert near < 1.0 < week + 0.3
    assert near < week < far < 5
    assert list(forecast(weather, NOW_H)) == list(forecast(weather, NOW_H))


def test_what_came_of_a_round_is_said_plainly():
    some = Forecast(forecasts=40, fallbacks=0).in_words(61.4)
    assert some == "Forecasts of 40 series of use are in the app, after 61 s."
    doubtful = Forecast(forecasts=40, fallbacks=2).in_words(61.4)
    assert doubtful == f"{some} 2 of them only say “as a week ago”; the app says why."
    young = Forecast(forecasts=40, fallbacks=40).in_words(61.4)
    assert young.endswith("All of them only say “as a week ago”: there is too little history.")
    assert "No forecasts yet" in Forecast(forecasts=0, fallbacks=0).in_words(9)
