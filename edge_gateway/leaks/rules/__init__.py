# SPDX-License-Identifier: EUPL-1.2
"""The rules, one module each, found by looking into this folder: a new file is a new rule.

A module's ``RULE`` is a class whose objects watch one meter each. Its attributes are plain numbers
and strings, for they are its whole memory and survive restarts as JSON.
"""

import importlib
import pkgutil
from typing import ClassVar, Protocol

from edge_gateway.leaks.stretch import Cleared, Meter, Raised, Stretch


class Rule(Protocol):
    """Watches one meter, in constant time and memory for each reading."""

    kind: ClassVar[str]

    def look(self, stretch: Stretch, meter: Meter) -> Raised | Cleared | None:
        """Take note of what passed; answer if that changes anything."""

    def volume_l(self) -> int:
        """Return what has been lost since the finding that is open began, as far as can be told."""


def discover() -> dict[str, type[Rule]]:
    """Return every rule by its kind."""
    found = [
        importlib.import_module(f"{__name__}.{module.name}").RULE
        for module in pkgutil.iter_modules(__path__)
    ]
    return {rule.kind: rule for rule in found}
