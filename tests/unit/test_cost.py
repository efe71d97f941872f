# SPDX-License-Identifier: EUPL-1.2
"""What a leak has cost: by the prices of the days on which it ran."""

from datetime import UTC, date, datetime

import pytest

from cloud.alerts.cost import cost_eur
from cloud.kit.prices import DatedPrice
from cloud.kit.settings import CloudSettings

PRICES = (
    DatedPrice(utility="water", since=date(2026, 1, 1), eur_per_unit=2),
    DatedPrice(utility="water", since=date(2025, 1, 1), eur_per_unit=1),
    DatedPrice(utility="electricity", since=date(2025, 1, 1), eur_per_unit=0.13),
)


def at(day: str) -> datetime:
    """Return the midnight of Sofia with which a winter's day begins."""
    return datetime.fromisoformat(f"{day}T00:00+02:00").astimezone(UTC)


def test_ten_cubic_metres_at_two_euro_are_twenty():
    assert cost_eur(PRICES, "water", 10_000, at("2026-02-01"), at("2026-02-03")) == 20


def test_a_leak_over_a_change_of_price_pays_each_day_its_own():
    assert cost_eur(PRICES, "water", 10_000, at("2025-12-30"), at("2026-01-01")) == 10
    assert cost_eur(PRICES, "water", 10_000, at("2025-12-31"), at("2026-01-02")) == 15


def test_days_before_the_first_price_count_at_it():
    assert cost_eur(PRICES, "water", 10_000, at("2024-01-01"), at("2024-02-01")) == 10


@pytest.mark.parametrize(("day", "euro"), [("2025-06-01", 1), ("2026-06-01", 2)])
def test_a_burst_told_in_its_first_second_has_the_price_of_its_day(day: str, euro: float):
    moment = datetime.fromisoformat(f"{day}T12:00+00:00")
    assert cost_eur(PRICES, "water", 1000, moment, moment) == euro


def test_a_kilowatt_hour_is_not_a_cubic_metre():
    assert cost_eur(PRICES, "electricity", 10_000, at("2026-02-01"), at("2026-02-02")) == 1.3


def test_what_has_no_price_costs_nobody_knows_what():
    assert cost_eur(PRICES, "gas", 10_000, at("2026-02-01"), at("2026-02-02")) is None


def test_an_operator_sets_prices_of_his_own(monkeypatch: pytest.MonkeyPatch):
    told = '[{"utility": "gas", "since": "2026-01-01", "eur_per_unit": 0.8}]'
    monkeypatch.setenv("CLOUD_PRICES", told)
    [price] = CloudSettings().prices
    assert (price.utility, price.eur_per_unit) == ("gas", 0.8)
