# SPDX-License-Identifier: EUPL-1.2
"""Thinning: what is given up of an undelivered backlog when the store has no more room.

Registers are cumulative, so that a telegram given up costs resolution and never volume. First the
telegrams between quarter hours go, oldest first, then those between hours, then those between
local midnights, to which bills are drawn up. Events, findings and notices stay.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from edge_gateway.store import deletion, facts, notices
from edge_gateway.store.entries import KIND_CODES
from wire import batch, notice, reading_types

TELEGRAMS_AT_ONCE = 5000  # some 50 ms
# At either end of the backlog: what may be on its way to the cloud right now, oldest or newest.
SPARED = batch.MAX_ENTRIES

_SOFIA = ZoneInfo("Europe/Sofia")

_TELEGRAMS = f"""
SELECT number, boot_id, sequence, read_at_s, node_id, boot, codes, body, sequence <= contiguous
FROM entry JOIN boot USING (boot_id) JOIN shape USING (shape_id)
WHERE number BETWEEN ?1 AND ?2 AND kind = {KIND_CODES[batch.TELEGRAM]}
    AND NOT EXISTS (SELECT 1 FROM delivered WHERE number BETWEEN first AND last)
ORDER BY number LIMIT ?3
"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telegram:
    number: int
    boot_id: int
    sequence: int
    read_at_s: int
    node_id: str
    boot: int
    codes: str
    registers: tuple[int, ...]
    may_go: bool


def _next_multiple(length_s: int, at_s: int) -> int:
    return -(-at_s // length_s) * length_s


@lru_cache(maxsize=1024)
def _next_midnight(at_s: int) -> int:
    """Return the first local midnight at or after an instant."""
    day = datetime.fromtimestamp(at_s - 1, _SOFIA).date() + timedelta(days=1)
    return int(datetime.combine(day, time(), _SOFIA).timestamp())


# What is kept: the telegrams next to each instant of a step, on both sides, or one just on it.
_STEPS: Mapping[str, Callable[[int], int]] = {
    "quarters_up_to": partial(_next_multiple, 900),
    "hours_up_to": partial(_next_multiple, 3600),
    "days_up_to": _next_midnight,
}


def thin(db: sqlite3.Connection, now_ms: int, spared: int = SPARED) -> int | None:
    """Give up some telegrams, the next in turn; return how many, None when all that can is gone."""
    first = _number_at(db, "number", spared)
    last = _number_at(db, "number DESC", spared)
    if first is None or last is None:
        return None
    last = min(last, deletion.deletable_up_to(db))
    for step, next_instant in _STEPS.items():
        begin = max(first, facts.number(db, step) + 1)
        telegrams = list(_telegrams(db, begin, last))
        if telegrams:
            doomed = [one for one in _between(telegrams, next_instant) if one.may_go]
            deletion.delete(db, [(one.number, one.boot_id, one.sequence) for one in doomed])
            _put_on_record(db, doomed, now_ms)
            facts.write(db, step, str(telegrams[-1].number))
            return len(doomed)
    return None


def _number_at(db: sqlite3.Connection, order: str, place: int) -> int | None:
    """Return the number of the undelivered entry at a place of an order, or None."""
    row = db.execute(
        f"SELECT number FROM entry WHERE number > ? ORDER BY {order} LIMIT 1 OFFSET ?",  # noqa: S608
        (facts.number(db, facts.FORGOTTEN_UP_TO), place),
    ).fetchone()
    return None if row is None else int(row[0])


def _telegrams(db: sqlite3.Connection, first: int, last: int) -> Iterator[_Telegram]:
    rows = db.execute(_TELEGRAMS, (first, last, TELEGRAMS_AT_ONCE))
    for number, boot_id, sequence, read_at_s, node_id, boot, codes, body, may_go in rows:
        try:
            registers = tuple(map(int, body.split(" ")))
        except ValueError:  # rot: nothing follows from it, and the cloud is to see it
            continue
        yield _Telegram(
            number=number,
            boot_id=boot_id,
            sequence=sequence,
            read_at_s=read_at_s,
            node_id=node_id,
            boot=boot,
            codes=codes,
            registers=registers,
            may_go=bool(may_go),
        )


def _between(
    telegrams: Sequence[_Telegram], next_instant: Callable[[int], int]
) -> Iterator[_Telegram]:
    """Yield the telegrams between the instants of a step.

    Not the first and the last here, whose neighbours are not seen; nor those on either side of a
    register that went back, for what flowed before it did shows in no other.
    """
    meters: dict[tuple[str, str], list[_Telegram]] = defaultdict(list)
    for one in telegrams:
        meters[one.node_id, one.codes].append(one)
    for (_, codes), series in meters.items():
        series.sort(key=lambda one: (one.read_at_s, one.boot, one.sequence))
        cumulative = _cumulative(codes)
        for before, one, after in zip(series, series[1:], series[2:], strict=False):
            is_last_before = next_instant(one.read_at_s) < after.read_at_s
            is_first_after = next_instant(before.read_at_s + 1) <= one.read_at_s
            if (
                not is_last_before
                and not is_first_after
                and all(
                    before.registers[at] <= one.registers[at] <= after.registers[at]
                    for at in cumulative
                )
            ):
                yield one


@lru_cache(maxsize=256)
def _cumulative(codes: str) -> tuple[int, ...]:
    """Return the places of the registers that only grow."""
    kinds = [reading_types.parse(code)[0].kind for code in codes.split(" ")]
    return tuple(at for at, kind in enumerate(kinds) if kind == reading_types.REGISTER)


def _put_on_record(db: sqlite3.Connection, doomed: Sequence[_Telegram], now_ms: int) -> None:
    """Tell the cloud what was given up, so that nobody waits for it: the ledger of losses."""
    boots: dict[tuple[str, int], list[int]] = defaultdict(list)
    for one in doomed:
        boots[one.node_id, one.boot].append(one.sequence)
    for (node_id, boot), sequences in boots.items():
        detail: dict[str, int | str] = {
            "node": node_id,
            "boot": boot,
            "first": min(sequences),
            "last": max(sequences),
            "count": len(sequences),
        }
        notices.append(db, notice.THINNED, detail, now_ms)
    facts.add_to_tallies(db, {"thinned": len(doomed)})
