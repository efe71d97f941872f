# SPDX-License-Identifier: EUPL-1.2
"""What the field does: one rule or method each, found by looking into this folder.

A module's ``RIVALS`` are what it offers. All see the same register as ours, at the same times. The
real instruments among them look at finer flow inside the meter: at steps of 1 l a leak of 5 l/h
shows as single pulses of 60 l/h, which flatters thresholds in l/h rather than hurting them.
"""

import importlib
import pkgutil

from tests.benchmark.leaks.rivals.rival import Rival


def discover() -> list[Rival]:
    """Return every rival of every module."""
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [
        rival
        for name in modules
        for rival in getattr(importlib.import_module(f"{__name__}.{name}"), "RIVALS", ())
    ]
