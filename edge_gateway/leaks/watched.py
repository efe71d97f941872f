# SPDX-License-Identifier: EUPL-1.2
"""All that is remembered of one meter, and how it becomes bytes and comes back."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import gcd
from typing import Any

from edge_gateway.leaks.balance import Ledger, Mark
from edge_gateway.leaks.finding import Finding
from edge_gateway.leaks.fusion import Fusion
from edge_gateway.leaks.rules import (
    BALANCES,
    HOURS,
    QUARTERS,
    STRETCHES,
    ListensForSilence,
    Rule,
    sees_falls,
)
from edge_gateway.leaks.slot import QUARTER_S, Gatherer
from edge_gateway.leaks.stretch import HOUR_S, Stretch
from edge_gateway.leaks.table import Table


class UnreadableMemoryError(ValueError):
    """A memory is damaged, or was written by a release that remembered something else."""


_NUMBERS = ("read_at_s", "register", "step", "still_s")


@dataclass
class Watched:
    """One meter: its newest reading, what is being gathered, its rules, what they found."""

    read_at_s: int
    register: int
    rules: dict[str, Rule]
    step: int = 0
    still_s: int = 0  # without flow up to now
    quarter: Gatherer = field(default_factory=lambda: Gatherer(QUARTER_S))
    hour: Gatherer = field(default_factory=lambda: Gatherer(HOUR_S))
    mark: Mark = field(default_factory=Mark)
    ledger: Ledger = field(default_factory=Ledger)  # of a main
    fusion: Fusion = field(default_factory=Fusion)
    is_restored: bool = False  # and not yet looked through for rules that are no longer there

    def __post_init__(self) -> None:
        every = self.rules.values()
        self.of_stretches = tuple(rule for rule in every if rule.looks_at == STRETCHES)
        self.of_falls = tuple(rule for rule in self.of_stretches if sees_falls(rule))
        self.of_quarters = tuple(rule for rule in every if rule.looks_at == QUARTERS)
        self.of_silence = tuple(rule for rule in every if isinstance(rule, ListensForSilence))
        self.of_hours = tuple(rule for rule in every if rule.looks_at == HOURS)
        self.of_balances = tuple(rule for rule in every if rule.looks_at == BALANCES)

    def next_stretch(self, register: int, read_at_s: int) -> Stretch:
        """Move on to this reading; return what lies between."""
        started_at_s, amount = self.read_at_s, register - self.register
        self.read_at_s, self.register = read_at_s, register
        if amount > 0:
            self.still_s = 0
        else:
            self.still_s += read_at_s - started_at_s
        return Stretch(started_at_s, read_at_s, amount, self.step)

    def credit(self, stretch: Stretch) -> Stretch:
        """Learn the register's steps from a stretch that can be believed."""
        if not stretch.amount:
            return stretch
        self.step = gcd(self.step, stretch.amount)
        return stretch if stretch.step == self.step else stretch._replace(step=self.step)

    def begin_anew(self) -> None:
        """Forget what was being gathered, as at a register that is not the one of before."""
        self.step = self.still_s = 0
        self.quarter, self.hour = Gatherer(QUARTER_S), Gatherer(HOUR_S)
        self.mark = Mark()

    def dump(self) -> bytes:
        """Return its memory as compressed JSON, half as long."""
        memory = json.dumps(
            {
                **{name: getattr(self, name) for name in _NUMBERS},
                "quarter": vars(self.quarter),
                "hour": vars(self.hour),
                "mark": vars(self.mark),
                "ledger": vars(self.ledger),
                "rules": {
                    kind: vars(rule)
                    for kind, rule in self.rules.items()
                    if self.ledger.page or rule.looks_at != BALANCES  # most meters feed no others
                },
                "open": {group: one.body() for group, one in self.fusion.open.items()},
                "convinced": self.fusion.convinced,
                "told_at_s": self.fusion.told_at_s,
                "quiet": self.fusion.quiet,
            },
            separators=(",", ":"),
            default=Table.dump,
        )
        return zlib.compress(memory.encode())


def load(dumped: bytes, rules: dict[str, Rule]) -> Watched:
    """Return what was dumped, or raise UnreadableMemoryError.

    A rule that has changed its memory since begins afresh.
    """
    try:
        return _recalled(json.loads(zlib.decompress(dumped), object_hook=_table), rules)
    except (zlib.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UnreadableMemoryError(f"{type(error).__name__}: {error}") from error


def _recalled(memory: dict[str, Any], rules: dict[str, Rule]) -> Watched:
    watched = Watched(**{name: memory[name] for name in _NUMBERS}, rules=rules)
    vars(watched.quarter).update(memory["quarter"])
    vars(watched.hour).update(memory["hour"])
    vars(watched.mark).update(memory["mark"])
    vars(watched.ledger).update(memory["ledger"])
    convinced = memory["convinced"]
    for kind, rule in rules.items():
        remembered = memory["rules"].get(kind, {})
        if _is_of_its_kind(remembered, vars(rule)):
            vars(rule).update(remembered)
        elif kind in convinced.get(rule.group, []):
            convinced[rule.group].remove(kind)
    watched.is_restored = True
    watched.fusion.open = {group: _finding(body) for group, body in memory["open"].items()}
    watched.fusion.convinced = convinced
    watched.fusion.told_at_s = memory["told_at_s"]
    watched.fusion.quiet = memory["quiet"]
    return watched


def _is_of_its_kind(remembered: dict[str, Any], fresh: dict[str, Any]) -> bool:
    """Return whether the rule still remembers things of these names, and tables of these sizes."""
    return remembered.keys() == fresh.keys() and all(
        _is_as_long(remembered[name], one) for name, one in fresh.items()
    )


def _is_as_long(remembered: object, fresh: object) -> bool:
    """Return whether both are as long; what begins empty may have grown."""
    if isinstance(fresh, Table):
        return (
            isinstance(remembered, Table)
            and remembered.bits == fresh.bits
            and (not len(fresh) or len(remembered) == len(fresh))
        )
    if isinstance(fresh, list):
        return isinstance(remembered, list) and (not fresh or len(remembered) == len(fresh))
    return True


def _table(content: dict[str, Any]) -> Any:
    return Table.load(content) if content.keys() == {"bits", "table"} else content


def _finding(body: Mapping[str, Any]) -> Finding:
    hours = tuple((started_at_s, amount) for started_at_s, amount in body["hours"])
    return Finding(**{**body, "kinds": tuple(body["kinds"]), "hours": hours})
