# SPDX-License-Identifier: EUPL-1.2
"""The rules, one module each, found by looking into this folder: a new file is a new rule.

A module's docstring is its documentation: what it finds, its method, ``Source:`` and ``Limits:``.
Its ``RULE`` says what it looks at; whatever it has no function for, it does not see.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from cloud.validation.finding import Finding
from cloud.validation.screening import Screened
from cloud.validation.series import RegisterSeries, UsageSeries

OnRegisters = Callable[[RegisterSeries, Screened], Iterable[Finding]]
OnUsage = Callable[[UsageSeries], Iterable[Finding]]
OnBuilding = Callable[[Sequence[UsageSeries]], Iterable[Finding]]
KINDS = ("registers", "intervals", "derived", "history", "building")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a rule looks at.

    ``registers``: the registers of one meter, and what screening says of each. ``intervals``: usage
    that came as such, repeats included. ``derived``: hourly usage worked out from registers.
    ``history``: usage of either origin. ``building``: the usage of all meters of a building.
    Usage shorter than ``needs_days`` tells it nothing.

    ``is_local``: what it finds in registers follows from how the readings around were screened, so
    that it is told as soon as they come in.
    """

    name: str
    registers: OnRegisters | None = None
    intervals: OnUsage | None = None
    derived: OnUsage | None = None
    history: OnUsage | None = None
    building: OnBuilding | None = None
    needs_days: int = 0
    is_local: bool = False


@cache
def discover() -> dict[str, Rule]:
    """Return every rule by its name, which is its module's."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}").RULE for name in sorted(names)}


def documentation() -> str:
    """Return what there is to know of every rule, as Markdown."""
    pages = [
        "# The rules of validation",
        "",
        "Made from the rules' docstrings by `iskar-cloud rules`.",
    ]
    for name in discover():
        text = importlib.import_module(f"{__name__}.{name}").__doc__ or ""
        pages += ["", f"## {name}", "", text.strip()]
    return "\n".join(pages) + "\n"
