# SPDX-License-Identifier: EUPL-1.2
"""The letter that warns of a month that will probably pass its budget."""

from decimal import Decimal

from cloud.alerts.letters import BG, LANGUAGES
from cloud.premises.models import Premises
from cloud.savings.models import EURO, Warned

UTILITIES = {
    "water": ("водата", "water"),
    "electricity": ("токът", "electricity"),
    "gas": ("газът", "gas"),
    "heat": ("топлинната енергия", "heat"),
}
OVER = (
    "{name}: {what} вероятно ще мине бюджета този месец",
    "{name}: {what} will probably pass its budget this month",
)
PASSED = (
    "{name}: {what} вече мина бюджета за месеца",
    "{name}: {what} has passed its budget for the month",
)
BUDGET = ("Бюджет: {limit}. Дотук: {so_far}.", "Budget: {limit}. So far: {so_far}.")
EXPECTED = (
    "Очаквано в края на месеца: {middle}; 9 от 10 пъти между {low} и {high}.",
    "Expected by the month's end: {middle}; 9 times of 10 between {low} and {high}.",
)
LEFT = (
    ("Остава {n} ден.", "Остават {n} дни."),
    ("{n} day is left.", "{n} days are left."),
)
LAST = ("Днес е последният ден.", "Today is the last day.")
SEE = ("Виж какво можеш да направиш", "See what you can do")
# What a reading type's unit is in people's, with so many decimals.
UNITS = {
    "ml": (1_000_000, 1, ("м³", "m³")),
    "l": (1000, 1, ("м³", "m³")),
    "Wh": (1000, 0, ("kWh", "kWh")),
}


def lines(warned: Warned, utility: str, building: Premises, language: str) -> list[str]:
    """Return what there is to know, a line each; the first says what happens."""
    say = LANGUAGES[language]
    name = (building.name_bg, building.name_en)[say]
    head = (PASSED if warned.is_passed else OVER)[say]
    left = LEFT[say][warned.days_left != 1].format(n=warned.days_left)
    limit, so_far = (amount(one, warned.unit, say) for one in (warned.budget, warned.so_far))
    told = [
        head.format(name=name, what=UTILITIES[utility][say]),
        BUDGET[say].format(limit=limit, so_far=so_far),
    ]
    if warned.low is not None and warned.middle is not None and warned.high is not None:
        ends = {"low": warned.low, "middle": warned.middle, "high": warned.high}
        told.append(
            EXPECTED[say].format(
                **{field: amount(end, warned.unit, say) for field, end in ends.items()}
            )
        )
    return [*told, left if warned.days_left else LAST[say]]


def amount(figure: Decimal, unit: str, say: int) -> str:
    """Return a figure in euro or in people's units, with a decimal comma in Bulgarian."""
    if unit == EURO:
        written = f"{figure:.2f} €" if say == BG else f"€{figure:.2f}"
    else:
        per, decimals, names = UNITS[unit]
        written = f"{figure / per:.{decimals}f} {names[say]}"
    return written.replace(".", ",") if say == BG else written
