# SPDX-License-Identifier: EUPL-1.2
"""How a month will end beside its budget, and what is worth doing, by what it is worth."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.demand.baselines.savings import Total
from cloud.demand.bills.expected import expected
from cloud.kit.hypertable import ZONE
from cloud.savings import actions
from cloud.savings.actions import ranked
from cloud.savings.kinds import State
from cloud.savings.letters import amount, lines
from cloud.savings.models import Budget, Warned
from cloud.savings.nights import Standing
from cloud.savings.outlook import Outlook, outlook, state_of
from cloud.savings.years import Compared
from tests.savings_builders import an_alert, some_premises
from tests.unit.test_expected_bill import END, FIRST, M3, PLAIN, a_course

TODAY = date(2026, 10, 21)
DAY = timedelta(days=1)
NOW = datetime(2026, 10, 21, 8, tzinfo=ZONE).astimezone(UTC)


def a_budget(euro: str | None = "100.00", amount: int | None = None) -> Budget:
    return Budget(
        budget_id=1,
        owner="user:1",
        premises_id="p-one",
        utility="water",
        euro=None if euro is None else Decimal(euro),
        amount=amount,
        changed_at=NOW,
    )


def an_outlook(budget: Budget, *, per_day: int = M3, version: object = PLAIN) -> Outlook:
    """Return October beside a budget: a cubic metre a day, 2.40 euro each and 1.20 a month."""
    course = a_course(lambda _: per_day, TODAY, version=version)
    found = expected(course, NOW, FIRST, END)
    return outlook(budget, [found], TODAY, END)


def test_a_month_that_will_cost_less_than_its_budget_keeps_to_it():
    found = an_outlook(a_budget("80.00"))  # 31 days are 75.60
    assert (found.state, found.is_worth_a_warning) == (State.UNDER, False)
    assert found.so_far == Decimal("49.20")  # 20 days
    assert found.days_left == 10
    assert found.middle is not None
    assert abs(found.middle - Decimal("75.60")) < 1


def test_a_month_that_will_probably_cost_more_is_told_before_it_does():
    found = an_outlook(a_budget("70.00"))
    assert (found.state, found.is_worth_a_warning) == (State.OVER, True)


def test_a_month_that_has_cost_more_says_so():
    assert an_outlook(a_budget("49.00")).state is State.PASSED


def test_a_budget_in_units_is_held_beside_what_is_used():
    found = an_outlook(a_budget(None, 25 * M3))
    assert (found.unit, found.so_far, found.state) == ("ml", 20 * M3, State.OVER)
    assert an_outlook(a_budget(None, 40 * M3)).state is State.UNDER


def test_without_a_price_nobody_knows_and_nobody_is_warned():
    found = an_outlook(a_budget("1.00"), version=None)
    assert (found.state, found.so_far, found.reason) == (State.UNKNOWN, None, "no_price")
    assert not found.is_worth_a_warning


def test_a_utility_without_a_meter_by_now_is_unknown():
    assert outlook(a_budget(), [], TODAY, END).state is State.UNKNOWN


MONEY = st.decimals(min_value=0, max_value=1000, places=2)


@given(MONEY, MONEY, MONEY, MONEY)
def test_a_higher_budget_never_looks_worse(limit: Decimal, more: Decimal, a: Decimal, b: Decimal):
    order = [State.UNDER, State.NEAR, State.OVER, State.PASSED]
    so_far, middle, high = sorted((a, b, a + b))
    lower = order.index(state_of(limit, so_far, middle, high))
    assert order.index(state_of(limit + more, so_far, middle, high)) <= lower


def a_standing(per_h: float | None) -> Standing:
    return Standing(first_day=TODAY - 28 * DAY, end_day=TODAY, per_h=per_h, coverage=1.0, nights=28)


POINT = a_course(lambda _: 1, TODAY).point


@pytest.mark.parametrize(
    ("now", "best", "euro"),
    [(150, 100, "40.00"), (150, 0, "120.00"), (110, 100, None), (90, 100, None), (150, None, None)],
)
def test_what_rose_at_night_is_worth_what_it_rose_by(
    now: float, best: float | None, euro: str | None
):
    found = actions.of_standing(POINT, a_standing(now), a_standing(best), Decimal("120.00"))
    assert (found.euro if found else None) == (Decimal(euro) if euro else None)


def test_a_rise_at_night_that_costs_little_is_not_worth_an_evening():
    assert actions.of_standing(POINT, a_standing(150), a_standing(100), Decimal("12.00")) is None
    assert actions.of_standing(POINT, a_standing(150), a_standing(100), None) is None


def _years(low: float, high: float) -> Compared:
    middle = (low + high) / 2
    rest = Total(low=low, middle=middle, high=high)
    return Compared(before=1000 - middle, now=1000, by_weather=None, by_rest=rest)


def test_a_rise_counts_only_where_it_is_sure():
    sure = actions.of_years(POINT, _years(50, 150), FIRST, END, Decimal(500))
    assert sure is not None
    assert (sure.euro, sure.amount, sure.usual) == (Decimal("50.00"), 1000, 900)
    assert actions.of_years(POINT, _years(-10, 150), FIRST, END, Decimal(500)) is None
    assert actions.of_years(POINT, _years(-150, -50), FIRST, END, Decimal(500)) is None


def test_a_leak_is_worth_a_year_of_what_it_cost_so_far():
    found = actions.of_alert(an_alert(cost_eur=2.0, ran=2 * DAY))
    assert (found.kind, found.euro, found.unit, found.amount) == (
        "leak",
        Decimal("365.00"),
        "l/h",
        48,
    )


def test_a_silent_meter_is_worth_nobody_knows_what():
    found = actions.of_alert(an_alert(kind="missing", cost_eur=None, ran=2 * DAY))
    assert (found.kind, found.euro) == ("silent", None)


def test_what_is_worth_most_comes_first_and_what_nobody_knows_last():
    known = [actions.of_alert(an_alert(cost_eur=one, ran=DAY)) for one in (1.0, 3.0, None, 2.0)]
    assert [one.euro for one in ranked(known)] == [
        Decimal("1095.00"),
        Decimal("730.00"),
        Decimal("365.00"),
        None,
    ]
    assert ranked([]) == []


def a_warning(**changes: object) -> Warned:
    fields = {
        "budget_id": 1,
        "month": FIRST,
        "subscription_key": "k",
        "unit": "EUR",
        "budget": Decimal("70.00"),
        "so_far": Decimal("49.20"),
        "low": Decimal("71.00"),
        "middle": Decimal("75.60"),
        "high": Decimal("80.20"),
        "days_left": 10,
        "is_passed": False,
        **changes,
    }
    return Warned(**fields)  # type: ignore[arg-type]


def test_a_letter_tells_the_range_and_the_days_that_are_left():
    assert lines(a_warning(), "water", some_premises(), "bg") == [
        "Сграда: водата вероятно ще мине бюджета този месец",
        "Бюджет: 70,00 €. Дотук: 49,20 €.",
        "Очаквано в края на месеца: 75,60 €; 9 от 10 пъти между 71,00 € и 80,20 €.",
        "Остават 10 дни.",
    ]
    assert lines(a_warning(days_left=1), "water", some_premises(), "en")[3] == "1 day is left."


def test_a_letter_tells_no_range_where_none_is_known():
    told = lines(a_warning(low=None, is_passed=True), "gas", some_premises(), "en")
    assert told == [
        "House: gas has passed its budget for the month",
        "Budget: €70.00. So far: €49.20.",
        "10 days are left.",
    ]


def test_amounts_are_told_in_peoples_units():
    assert amount(Decimal(12_500_000), "ml", 0) == "12,5 м³"
    assert amount(Decimal(230_400), "Wh", 1) == "230 kWh"
