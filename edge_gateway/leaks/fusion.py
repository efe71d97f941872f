# SPDX-License-Identifier: EUPL-1.2
"""Fusion: what several rules say of one meter becomes one finding in each group.

A drip convinces three rules within a day; its owner hears once. A burst has a group of its own, for
it must sound although a drip is known; so have faults of the meter itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from edge_gateway.leaks import finding as findings
from edge_gateway.leaks.finding import Finding
from edge_gateway.leaks.labels import Use, is_ordinary, is_still_ordinary
from edge_gateway.leaks.rules import Rule
from edge_gateway.leaks.slot import Calendar
from edge_gateway.leaks.stretch import HOUR_S, Meter, MeterKey
from edge_gateway.leaks.verdict import Cleared, Verdict

LEAK = "leak"
BURST = "burst"
METER = "meter"
TELL_AGAIN_S = 60  # at the soonest, how much an open finding has lost so far; then ever more rarely
# From the least telling: later ones name the cause more closely.
TELLING = (
    *("continuous_flow", "steady_flow", "night_flow", "floor_flow", "gas_flow", "standby"),
    *("growing_flow", "intermittent_flow", "imbalance"),
    *("missing", "stuck", "backflow", "burst"),
)
_RULE_HAS_CHANGED = Cleared(
    volume=0, explanation="The rule that found this has been replaced; it looks anew."
)
_CLOCK_WAS_WRONG = Cleared(
    volume=0, explanation="A clock was wrong when this was found; the meter is looked at anew."
)


class Fusion:
    """The findings that are open on one meter. Its attributes are its whole memory."""

    def __init__(self) -> None:
        self.open: dict[str, Finding] = {}  # by group
        self.convinced: dict[str, list[str]] = {}  # kinds by group
        self.told_at_s: dict[str, int] = {}  # by group
        # finding_id by group: ordinary, or of rules that are off, as its owner has said
        self.quiet: dict[str, str] = {}

    @property
    def is_leaking(self) -> bool:
        """Return whether what flows now is no example of ordinary use."""
        return bool(self.open) and any(
            group in self.open and group not in self.quiet for group in (LEAK, BURST)
        )

    def told_open(self) -> list[Finding]:
        """Return what is open and was told."""
        return [one for group, one in self.open.items() if group not in self.quiet]

    def take(
        self, key: MeterKey, meter: Meter, rule: Rule, verdict: Verdict, at_s: int
    ) -> Finding | None:
        """Return the finding as it is after this verdict, if that changes anything."""
        convinced = self.convinced.setdefault(rule.group, [])
        if isinstance(verdict, Cleared):
            return self._clear(rule, verdict, at_s)
        if rule.kind in convinced:
            return None
        convinced.append(rule.kind)
        kinds = (verdict.kind or rule.kind,)
        known = self.open.get(rule.group)
        self.told_at_s[rule.group] = at_s
        if known is None:
            now = findings.raised(key, meter, rule.group, kinds, verdict, at_s)
        else:
            now = _joined(known, findings.raised(key, meter, rule.group, kinds, verdict, at_s))
        self.open[rule.group] = now
        return now

    def grow(self, rules: Mapping[str, Rule], at_s: int) -> list[Finding]:
        """Return the open findings that have more to say about what was lost, if it is time.

        Every quarter of their age: some thirty times on the first day, so that the outbox stays
        small and the figure right to a fifth.
        """
        changed = []
        for group, known in self.open.items():
            pause_s = max(TELL_AGAIN_S, (at_s - known.raised_at_s) // 4)
            if at_s - self.told_at_s[group] < pause_s:
                continue
            self.told_at_s[group] = at_s
            grown = known.grown(self._volume(rules, group))
            if grown.lost > known.lost:
                self.open[group] = grown
                changed.append(grown)
        return changed

    def keep_back(
        self,
        told: list[Finding],
        was_open: Collection[str],
        meter: Meter,
        rules: Mapping[str, Rule],
        calendar: Calendar,
        at_s: int,
    ) -> list[Finding]:
        """Return what is to be told of this, less what its owner called ordinary or switched off.

        What was not open before may be kept back; it is raised later, and dated then, if it grows
        out of what was labelled, another rule is convinced too, or the owner takes that back. What
        was told stays until it clears.
        """
        for group in self.open.keys() - was_open:
            use = self._use(group, self.open[group], None, calendar, at_s)
            if self._is_off(group, meter) or is_ordinary(meter.labels, use):
                self.quiet[group] = self.open[group].finding_id
        told = [one for one in told if one.finding_id not in self.quiet.values()]
        for group in list(self.quiet):
            if group not in self.open:
                del self.quiet[group]
                continue
            if self._is_off(group, meter):
                continue
            one, volume = self.open[group], self._volume(rules, group)
            if not is_still_ordinary(meter.labels, self._use(group, one, volume, calendar, at_s)):
                del self.quiet[group]
                self.told_at_s[group] = at_s
                self.open[group] = one.grown(volume).raised_anew(group, at_s)
                told.append(self.open[group])
        return told

    def _is_off(self, group: str, meter: Meter) -> bool:
        return bool(meter.rules_off) and meter.rules_off.issuperset(self.convinced[group])

    def _use(
        self, group: str, one: Finding, volume: int | None, calendar: Calendar, at_s: int
    ) -> Use:
        """Return what a finding is like by now; its mean flow where its ``volume`` is given."""
        length_s = max(1, at_s - one.started_at_s)
        flow = one.flow_l_per_h if one.flow_w is None else one.flow_w
        return Use(
            group=group,
            flow=(flow or 0) if volume is None else volume * HOUR_S / 1000 / length_s,
            minute=calendar.minute(one.started_at_s),
            length_s=length_s,
        )

    def _volume(self, rules: Mapping[str, Rule], group: str) -> int:
        return max(rules[kind].volume() for kind in self.convinced[group])

    def drop_unknown(self, kinds: Mapping[str, object], at_s: int) -> list[Finding]:
        """Clear what only rules found that are no longer there, or begin afresh."""
        changed = []
        for group in list(self.open):
            convinced = [kind for kind in self.convinced.get(group, []) if kind in kinds]
            self.convinced[group] = convinced
            if not convinced:
                known = self.open.pop(group)
                last = replace(_RULE_HAS_CHANGED, volume=known.lost * 1000)
                changed.append(known.cleared(last, at_s))
        return changed

    def give_up(self, at_s: int) -> list[Finding]:
        """Clear what was told, for its times were wrong."""
        return [
            one.cleared(
                replace(_CLOCK_WAS_WRONG, volume=one.lost * 1000), max(at_s, one.raised_at_s)
            )
            for one in self.told_open()
        ]

    def _clear(self, rule: Rule, verdict: Cleared, at_s: int) -> Finding | None:
        convinced = self.convinced[rule.group]
        if rule.kind in convinced:
            convinced.remove(rule.kind)
        if convinced or rule.group not in self.open:
            return None
        known = self.open.pop(rule.group)
        del self.told_at_s[rule.group]
        lost = max(verdict.volume, known.lost * 1000)
        return known.cleared(replace(verdict, volume=lost), at_s)


def _joined(known: Finding, new: Finding) -> Finding:
    """Return one finding of two; what the more telling rule says of it counts."""
    kinds = tuple(dict.fromkeys((*known.kinds, *new.kinds)))
    kinds = tuple(sorted(kinds, key=TELLING.index, reverse=True))
    told = new if kinds[0] == new.kind else known
    return replace(
        told,
        finding_id=known.finding_id,
        raised_at_s=known.raised_at_s,
        started_at_s=min(known.started_at_s, new.started_at_s),
        kinds=kinds,
        confidence=max(known.confidence, new.confidence),
        volume_l=_most(known.volume_l, new.volume_l),
        energy_wh=_most(known.energy_wh, new.energy_wh),
    )


def _most(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
