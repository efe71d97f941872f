# SPDX-License-Identifier: EUPL-1.2
"""Which prices apply when, and what a leak costs by them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cloud.tariffs.losses import Loss, cost_of
from cloud.tariffs.models import Assignment, Tariff, Version
from cloud.tariffs.timeline import Timeline
from tests.tariffs import a_component, a_version, day_and_night, midnight

NOON = datetime(2026, 7, 15, 9, tzinfo=UTC)


def a_tariff(*versions: Version, tariff_id: str = "t-one", utility: str = "water") -> Tariff:
    return Tariff(
        tariff_id=tariff_id,
        supplier_id="s",
        utility=utility,
        name_bg="Т",
        name_en="T",
        versions=versions,
    )


def at_price(price: str, since: str, until: str | None = None) -> Version:
    return a_version(
        a_component(price=Decimal(price), vat_percent=Decimal(0)),
        valid_from=date.fromisoformat(since),
        valid_to=None if until is None else date.fromisoformat(until),
    )


def assigned(tariff_id: str | None, since: str) -> Assignment:
    return Assignment(
        service_point_id="sp-one",
        tariff_id=tariff_id,
        since=date.fromisoformat(since),
        assigned_by="person:a@b.bg",
        assigned_at=NOON,
    )


def a_timeline(*versions: Version, **changes) -> Timeline:
    fields = {"assignments": (), "tariffs": {}, "assumed": a_tariff(*versions), **changes}
    return Timeline(**fields)


def spans(timeline: Timeline, first: str, end: str) -> list[tuple[str, Decimal | None, bool]]:
    """Return when each period begins, at which price, and whether that is assumed."""
    periods = timeline.periods(date.fromisoformat(first), date.fromisoformat(end))
    assert [one.end for one in periods[:-1]] == [one.first for one in periods[1:]]
    assert (str(periods[0].first), str(periods[-1].end)) == (first, end)
    return [
        (
            str(one.first),
            one.version.components[0].price if one.version else None,
            one.is_assumed,
        )
        for one in periods
    ]


def test_a_version_lasts_until_the_next_one():
    timeline = a_timeline(at_price("1", "2025-01-01"), at_price("2", "2026-01-01"))
    assert spans(timeline, "2025-12-30", "2026-01-03") == [
        ("2025-12-30", 1, True),
        ("2026-01-01", 2, True),
    ]


def test_before_the_first_and_after_the_end_of_the_last_there_is_no_price():
    timeline = a_timeline(at_price("1", "2025-01-01", until="2025-07-01"))
    assert spans(timeline, "2024-12-01", "2025-08-01") == [
        ("2024-12-01", None, True),
        ("2025-01-01", 1, True),
        ("2025-07-01", None, True),
    ]


def test_an_assignment_goes_before_what_is_assumed_until_the_next_one():
    timeline = a_timeline(
        at_price("1", "2020-01-01"),
        tariffs={"own": a_tariff(at_price("7", "2020-01-01"), tariff_id="own")},
        assignments=[assigned("own", "2026-02-01"), assigned(None, "2026-03-01")],
    )
    assert spans(timeline, "2026-01-01", "2026-04-01") == [
        ("2026-01-01", 1, True),
        ("2026-02-01", 7, False),
        ("2026-03-01", None, False),
    ]


def test_a_meter_of_another_size_begins_a_period_where_the_size_matters():
    sized = a_version(a_component("standing", per="day", q3_to_l_per_h=4000))
    sizes = [(date(2025, 1, 1), 2500), (date(2026, 2, 1), 6300)]
    found = a_timeline(sized, sizes=sizes).periods(date(2026, 1, 1), date(2026, 3, 1))
    assert [(str(one.first), one.q3_l_per_h) for one in found] == [
        ("2026-01-01", 2500),
        ("2026-02-01", 6300),
    ]
    assert (
        len(a_timeline(a_version(), sizes=sizes).periods(date(2026, 1, 1), date(2026, 3, 1))) == 1
    )


def a_loss(amount: int, since: datetime, until: datetime, utility: str = "water") -> Loss:
    return Loss(
        service_point_id="sp-one", utility=utility, amount=amount, started_at=since, until=until
    )


TWO_PRICES = a_timeline(at_price("1", "2025-01-01"), at_price("2", "2026-01-01"))


@pytest.mark.parametrize(
    ("since", "until", "euro"),
    [
        ("2026-02-01", "2026-02-03", 20),
        ("2025-12-31", "2026-01-02", 15),  # each day pays its own price
        ("2025-12-12", "2026-01-21", 15),  # also by the day
        ("2024-01-01", "2024-02-01", 10),  # before the first price, by it
    ],
)
def test_ten_cubic_metres_cost_by_the_prices_of_their_days(since, until, euro):
    assert cost_of(a_loss(10_000, midnight(since), midnight(until)), TWO_PRICES) == euro


@pytest.mark.parametrize(("day", "euro"), [("2025-06-01", 1), ("2026-06-01", 2)])
def test_a_burst_told_in_its_first_second_has_the_price_of_its_day(day: str, euro: int):
    moment = datetime.fromisoformat(f"{day}T12:00+00:00")
    assert cost_of(a_loss(1000, moment, moment), TWO_PRICES) == euro


def test_after_the_last_known_price_it_still_tells_the_order_of_magnitude():
    ended = a_timeline(at_price("3", "2025-01-01", until="2025-07-01"))
    assert cost_of(a_loss(1000, NOON, NOON + timedelta(days=3)), ended) == 3


def test_a_loss_pays_no_standing_charge_but_vat():
    standing = a_component("standing", per="month", price=Decimal(50))
    timeline = a_timeline(a_version(a_component(), standing))
    assert cost_of(a_loss(10_000, NOON, NOON + timedelta(days=9)), timeline) == 24


def test_what_runs_by_night_is_cheaper_than_by_day():
    timeline = a_timeline(day_and_night(), assumed=a_tariff(day_and_night(), utility="electricity"))
    by_day = a_loss(10_000, NOON, NOON + timedelta(hours=2), "electricity")
    by_night = a_loss(10_000, NOON - timedelta(hours=9), NOON - timedelta(hours=7), "electricity")
    assert (cost_of(by_day, timeline), cost_of(by_night, timeline)) == (
        Decimal("2.40"),
        Decimal("1.20"),
    )


def test_what_runs_for_weeks_meets_day_and_night_as_long_as_they_last():
    timeline = a_timeline(day_and_night(), assumed=a_tariff(day_and_night(), utility="electricity"))
    for since, until in (("2026-07-01", "2026-07-31"), ("2026-10-15", "2026-11-10")):
        loss = a_loss(24_000, midnight(since), midnight(until), "electricity")
        cost = cost_of(loss, timeline)
        assert cost is not None
        assert abs(cost - Decimal("4.80")) <= Decimal("0.02")  # 16 h of day, 8 of night


def test_without_any_tariff_nobody_knows_what_it_costs():
    loss = a_loss(10_000, NOON, NOON + timedelta(days=1))
    assert cost_of(loss, a_timeline(assumed=None)) is None
    assert (
        cost_of(
            loss,
            a_timeline(at_price("1", "2020-01-01"), assignments=[assigned(None, "2020-01-01")]),
        )
        is None
    )
