# SPDX-License-Identifier: EUPL-1.2
"""Expected bills by a stored forecast: its days as it tells them, past use for the rest."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest

from cloud.demand.bills.expected import Expected, expected, total
from cloud.demand.issued.points import PointForecast
from cloud.tariffs.pricing import midnight
from tests.unit.test_expected_bill import END, FIRST, M3, a_course, a_home, at_noon

TODAY = date(2026, 10, 5)


def a_forecast(
    day_amount: float, *, hours: int = 336, start: datetime | None = None, wide: float = 0.2
) -> PointForecast:
    """Return a forecast of even hours, its hours' ranges twice as wide as its days'."""
    hourly = day_amount / 24
    days = hours // 24
    return PointForecast(
        start=start or midnight(TODAY),
        quantiles=np.tile(hourly * np.array([1 - 2 * wide, 1.0, 1 + 2 * wide]), (hours, 1)),
        first_day=TODAY,
        sums=np.tile(day_amount * np.array([1 - wide, 1.0, 1 + wide]), (days, 1)),
    )


def of(forecast: PointForecast | None, *, hours_today: int = 0) -> Expected:
    course = a_course(lambda _: M3, TODAY, hours_today=hours_today)
    return expected(course, at_noon(TODAY), FIRST, END, forecast)


def test_days_of_a_forecast_are_as_it_tells_and_the_rest_as_past_days_were() -> None:
    found = of(a_forecast(2 * M3))
    # four days that are known, fourteen of the forecast, thirteen as before
    assert found.middle is not None
    assert found.middle.usage == (4 + 14 * 2 + 13) * M3
    assert not found.is_fallback
    assert of(None).is_fallback
    assert found.low is not None
    assert found.high is not None
    # the days' own ranges, taken to go together; those of even days are nothing
    assert found.low.usage == pytest.approx((4 + 14 * 1.6 + 13) * M3, rel=1e-4)
    assert found.high.usage == pytest.approx((4 + 14 * 2.4 + 13) * M3, rel=1e-4)


def test_without_ranges_of_days_those_of_the_hours_hold_the_sum() -> None:
    found = of(replace(a_forecast(2 * M3), sums=None, first_day=None))
    assert found.high is not None
    assert found.high.usage == pytest.approx((4 + 14 * 2.8 + 13) * M3, rel=1e-4)


def test_what_today_has_used_is_not_forecast_again() -> None:
    even = of(a_forecast(M3), hours_today=10)
    assert even.middle is not None
    assert even.middle.usage == pytest.approx(31 * M3, rel=1e-3)


def test_hours_before_a_forecast_begins_are_as_on_other_days() -> None:
    late = midnight(TODAY) + timedelta(hours=6)
    found = of(a_forecast(2 * M3, start=late))
    assert found.middle is not None
    # 14 days of it, from six o'clock to six o'clock
    assert found.middle.usage == pytest.approx((4 + 14 * 2 + 13) * M3, rel=1e-3)


@pytest.mark.parametrize("start", [date(2026, 9, 1), date(2026, 11, 2)])
def test_a_forecast_that_covers_none_of_the_days_is_none(start: date) -> None:
    found = of(a_forecast(2 * M3, start=midnight(start)))
    assert found.is_fallback
    assert found.middle == of(None).middle


def test_supplies_by_forecasts_add_up_in_order_also_beside_one_without() -> None:
    used = a_home(1, 800)
    last = (END - date(1970, 1, 1)).days
    course = a_course(lambda day: int(used[(day - date(1970, 1, 1)).days - last]), TODAY)
    level = float(used[-60:].mean())
    found = [
        expected(course, at_noon(TODAY), FIRST, END, forecast)
        for forecast in (a_forecast(level), None)
    ]
    whole = total(found)
    assert whole is not None
    assert whole.low_eur < whole.middle_eur < whole.high_eur
    apart = [one.high.total_eur - one.low.total_eur for one in found if one.high and one.low]
    assert whole.high_eur - whole.low_eur <= sum(apart)
