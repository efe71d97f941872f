# SPDX-License-Identifier: EUPL-1.2
"""Tariffs for tests: easy numbers, valid unless told otherwise."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from cloud.readings.usage import boundaries
from cloud.tariffs.models import Component, Period, Use, Version, Window

SOFIA = ZoneInfo("Europe/Sofia")
NIGHT = (
    Window(band="night", months=frozenset(range(4, 11)), from_hour=23, to_hour=7),
    Window(band="night", months=frozenset({1, 2, 3, 11, 12}), from_hour=22, to_hour=6),
)


def midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), SOFIA).astimezone(UTC)


def a_component(name: str = "supply", **changes: Any) -> Component:
    """Return two euro a cubic metre, and 20 % VAT."""
    fields = {
        "name": name,
        "title_bg": "Доставяне",
        "title_en": "Supply",
        "per": "m3",
        "price": Decimal(2),
        "vat_percent": Decimal(20),
        **changes,
    }
    return Component(**fields)


def a_version(*components: Component, **changes: Any) -> Version:
    fields = {
        "version_id": 1,
        "tariff_id": "t-one",
        "valid_from": date(2020, 1, 1),
        "valid_to": None,
        "currency": "EUR",
        "components": components or (a_component(),),
        **changes,
    }
    return Version(**fields)


def day_and_night(day: str = "0.20", night: str = "0.10", **changes: Any) -> Version:
    return a_version(
        a_component("day", per="kwh", price=Decimal(day), band="day"),
        a_component("night", per="kwh", price=Decimal(night), band="night"),
        windows=NIGHT,
        other_band="day",
        **changes,
    )


def a_period(first: str, end: str, version: Version | None, **changes: Any) -> Period:
    return Period(
        first=date.fromisoformat(first), end=date.fromisoformat(end), version=version, **changes
    )


def uses(
    first: str, end: str, amount: int | None, *, resolution: str = "day", quality: int = 0
) -> list[Use]:
    """Return the same use in each day, or hour, of the local days [first, end)."""
    cuts = boundaries(resolution, date.fromisoformat(first), date.fromisoformat(end), SOFIA)
    found: list[Use] = []
    month, before = None, 0
    for start, stop in pairwise(cuts):
        local = start.astimezone(SOFIA)
        if (local.year, local.month) != month:
            month, before = (local.year, local.month), 0
        found.append(Use(start=start, end=stop, amount=amount, quality=quality, before=before))
        before += amount or 0
    return found


def a_tariff_body(**changes: Any) -> dict[str, Any]:
    """Return what PUT /tariffs/{tariff_id} takes: water at two euro, and one euro a month."""
    component = {"name": "supply", "title": {"bg": "Вода", "en": "Water"}, "vat_percent": "20"}
    return {
        "supplier_id": "water-works",
        "utility": "water",
        "name": {"bg": "Вода", "en": "Water"},
        "versions": [
            {
                "valid_from": "2024-01-01",
                "components": [
                    {**component, "per": "m3", "price": "2"},
                    {**component, "name": "standing", "per": "month", "price": "1"},
                ],
            }
        ],
        **changes,
    }
