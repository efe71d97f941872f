# SPDX-License-Identifier: EUPL-1.2
"""Days on which buildings stand still, weather beyond what was seen, and doubtful weather."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from cloud.demand.baselines.baseline import fit_baseline
from cloud.demand.baselines.feasts import FEASTS, easter, feasts, orthodox_easter
from cloud.demand.baselines.runs import run_baselines
from cloud.demand.series import DAY_H, Usage, Weather
from tests.unit.test_demand_baseline import YEAR_H, a_building, a_climate, hours_of

EPOCH = date(1970, 1, 1)


def number_of(day: str) -> int:
    return (date.fromisoformat(day) - EPOCH).days


@pytest.mark.parametrize(
    ("western", "orthodox"),
    [
        ("2015-04-05", "2015-04-12"),
        ("2016-03-27", "2016-05-01"),
        ("2017-04-16", "2017-04-16"),
        ("2024-03-31", "2024-05-05"),
        ("2026-04-05", "2026-04-12"),
        ("2038-04-25", "2038-04-25"),
    ],
)
def test_easter_is_found_by_both_calendars(western, orthodox):
    assert easter(int(western[:4])) == number_of(western)
    assert orthodox_easter(int(orthodox[:4])) == number_of(orthodox)


def test_feasts_are_working_days_only():
    days = ["2018-12-24", "2018-12-25", "2018-12-29", "2019-01-01", "2019-01-02", "2016-12-25"]
    told = feasts(np.array([number_of(day) for day in days]))
    assert told.shape == (6, len(FEASTS))
    christmas, turn = told[:, 0].tolist(), told[:, 1].tolist()
    assert christmas == [0, 1, 0, 1, 0, 0]
    assert turn == [1, 0, 0, 0, 0, 0]


def test_a_building_that_closes_about_the_new_year_is_expected_to_close_again():
    hours = hours_of(730)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    stills = feasts(hours.day)[:, :2].max(axis=1) > 0
    use[stills] *= 0.4
    known, later = hours.between(0, YEAR_H), hours.between(YEAR_H, 2 * YEAR_H)
    told = fit_baseline(use[:YEAR_H], known, weather).predict(weather, later).by_hour[:, 1]
    still = stills[YEAR_H:]
    without = a_building(hours, weather)[YEAR_H:]
    assert np.abs(told - use[YEAR_H:])[still].sum() < 0.4 * (without - use[YEAR_H:])[still].sum()


def test_a_harder_frost_than_ever_seen_never_needs_less():
    hours = hours_of(365)
    weather = a_climate(hours)
    baseline = fit_baseline(a_building(hours, weather), hours, weather)
    january = hours.between(7 * DAY_H, 14 * DAY_H)
    sums = []
    for colder_c in (0, 5, 10, 20, 30):
        told = {"temperature_c": weather.columns["temperature_c"] - colder_c}
        sums.append(baseline.predict(Weather(hours=hours, columns=told), january).by_hour[:, 1])
    sums = [one.sum() for one in sums]
    assert sums == sorted(sums)
    assert sums[-1] - sums[-2] == pytest.approx(0.5 * 10 * january.count, rel=0.15)


def test_temperatures_in_fahrenheit_are_doubted():
    hours = hours_of(365)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    wrong = Weather(
        hours=hours, columns={"temperature_c": weather.columns["temperature_c"] * 1.8 + 32}
    )
    baseline = fit_baseline(use, hours, weather)
    assert "are they in °F" in fit_baseline(use, hours, wrong).facts.warnings[0]
    assert baseline.predict(weather, hours).warnings == ()
    assert any("in °F" in one for one in baseline.predict(wrong, hours).warnings)
    july = hours.between(190 * DAY_H, 200 * DAY_H)
    told = baseline.predict(wrong, july)
    assert np.isfinite(told.by_hour).all()


def test_a_history_of_summer_warns_of_winter_and_of_weather_that_is_unknown():
    hours = hours_of(365)
    weather = a_climate(hours)
    usage = Usage(series_ids=("a",), hours=hours, amounts=a_building(hours, weather)[None])
    october = datetime(2023, 10, 1, tzinfo=UTC)
    since = datetime(2023, 6, 1, tzinfo=UTC)
    told = run_baselines(usage, weather, start=october, train_from=since).baselines[0].facts
    assert any("are colder or warmer than any in the history" in one for one in told.warnings)
    short = weather.between(0, hours.index(october) + 9 * DAY_H)
    told = run_baselines(usage, short, start=october, train_from=since).baselines[0].facts
    assert any("No temperature is known for" in one for one in told.warnings)


@pytest.mark.parametrize("kind", ["constant", "steps", "spikes", "gaps", "negative", "one hour"])
def test_odd_meters_get_finite_ranges_that_never_cross(kind):
    hours = hours_of(500)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    if kind == "constant":
        use = np.full(hours.count, 3.0)
    elif kind == "steps":
        use = (use // 10) * 10
    elif kind == "spikes":
        use[::500] *= 40
    elif kind == "gaps":
        use[40 * DAY_H : 160 * DAY_H] = np.nan
        use[200 * DAY_H : 290 * DAY_H] = np.nan
    elif kind == "negative":
        use -= 12
    else:
        use[np.arange(hours.count) != 5000] = np.nan
    known, later = hours.between(0, YEAR_H), hours.between(YEAR_H, hours.count)
    told = fit_baseline(use[:YEAR_H], known, weather).predict(weather, later)
    for quantiles in (told.by_hour, told.by_day):
        assert np.isfinite(quantiles).all()
        assert (np.diff(quantiles, axis=1) >= 0).all()


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_a_meter_changes_nothing(unit):
    hours = hours_of(365)
    weather = a_climate(hours)
    use = a_building(hours, weather)
    use[100 * DAY_H : 102 * DAY_H] = 0
    one, other = (fit_baseline(told, hours, weather) for told in (use, use * unit))
    assert one.facts.removed == other.facts.removed == {"zeros": 48}
    told, scaled = (fitted.predict(weather, hours).by_hour for fitted in (one, other))
    np.testing.assert_allclose(scaled / unit, told, rtol=1e-3)
