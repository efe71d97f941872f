# SPDX-License-Identifier: EUPL-1.2
"""The rules, one module each, found by looking into this folder: a new file is a new rule.

A module's ``RULE`` is a class whose objects watch one meter each. Its attributes are numbers,
strings, lists of them, or tables, for they are its whole memory and survive restarts as JSON.
"""

import importlib
import pkgutil
from typing import Any, ClassVar, Protocol, runtime_checkable

from edge_gateway.leaks.stretch import Meter
from edge_gateway.leaks.verdict import Raised, Verdict

STRETCHES = "stretches"
QUARTERS = "quarters"
HOURS = "hours"
BALANCES = "balances"


class Rule(Protocol):
    """Watches one meter, in constant time and memory for each reading."""

    kind: ClassVar[str]
    group: ClassVar[str]  # of findings: leak, burst or meter; see ``fusion``
    looks_at: ClassVar[str]  # STRETCHES, QUARTERS, HOURS or BALANCES
    utilities: ClassVar[frozenset[str]]

    # What it is shown is a Stretch, a Slot or a Balanced, by ``looks_at``.
    def look(self, seen: Any, meter: Meter, /) -> Verdict | None:
        """Take note of what passed; answer if that changes anything."""

    def volume(self) -> int:
        """Return what has been lost since the finding that is open began, as far as can be told."""


@runtime_checkable
class ListensForSilence(Rule, Protocol):
    """A rule that is also asked about meters of which nothing is heard."""

    def due_s(self, read_at_s: int) -> int:
        """Return when, in Unix s, a meter last read then has been silent for too long."""

    def overdue(self, read_at_s: int, now_s: int) -> Raised | None:
        """Answer if a meter last read then has been silent for too long by now."""


def discover() -> dict[str, type[Rule]]:
    """Return every rule by its kind."""
    found = [
        importlib.import_module(f"{__name__}.{module.name}").RULE
        for module in pkgutil.iter_modules(__path__)
    ]
    return {rule.kind: rule for rule in found}


def sees_falls(rule: Rule) -> bool:
    """Return whether a rule wants to be shown registers that went back."""
    return getattr(rule, "sees_falls", False)
