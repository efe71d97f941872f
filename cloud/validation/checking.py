# SPDX-License-Identifier: EUPL-1.2
"""Checking: every rule on every series of a file, and what could not be checked and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from cloud.validation import rules
from cloud.validation.assembly import Loaded
from cloud.validation.derive import usage_of
from cloud.validation.finding import Finding, Severity
from cloud.validation.rules import Rule
from cloud.validation.screening import screen
from cloud.validation.series import DAY_S, RegisterSeries, UsageSeries

RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Check:
    """One run of all rules; ``findings`` grow with each series."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._rules = rules.discover().values()
        self._usages: list[UsageSeries] = []
        self._too_short: Counter[str] = Counter()
        self._too_rare = 0
        self._kinds: set[str] = set()

    def run(self, loaded: Loaded) -> None:
        """Look at all series of a file; the findings are in order of severity and time."""
        if loaded.single:
            self._kinds.add("registers")
            self._too_rare += loaded.single
        for registers in loaded.registers:
            self._look_at_registers(registers)
        for usage in loaded.usages:
            self._kinds |= {"intervals", "history"}
            self._apply((rule, rule.intervals, usage) for rule in self._rules)
            self._look_at_history(usage.once)
        for rule in self._rules:
            if rule.building is not None:
                self.findings += rule.building(self._usages)
        self.findings.sort(key=lambda one: (RANK[one.severity], one.started_at, one.meter_id))

    def _look_at_registers(self, series: RegisterSeries) -> None:
        self._kinds.add("registers")
        screened = screen(series.read_at_s, series.register, series.about.limits)
        for rule in self._rules:
            if rule.registers is not None:
                self.findings += rule.registers(series, screened)
        usage = usage_of(series, screened)
        if usage is None:
            self._too_rare += 1
            return
        self._kinds |= {"derived", "history"}
        self._apply((rule, rule.derived, usage) for rule in self._rules)
        self._look_at_history(usage)

    def _look_at_history(self, usage: UsageSeries) -> None:
        self._usages.append(usage)
        self._apply((rule, rule.history, usage) for rule in self._rules)

    def _apply(self, looks: Iterable[tuple[Rule, rules.OnUsage | None, UsageSeries]]) -> None:
        for rule, look, usage in looks:
            if look is None:
                continue
            length_s = int(usage.start_s[-1] - usage.start_s[0]) if len(usage) else 0
            if length_s < rule.needs_days * DAY_S:
                self._too_short[rule.name] += 1
            else:
                self.findings += look(usage)

    def not_checked(self, loaded: Loaded) -> list[dict[str, str]]:
        """Return what was not checked, rule by rule, and why."""
        reasons: dict[str, list[str]] = defaultdict(list)
        for rule in self._rules:
            wanted = {kind for kind in rules.KINDS if getattr(rule, kind) is not None}
            if wanted == {"building"}:
                if all(one.about.parent_meter_id is None for one in self._usages):
                    reasons[rule.name].append("no row has a parent_meter_id")
            elif not wanted & self._kinds:
                has = "registers" if "registers" in self._kinds else "interval usage"
                reasons[rule.name].append(f"the file has only {has}")
            if self._too_short[rule.name]:
                reasons[rule.name].append(
                    f"it needs {rule.needs_days} days"
                    f" ({self._too_short[rule.name]} series have less)"
                )
            if self._too_rare and rule.registers is None and rule.intervals is None:
                reasons[rule.name].append(
                    f"it needs daily readings at least ({self._too_rare} series have fewer)"
                )
        if loaded.without_limit:
            reasons["above_physical_maximum"].append(
                f"without max_per_h ({loaded.without_limit} series) only a generous limit holds"
            )
        return [{"rule": name, "why": "; ".join(why)} for name, why in sorted(reasons.items())]
