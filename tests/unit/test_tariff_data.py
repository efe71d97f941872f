# SPDX-License-Identifier: EUPL-1.2
"""The tariffs that ship with the program, and files that people write."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from cloud.kit.hypertable import ZONE
from cloud.kit.settings import ASSUMED_TARIFFS, CloudSettings
from cloud.tariffs import documents
from cloud.tariffs.models import Use
from cloud.tariffs.pricing import IntervalPricing, bill
from cloud.tariffs.rounding import rounded
from cloud.tariffs.timeline import Timeline


def test_what_is_assumed_ships_with_the_program_and_is_for_that_utility():
    for utility, tariff_id in CloudSettings().assumed_tariffs.items():
        assert documents.shipped()[tariff_id].utility == utility
    assert ASSUMED_TARIFFS.keys() == {"water", "electricity", "gas", "heat"}


def test_every_version_that_ships_names_its_source():
    for file in documents.shipped().values():
        for version in file.versions:
            assert version.sources, (file.tariff_id, version.valid_from)


def price_on(tariff_id: str, day: str, hour: int = 12) -> Decimal | None:
    """Return what a cubic metre or kilowatt-hour cost at an hour of a day, VAT included."""
    tariff = documents.shipped_tariff(tariff_id)
    assert tariff is not None
    amount = {"water": 1_000_000, "gas": 1000}.get(tariff.utility, 1000)
    timeline = Timeline(assignments=(), tariffs={}, assumed=tariff)
    first = date.fromisoformat(day)
    end = first.replace(day=first.day + 1)
    start = datetime.combine(first, time(hour), ZONE).astimezone(UTC)
    use = Use(start=start, end=start, amount=amount, quality=0)
    exact = IntervalPricing(tariff.utility, timeline.periods(first, end)).exact(use)
    return None if exact is None else rounded(exact, 3)


@pytest.mark.parametrize(
    ("day", "leva"),
    # Sources: sofiyskavoda.bg/ceni-na-vodata for 2021 and 2025, the regulator's announcements else
    [
        ("2021-06-01", "2.935"),
        ("2024-11-01", "3.52"),
        ("2025-06-01", "3.695"),
        ("2026-06-01", "4.12"),
    ],
)
def test_a_cubic_metre_of_water_costs_what_the_utility_publishes(day, leva):
    euro = price_on("sofiyska-voda-household", day)
    assert euro is not None
    assert abs(Fraction(euro) - Fraction(leva) / Fraction("1.95583")) < Fraction(3, 1000)


def test_the_utilitys_own_example_of_2025_in_euro():
    # Source: sofiyskavoda.bg/en/water-tariff: 1.889 EUR with VAT
    assert price_on("sofiyska-voda-household", "2025-06-01") == Decimal("1.889")


@pytest.mark.parametrize(
    ("day", "by_day", "by_night"),
    # Source: EWRC's decisions as named in the file; net sums plus 20 %, reckoned by hand
    [("2025-10-02", "0.150", "0.089"), ("2026-10-02", "0.154", "0.092")],
)
def test_a_kilowatt_hour_costs_less_by_night(day, by_day, by_night):
    assert price_on("electrohold-household", day) == Decimal(by_day)
    assert price_on("electrohold-household", day, hour=23) == Decimal(by_night)


def test_gas_says_what_its_price_leaves_out_so_that_no_bill_is_called_complete():
    tariff = documents.shipped_tariff("overgas-household")
    assert tariff is not None
    timeline = Timeline(assignments=(), tariffs={}, assumed=tariff)
    periods = timeline.periods(date(2026, 1, 1), date(2026, 2, 1))
    made = bill("gas", [], periods)
    assert not made.is_complete
    assert price_on("overgas-household", "2026-01-10") == Decimal("0.348")  # 9.303 kWh at 31.15/MWh


def test_heat_has_no_price_where_none_could_be_found():
    assert price_on("toplofikatsia-sofia-household", "2025-06-01") == Decimal("0.079")
    assert price_on("toplofikatsia-sofia-household", "2025-07-02") is None


GOOD = """
tariff_id = "own"
supplier_id = "works"
supplier = "The works"
utility = "water"
name = { bg = "Т", en = "T" }
[[versions]]
valid_from = 2026-01-01
[[versions.components]]
name = "supply"
title = { bg = "Т", en = "T" }
per = "m3"
price = 1.10
vat_percent = "20"
"""


def read(tmp_path: Path, text: str) -> Decimal:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    file = documents.read_file(path)
    return documents.tariff_of(file.tariff_id, file).versions[0].components[0].price


def test_a_price_in_a_file_is_read_exactly(tmp_path: Path):
    assert str(read(tmp_path, GOOD)) == "1.10"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"m3"', '"kwh"'),
        ("1.10", "-1"),
        ("1.10", "nan"),
        ('"20"', '"20"\nband = "night"'),
        ('"20"', '"20"\nup_to = "0"'),
        ('per = "m3"', 'per = "day"\nup_to = "3"'),
        ("2026-01-01", "2026-01-01\nvalid_to = 2026-01-01"),
        ("utility", "colour = 3\nutility"),
        ("[[versions]]", "[versions"),
        ('"water"', '"gas"\n'),
    ],
)
def test_a_file_that_says_what_can_not_be_is_refused_in_a_sentence(tmp_path: Path, old, new):
    text = GOOD.replace(old, new, 1)
    if old == '"water"':
        text = text.replace('"m3"', '"mwh"')  # energy of gas, without a conversion
    with pytest.raises(documents.UnreadableTariffError, match="is not a tariff"):
        read(tmp_path, text)


def test_a_tariff_is_stored_and_read_back_as_it_was():
    for file in documents.shipped().values():
        for version in file.versions:
            assert documents.stored(documents.content_of(version)) == version
