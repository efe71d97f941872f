# SPDX-License-Identifier: EUPL-1.2
"""The audit: what the nodes produced against what the cloud holds, and both against the dials.

Ledger equality: the set of keys (node_id, boot, sequence) that the nodes journaled equals the set
stored in the cloud, each exactly once, with the same registers; and of every meter the last
register stored, the one that the app shows, and its first register with all use charted since added
to it, equal its dial.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Key(NamedTuple):
    """What tells one message from every other."""

    node_id: str
    boot: int
    sequence: int


Place = tuple[str, str]  # node_id, OBIS code


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One message: its key, and its registers by OBIS code (None: an event)."""

    key: Key
    registers: Mapping[str, int] | None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an audit found: three counts, and what went wrong, which is to be empty."""

    produced: int
    stored: int
    events: int
    lost: list[Key]
    duplicated: list[Key]
    phantoms: list[Key]
    altered: list[Key]
    off_dial: dict[Place, tuple[int | None, int | None, int]]  # stored last, shown, on the dial
    off_chart: dict[Place, tuple[int | None, int]]  # by the use charted, on the dial

    @property
    def mismatches(self) -> int:
        """How many registers are not what a dial showed: altered, invented or not the last."""
        return len(self.phantoms) + len(self.altered) + len(self.off_dial.keys() | self.off_chart)

    @property
    def is_clean(self) -> bool:
        """True when nothing was lost, doubled or mismatched."""
        return not (self.lost or self.duplicated or self.mismatches)


def audit(
    produced: Iterable[Entry],
    stored: Iterable[Entry],
    dials: Mapping[Place, int],
    shown: Mapping[Place, int | None],
    charted: Mapping[Place, int | None],
    since: Collection[Key] = frozenset(),
) -> Verdict:
    """Compare the two ledgers, and ``dials`` with the last registers, those shown and charted.

    ``produced`` holds each key once. What the cloud holds beyond it is a phantom: no node ever
    journaled it. ``since`` are the keys journaled after ``produced`` was listed: they may be on
    their way or there, and do not count.
    """
    made = {entry.key: entry for entry in produced}
    held = [entry for entry in stored if entry.key not in since]
    count = Counter(entry.key for entry in held)
    by_key = {entry.key: entry for entry in held}
    last = _last_registers(by_key.values())
    return Verdict(
        produced=sum(entry.registers is not None for entry in made.values()),
        stored=sum(entry.registers is not None and key in made for key, entry in by_key.items()),
        events=sum(entry.registers is None for entry in made.values()),
        lost=sorted(made.keys() - by_key.keys()),
        duplicated=sorted(key for key, times in count.items() if times > 1),
        phantoms=sorted(by_key.keys() - made.keys()),
        altered=sorted(
            key
            for key in made.keys() & by_key.keys()
            if made[key].registers != by_key[key].registers
        ),
        off_dial={
            place: (last.get(place), shown.get(place), dial)
            for place, dial in dials.items()
            if not last.get(place) == shown.get(place) == dial
        },
        off_chart={
            place: (charted.get(place), dial)
            for place, dial in dials.items()
            if charted.get(place) != dial
        },
    )


def _last_registers(entries: Iterable[Entry]) -> dict[Place, int]:
    """Return the register of the newest telegram by (node_id, OBIS code)."""
    last: dict[Place, int] = {}
    for entry in sorted(entries, key=lambda entry: entry.key):
        for obis, register in (entry.registers or {}).items():
            last[entry.key.node_id, obis] = register
    return last
