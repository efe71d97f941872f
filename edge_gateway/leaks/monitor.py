# SPDX-License-Identifier: EUPL-1.2
"""The monitor: turns registers into stretches and shows them to every rule."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import gcd

from edge_gateway.leaks import rules
from edge_gateway.leaks.finding import CLEARED, RAISED, Finding, finding_id
from edge_gateway.leaks.rules import Rule
from edge_gateway.leaks.stretch import Cleared, Meter, Raised, Stretch

MAX_AHEAD_S = 3600  # of the gateway's own clock; a reading further ahead is of a broken clock
# A meter passes Q4 = 1.25 Q3 for a short time (ISO 4064-1); twice that did not flow through it.
MAX_FLOW_OF_Q3 = 2.5
TELL_AGAIN_S = 60  # at the soonest, how much an open finding has lost so far; then ever more rarely
COARSEST_STEP_ML = 100_000  # of a common pulse output; credited until the first steps were seen

MeterKey = tuple[str, str]  # (node_id, obis with its channel)


@dataclass
class _Watched:
    """All that is remembered of one meter."""

    read_at_s: int
    register_ml: int
    step_ml: int = 0
    rules: dict[str, Rule] = field(default_factory=dict)
    open: dict[str, Finding] = field(default_factory=dict)
    told_at_s: dict[str, int] = field(default_factory=dict)  # of what is open, by kind


class Monitor:
    """Watches meters reading by reading; constant work and memory for each.

    A reading that is not newer than the newest seen of its meter is left out: the register is
    cumulative, so what flowed before it is in the newer one already. A register that went back, or
    on by more than can have flowed, begins anew and tells the rules nothing. So does the first
    reading after a newest one that turns out to lie in the future: a clock was wrong then.
    """

    def __init__(self) -> None:
        self._rules = rules.discover()
        self._meters: Mapping[MeterKey, Meter] = {}
        self._watched: dict[MeterKey, _Watched] = {}
        self._changed: set[MeterKey] = set()

    def know(self, meters: Mapping[MeterKey, Meter]) -> None:
        """Use these facts about meters from now on."""
        self._meters = meters

    def look(
        self, *, node_id: str, obis: str, register_ml: int, read_at_s: int, now_s: int
    ) -> list[Finding]:
        """Return the findings that this reading raises, clears, or has more to say about.

        ``now_s`` is the gateway's time; while that is not trusted, readings wait and come later.
        """
        key = (node_id, obis)
        latest_s = now_s + MAX_AHEAD_S
        if read_at_s > latest_s:
            return []
        watched = self._watched.get(key)
        if watched is None:
            self._watched[key] = _Watched(read_at_s, register_ml, rules=self._fresh_rules())
            self._changed.add(key)
            return []
        if watched.read_at_s > latest_s:
            watched.read_at_s, watched.register_ml = read_at_s, register_ml
            self._changed.add(key)
            return []
        if read_at_s <= watched.read_at_s:
            return []
        meter = self._meters.get(key, Meter())
        stretch = _next_stretch(watched, register_ml, read_at_s, meter)
        self._changed.add(key)
        if stretch is None:
            return []
        changes = [
            self._change(key, meter, kind, stretch, rule.look(stretch, meter))
            or self._growth(watched, kind, stretch.ended_at_s)
            for kind, rule in watched.rules.items()
        ]
        return [change for change in changes if change is not None]

    def open_findings(self) -> list[Finding]:
        """Return the findings that were raised and not cleared."""
        return [one for watched in self._watched.values() for one in watched.open.values()]

    def take_changed(self) -> dict[str, str]:
        """Return the memory of every meter that changed since the last call, as JSON by meter."""
        changed, self._changed = self._changed, set()
        return {" ".join(key): _dump(self._watched[key]) for key in changed}

    def restore(self, memories: Mapping[str, str]) -> None:
        """Go back to these memories, forgetting everything since."""
        self._changed.clear()
        self._watched = {}
        for name, memory in memories.items():
            node_id, obis = name.split(" ")
            self._watched[node_id, obis] = self._load(json.loads(memory))

    def _change(
        self,
        key: MeterKey,
        meter: Meter,
        kind: str,
        stretch: Stretch,
        verdict: Raised | Cleared | None,
    ) -> Finding | None:
        open_findings = self._watched[key].open
        if isinstance(verdict, Raised):
            node_id, obis = key
            open_findings[kind] = Finding(
                finding_id=finding_id(node_id, obis, kind, stretch.ended_at_s),
                state=RAISED,
                node_id=node_id,
                obis=obis,
                meter_id=meter.meter_id,
                kind=kind,
                raised_at_s=stretch.ended_at_s,
                started_at_s=verdict.started_at_s,
                cleared_at_s=None,
                flow_l_per_h=verdict.flow_l_per_h,
                volume_l=verdict.volume_l,
                confidence=verdict.confidence,
                explanation=verdict.explanation,
            )
            self._watched[key].told_at_s[kind] = stretch.ended_at_s
            return open_findings[kind]
        if isinstance(verdict, Cleared) and kind in open_findings:
            return replace(
                open_findings.pop(kind),
                state=CLEARED,
                cleared_at_s=stretch.ended_at_s,
                volume_l=verdict.volume_l,
                explanation=verdict.explanation,
            )
        return None

    def _growth(self, watched: _Watched, kind: str, now_s: int) -> Finding | None:
        """Return an open finding with what it has lost by now, if it is time to tell.

        Every quarter of its age: some thirty times on the first day, so that the outbox stays
        small and the figure right to a fifth.
        """
        finding = watched.open.get(kind)
        if finding is None:
            return None
        pause_s = max(TELL_AGAIN_S, (now_s - finding.raised_at_s) // 4)
        if now_s - watched.told_at_s.get(kind, finding.raised_at_s) < pause_s:
            return None
        watched.told_at_s[kind] = now_s
        volume_l = watched.rules[kind].volume_l()
        if volume_l <= finding.volume_l:
            return None
        watched.open[kind] = replace(finding, volume_l=volume_l)
        return watched.open[kind]

    def _fresh_rules(self) -> dict[str, Rule]:
        return {kind: rule() for kind, rule in self._rules.items()}

    def _load(self, memory: dict[str, dict[str, dict[str, object]]]) -> _Watched:
        """Return what was dumped; a rule that has changed its memory since begins afresh."""
        watched = _Watched(**{**memory, "rules": self._fresh_rules(), "open": {}})  # type: ignore[arg-type]
        for kind, rule in watched.rules.items():
            remembered = memory["rules"].get(kind, {})
            if remembered.keys() == vars(rule).keys():
                vars(rule).update(remembered)
                if kind in memory["open"]:
                    watched.open[kind] = Finding(**memory["open"][kind])  # type: ignore[arg-type]
        return watched


def _next_stretch(
    watched: _Watched, register_ml: int, read_at_s: int, meter: Meter
) -> Stretch | None:
    """Move on to this reading; return what lies between, or None where nobody can tell."""
    started_at_s, volume_ml = watched.read_at_s, register_ml - watched.register_ml
    watched.read_at_s, watched.register_ml = read_at_s, register_ml
    if volume_ml < 0:
        watched.step_ml = 0  # perhaps another meter, with other steps
        return None
    most_ml = MAX_FLOW_OF_Q3 * meter.q3_l_per_h * (read_at_s - started_at_s) / 3.6
    if volume_ml > most_ml + (watched.step_ml or COARSEST_STEP_ML):
        return None
    watched.step_ml = gcd(watched.step_ml, volume_ml)
    return Stretch(
        started_at_s=started_at_s,
        ended_at_s=read_at_s,
        volume_ml=volume_ml,
        step_ml=watched.step_ml,
    )


def _dump(watched: _Watched) -> str:
    return json.dumps(
        {
            "read_at_s": watched.read_at_s,
            "register_ml": watched.register_ml,
            "step_ml": watched.step_ml,
            "rules": {kind: vars(rule) for kind, rule in watched.rules.items()},
            "open": {kind: finding.body() for kind, finding in watched.open.items()},
            "told_at_s": watched.told_at_s,
        },
        separators=(",", ":"),
    )
