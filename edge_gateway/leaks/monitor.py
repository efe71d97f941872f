# SPDX-License-Identifier: EUPL-1.2
"""The monitor: turns registers into stretches and slots, and shows them to every rule."""

from collections.abc import Iterable, Mapping

import structlog

from edge_gateway.leaks import rules
from edge_gateway.leaks.balance import Balanced, Mains
from edge_gateway.leaks.finding import Finding
from edge_gateway.leaks.rules import Rule
from edge_gateway.leaks.slot import Calendar, Gatherer, Slot
from edge_gateway.leaks.stretch import COARSEST_STEP_ML, Meter, MeterKey, Stretch, utility
from edge_gateway.leaks.watched import UnreadableMemoryError, Watched, load
from wire import quality

MAX_AHEAD_S = 3600  # of the gateway's own clock; a reading further ahead is of a broken clock
NOT_METERED = quality.ESTIMATED | quality.MISSING | quality.SUSPECT

log = structlog.get_logger(__name__)


class Monitor:
    """Watches meters reading by reading; constant work and memory for each.

    A reading that is not newer than the newest seen of its meter is left out: the register is
    cumulative, so what flowed before it is in the newer one already. So is one that was estimated.
    A register that went back, or on by more than can have flowed, begins anew. After a newest
    reading that turns out to lie in the future all begins anew, what was learned too: a clock was
    wrong then, nobody knows for how long.
    """

    def __init__(self, timezone: str = "Europe/Sofia") -> None:
        self._rules = rules.discover()
        self._calendar = Calendar(timezone)
        self._meters: dict[MeterKey, Meter] = {}
        self._mains = Mains({})
        self._watched: dict[MeterKey, Watched] = {}
        self._changed: set[MeterKey] = set()

    def know(self, meters: Mapping[MeterKey, Meter]) -> None:
        """Use these facts about meters from now on."""
        self._meters = dict(meters)
        self._mains = Mains(meters)

    def look(
        self,
        *,
        node_id: str,
        obis: str,
        register: int,
        read_at_s: int,
        now_s: int,
        quality: int = 0,
    ) -> list[Finding]:
        """Return the findings that this reading raises, clears, or has more to say about.

        ``register`` is in ml or mWh. ``now_s`` is the gateway's time; while that is not trusted,
        readings wait and come later.
        """
        key = (node_id, obis)
        latest_s = now_s + MAX_AHEAD_S
        if not 0 <= read_at_s <= latest_s or quality & NOT_METERED:
            return []
        meter = self._meter(key)
        watched = self._watched.get(key)
        if watched is None or watched.read_at_s > latest_s:
            self._watched[key] = Watched(read_at_s, register, self._fresh_rules(meter))
            self._changed.add(key)
            return [] if watched is None else watched.fusion.give_up(read_at_s)
        if read_at_s <= watched.read_at_s:
            return []
        self._changed.add(key)
        fusion = watched.fusion
        told: list[Finding] = []
        was_open = tuple(fusion.open) if fusion.open else ()
        stretch = watched.next_stretch(register, read_at_s)
        is_credible = self._look(key, meter, watched, stretch, told)
        if meter.labels or meter.rules_off or fusion.quiet:
            told = fusion.keep_back(told, was_open, meter, watched.rules, self._calendar, read_at_s)
        if is_credible and self._mains.of(key):
            told += self._balance(key, watched, stretch)
        return list({one.finding_id: one for one in told}.values()) if told else told

    def overdue(self, now_s: int) -> list[Finding]:
        """Return what is to be said of meters that have not been heard of for too long by now.

        Of meters on record only: nobody misses one that was taken away.
        """
        told: list[Finding] = []
        for key, watched in self._watched.items():
            meter = self._meter(key)
            for rule in watched.of_silence if meter.meter_id is not None else ():
                verdict = rule.overdue(watched.read_at_s, now_s)
                if verdict is None:
                    continue
                at_s = rule.due_s(watched.read_at_s)
                fusion, was_open = watched.fusion, tuple(watched.fusion.open)
                raised = fusion.take(key, meter, rule, verdict, at_s)
                self._changed.add(key)
                if raised is not None and (meter.rules_off or fusion.quiet):
                    told += fusion.keep_back(
                        [raised], was_open, meter, watched.rules, self._calendar, at_s
                    )
                elif raised is not None:
                    told.append(raised)
        return told

    def open_findings(self) -> list[Finding]:
        """Return the findings that were raised and not cleared."""
        return [one for watched in self._watched.values() for one in watched.fusion.told_open()]

    def take_changed(self) -> dict[str, bytes]:
        """Return the memory of every meter that changed since the last call, by meter."""
        changed, self._changed = self._changed, set()
        return {" ".join(key): self._watched[key].dump() for key in changed}

    def restore(self, memories: Mapping[str, bytes]) -> None:
        """Go back to these memories, forgetting everything since.

        One that can't be read is forgotten too: its meter is learned anew, and the others watched.
        """
        self._changed.clear()
        self._watched = {}
        for name, memory in memories.items():
            node_id, obis = name.split(" ")
            key = (node_id, obis)
            try:
                self._watched[key] = load(memory, self._fresh_rules(self._meter(key)))
            except UnreadableMemoryError as error:
                log.warning("leak memory forgotten", node_id=node_id, obis=obis, reason=str(error))

    def _look(
        self, key: MeterKey, meter: Meter, watched: Watched, stretch: Stretch, told: list[Finding]
    ) -> bool:
        """Show a stretch to the rules; return whether it can be believed."""
        fusion = watched.fusion
        if watched.is_restored:
            watched.is_restored = False
            told += fusion.drop_unknown(watched.rules, stretch.ended_at_s)
        # Most stretches of a home are still, and nothing is always credible.
        is_credible = not stretch.amount or 0 < stretch.amount <= _most(meter, stretch)
        if not is_credible:
            watched.begin_anew()
            seen_by = watched.of_falls if stretch.amount < 0 else ()
            _show(key, meter, watched, seen_by, stretch, told)
        else:
            stretch = watched.credit(stretch)
            _show(key, meter, watched, watched.of_stretches, stretch, told)
            self._gather(key, meter, watched, stretch, told)
        if fusion.open:
            told += fusion.grow(watched.rules, stretch.ended_at_s)
        return is_credible

    def _balance(self, key: MeterKey, watched: Watched, stretch: Stretch) -> list[Finding]:
        """Enter the full hours that a meter has passed with its mains; return what that tells."""
        told: list[Finding] = []
        for started_at_s, amount in list(watched.mark.hours(stretch, watched.register)):
            for main_key in self._mains.of(key):
                main = self._watched.get(main_key)
                if main is None:
                    continue
                self._changed.add(main_key)
                hour = main.ledger.add(
                    self._mains.page(main_key),
                    started_at_s,
                    amount,
                    watched.step,
                    self._mains.parts(main_key),
                    is_main=main_key == key,
                    is_leaking=main.fusion.is_leaking,
                )
                if hour is not None:
                    told += self._weigh(main_key, main, hour)
        return told

    def _weigh(self, main_key: MeterKey, main: Watched, hour: Balanced) -> list[Finding]:
        told: list[Finding] = []
        meter, fusion = self._meter(main_key), main.fusion
        was_open = tuple(fusion.open)
        _show(main_key, meter, main, main.of_balances, hour, told)
        if meter.labels or meter.rules_off or fusion.quiet:
            told = fusion.keep_back(
                told, was_open, meter, main.rules, self._calendar, hour.ended_at_s
            )
        return told

    def _gather(
        self, key: MeterKey, meter: Meter, watched: Watched, stretch: Stretch, told: list[Finding]
    ) -> None:
        """Add a stretch to the quarter of an hour, and that to the hour."""
        quarter, length_s = watched.quarter, stretch.ended_at_s - stretch.started_at_s
        if quarter.takes(length_s):
            whole = quarter.add(stretch, watched.still_s)
            if whole is not None:
                slot = self._slot(whole, quarter, watched)
                _show(key, meter, watched, watched.of_quarters, slot, told)
                self._gather_hour(key, meter, watched, whole, quarter.last_still_s, told)
            return
        part = quarter.empty(stretch.started_at_s, stretch.step)
        if part is not None:
            self._gather_hour(key, meter, watched, part, quarter.last_still_s, told)
        if watched.hour.takes(length_s):
            self._gather_hour(key, meter, watched, stretch, watched.still_s, told)
        else:
            watched.hour.empty(stretch.started_at_s, stretch.step)
            watched.still_s = 0

    def _gather_hour(
        self,
        key: MeterKey,
        meter: Meter,
        watched: Watched,
        part: Stretch,
        still_s: int,
        told: list[Finding],
    ) -> None:
        whole = watched.hour.add(part, still_s)
        if whole is not None:
            slot = self._slot(whole, watched.hour, watched)
            _show(key, meter, watched, watched.of_hours, slot, told)

    def _slot(self, whole: Stretch, gatherer: Gatherer, watched: Watched) -> Slot:
        hour, is_weekend = self._calendar.hour((whole.started_at_s + whole.ended_at_s) // 2)
        return Slot(
            whole.started_at_s,
            whole.ended_at_s,
            whole.amount,
            watched.step,
            hour,
            is_weekend,
            gatherer.last_still_s,
            watched.fusion.is_leaking,
            gatherer.last_longest_s,
        )

    def _meter(self, key: MeterKey) -> Meter:
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = Meter(utility=utility(key[1]))
        return meter

    def _fresh_rules(self, meter: Meter) -> dict[str, Rule]:
        return {
            kind: rule() for kind, rule in self._rules.items() if meter.utility in rule.utilities
        }


def _show(
    key: MeterKey,
    meter: Meter,
    watched: Watched,
    seen_by: Iterable[Rule],
    seen: Stretch | Slot | Balanced,
    told: list[Finding],
) -> None:
    """Let rules judge; what comes of it is added to ``told``."""
    for rule in seen_by:
        verdict = rule.look(seen, meter)
        if verdict is not None:
            changed = watched.fusion.take(key, meter, rule, verdict, seen.ended_at_s)
            if changed is not None:
                told.append(changed)


def _most(meter: Meter, stretch: Stretch) -> float:
    """Return what can have passed at the most, in ml or mWh."""
    return meter.most_in(stretch.length_s) + (stretch.step or COARSEST_STEP_ML)
