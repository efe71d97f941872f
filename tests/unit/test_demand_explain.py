# SPDX-License-Identifier: EUPL-1.2
"""What explains demand: the truth of made-up series is found, and useless weather gets no part."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from cloud.demand.series import DAY_H, Hours, Usage, Weather
from cloud.demand.studies.additive import TooLittleHistoryError, fit
from cloud.demand.studies.explain import BASE, REST, Explanation, explain
from cloud.demand.studies.students import t_quantile
from cloud.demand.studies.terms import CALENDAR, HOLIDAY, RAIN, SUPPLY_RAIN, TEMPERATURE
from tests.unit.demand_truths import HEATING_BELOW_C, a_heated_town

SOFIA = ZoneInfo("Europe/Sofia")


@pytest.fixture(scope="module")
def town() -> Explanation:
    usage, weather, _ = a_heated_town(days=560)
    return explain(usage, weather)


def test_parts_and_rest_add_up_to_what_was_used(town):
    usage, _, _ = a_heated_town(days=560)
    whole = np.sum(list(town.parts.values()), axis=0)
    known = ~np.isnan(whole)
    assert known.sum() > 550 * DAY_H
    assert whole[known] == pytest.approx(usage.amounts[0][known], rel=1e-9)


def test_shares_of_a_known_truth_are_found(town):
    usage, _, heating = a_heated_town(days=560)
    truth = heating.sum() / np.nansum(usage.amounts) * 100
    shares = town.mean_shares_pct()
    assert sum(shares.values()) == pytest.approx(100)
    assert shares[TEMPERATURE] == pytest.approx(truth, rel=0.1)
    assert town.reference_c > HEATING_BELOW_C - 3


def test_shares_of_variance_add_up_and_the_rest_is_the_noise(town):
    for by_day in (False, True):
        shares = town.variance_shares_pct(by_day=by_day)
        assert sum(shares.values()) == pytest.approx(100)
    use = sum(town.parts[name] for name in town.parts if name != BASE)
    noise = 3.0**2 / np.nanvar(use) * 100
    assert town.variance_shares_pct()[REST] == pytest.approx(noise, rel=0.15)


def test_a_holiday_takes_off_what_it_took_off(town):
    usage, weather, _ = a_heated_town(days=560)
    off = (weather.get("holiday") > 0) & (usage.hours.weekday < 5)
    assert np.nanmean(town.parts[HOLIDAY][off]) == pytest.approx(-15, abs=3)
    assert np.nanmax(np.abs(town.parts[HOLIDAY][~off])) < 1e-9


def test_rain_that_does_nothing_gets_no_part_and_is_said_not_to_help(town):
    worth = {one.group: one for one in town.worths}
    for name in (RAIN, SUPPLY_RAIN):
        assert not worth[name].helps
        assert not worth[name].kept
        assert name not in town.parts
    assert worth[TEMPERATURE].helps
    assert worth[CALENDAR].low_pct > 20


def test_rain_far_off_that_matters_is_found():
    usage, weather, _ = a_heated_town(days=560, supply_effect=12.0)
    found = explain(usage, weather)
    worth = {one.group: one for one in found.worths}
    assert worth[SUPPLY_RAIN].helps
    assert worth[SUPPLY_RAIN].kept
    assert not worth[RAIN].kept


def test_a_span_is_told_by_its_sums(town):
    week = town.of_span(100 * DAY_H, 107 * DAY_H)
    usage, _, _ = a_heated_town(days=560)
    assert sum(week.values()) == pytest.approx(usage.amounts[0, 100 * DAY_H : 107 * DAY_H].sum())


def test_gaps_in_use_and_weather_are_left_out():
    usage, weather, _ = a_heated_town(days=200)
    usage.amounts[0, 500:900] = np.nan
    weather.columns["temperature_c"][2000:2200] = np.nan
    found = explain(usage, weather)
    assert np.isnan(found.parts[REST][500:900]).all()
    assert np.isnan(found.parts[TEMPERATURE][2060:2140]).all()
    assert found.error_pct < 10


def test_without_any_weather_the_calendar_still_explains():
    usage, weather, _ = a_heated_town(days=200)
    bare = Weather(hours=weather.hours, columns={})
    assert {one.group for one in explain(usage, bare).worths} == {CALENDAR, "drift"}


def test_too_little_history_is_refused():
    usage, weather, _ = a_heated_town(days=30)
    with pytest.raises(TooLittleHistoryError, match="56 are needed"):
        explain(usage, weather)


def test_a_series_that_never_changes_is_refused():
    hours = Hours(start=datetime(2025, 1, 1, tzinfo=UTC), count=100 * DAY_H, zone=SOFIA)
    usage = Usage(series_ids=("a",), hours=hours, amounts=np.zeros((1, hours.count)))
    with pytest.raises(TooLittleHistoryError, match="same in every hour"):
        fit(usage, Weather(hours=hours, columns={}))


@pytest.mark.parametrize(("freedom", "exact"), [(5, 2.5706), (7, 2.3646), (23, 2.0687)])
def test_quantiles_of_students_t_are_those_of_the_tables(freedom, exact):
    assert t_quantile(0.975, freedom) == pytest.approx(exact, rel=0.01)
