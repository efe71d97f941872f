# SPDX-License-Identifier: EUPL-1.2
"""Figures as a paper shows them: in the reader's language, in the unit that bills are in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from cloud.kit.hypertable import ZONE
from cloud.papers.words import MONTHS, QUALITIES, UTILITIES, Language
from wire import quality

NOTHING = "—"  # what is not known is never shown as zero
NARROW = "\u202f"
FIXED = "\u00a0"
DIAL_DIGITS = 5
_PER = {"ml": (Decimal(1_000_000), "m³"), "l": (Decimal(1000), "m³"), "Wh": (Decimal(1000), "kWh")}
MINUS = "\u2212"


@dataclass(frozen=True, kw_only=True)
class Dial:
    """A register as the meter's face shows it: whole units, and thousandths of one, cut."""

    whole: str
    fraction: str
    unit: str


def bill_unit(unit: str) -> tuple[Decimal, str]:
    """Return how many of a reading type's units are one on a bill, and what that is called."""
    return _PER[unit]


def written(unit: str, language: Language) -> str:
    """Return how a unit of bills is written."""
    return "м³" if unit == "m³" and language == "bg" else unit


def dial(register: int | None, unit: str, language: Language) -> Dial:
    """Return what the dial shows; never rounded up, for a dial isn't."""
    per, name = _PER[unit]
    name = written(name, language)
    if register is None:
        return Dial(whole=NOTHING, fraction="", unit=name)
    shown = (Decimal(register) / per).quantize(Decimal("0.001"), ROUND_FLOOR)
    whole, fraction = f"{shown:.3f}".split(".")
    return Dial(whole=whole.zfill(DIAL_DIGITS), fraction=fraction, unit=name)


def number(amount: Decimal | float, decimals: int, language: Language) -> str:
    """Return a number with so many decimals, thousands apart."""
    exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(exact):,.{decimals}f}"
    if language == "bg":
        text = text.replace(",", NARROW).replace(".", ",")
    return f"{MINUS if exact < 0 else ''}{text}"


def quantity(amount: int | None, unit: str, language: Language, decimals: int = 2) -> str:
    """Return an amount of a reading type's unit as on a bill; a dash where nobody knows."""
    if amount is None:
        return NOTHING
    per, name = _PER[unit]
    return f"{number(Decimal(amount) / per, decimals, language)}{FIXED}{written(name, language)}"


def comma(language: Language) -> str:
    """Return what stands between a number and its decimals."""
    return "," if language == "bg" else "."


def euro(amount: Decimal | None, language: Language) -> str:
    """Return an amount to the cent; a dash where nobody knows."""
    if amount is None:
        return NOTHING
    shown = number(amount, 2, language)
    return f"{shown}{FIXED}€" if language == "bg" else f"€{shown}"


def day(one: date, language: Language) -> str:
    """Return a day in numbers."""
    return (
        f"{one:%d.%m.%Y}{FIXED}г."
        if language == "bg"
        else f"{one.day} {_month(one, 'en')[:3]} {one.year}"
    )


def moment(at: datetime, language: Language) -> str:
    """Return a local day and time; with its offset where the hour comes twice."""
    local = at.astimezone(ZONE)
    is_twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    offset = f" ({local:%z})" if is_twice else ""
    return f"{day(local.date(), language)}, {local:%H:%M}{offset}"


def month(first: date, language: Language) -> str:
    """Return a month and its year."""
    suffix = f"{FIXED}г." if language == "bg" else ""
    return f"{_month(first, language)} {first.year}{suffix}"


def _month(one: date, language: Language) -> str:
    return MONTHS[language][one.month - 1]


def days(known: Sequence[date]) -> str:
    """Return days of one month in words, those in a row as a range: "3, 5–7"."""
    runs: list[list[date]] = []
    for one in sorted(known):
        if runs and one - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(one)
        else:
            runs.append([one])
    parts = [str(run[0].day) if len(run) == 1 else f"{run[0].day}–{run[-1].day}" for run in runs]
    return ", ".join(parts)


def qualities(bits: int, language: Language) -> str:
    """Return why a figure isn't plain good, or that it is."""
    return ", ".join(QUALITIES[language][one] for one in quality.names(bits) or ["good"])


def utility(name: str, language: Language) -> str:
    """Return a utility's name."""
    return UTILITIES[language][name]
