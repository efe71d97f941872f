# SPDX-License-Identifier: EUPL-1.2
"""Backtest: the gateway's own leak rules over what a meter showed in the past.

The one module of the cloud that knows the gateway's code, for what it tells is worth something only
if it is the code that will watch. Run as a program it reads a question and writes an answer, so
that minutes of work hold nobody up; ``backtests`` asks it.

Limits: an imbalance between a main and its sub-meters is not looked for, one meter is seen alone;
nor is silence, for what is missing here need not have been missing at the gateway. An exchanged
meter's rules learn afresh.
"""

import json
import os
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from edge_gateway.leaks.labels import Label
from edge_gateway.leaks.monitor import Monitor
from edge_gateway.leaks.stretch import COMMONEST_Q3_L_PER_H, Meter

PATIENCE = 10  # nice(2): whoever waits for an answer to a live question goes first
COLUMNS = ("read_at_s", "register", "bits")


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """A register's past: which meter, who read it, and its readings in columns, oldest first.

    ``labels`` are what counts as ordinary, with the fields of the gateway's own; ``register`` in ml
    or mWh.
    """

    node_id: str
    obis: str
    utility: str
    q3_l_per_h: int | None
    households: int | None
    labels: Sequence[dict[str, Any]]
    read_at_s: "array[int]"
    register: "array[int]"
    bits: "array[int]"


def found_in(epochs: Iterable[Epoch], timezone: str) -> list[dict[str, Any]]:
    """Return the last word on each finding, as gateways tell it, in the order they were raised."""
    found = {}
    for epoch in epochs:
        monitor = Monitor(timezone)
        key = (epoch.node_id, epoch.obis)
        monitor.know({key: _meter(epoch)})
        for read_at_s, register, bits in zip(
            epoch.read_at_s, epoch.register, epoch.bits, strict=True
        ):
            for one in monitor.look(
                node_id=epoch.node_id,
                obis=epoch.obis,
                register=register,
                read_at_s=read_at_s,
                now_s=read_at_s,
                quality=bits,
            ):
                found[one.finding_id] = one
    return [one.body() for one in sorted(found.values(), key=lambda one: one.raised_at_s)]


def _meter(epoch: Epoch) -> Meter:
    return Meter(
        utility=epoch.utility,
        q3_l_per_h=epoch.q3_l_per_h or COMMONEST_Q3_L_PER_H,
        households=epoch.households,
        labels=tuple(Label(**one) for one in epoch.labels),
    )


def question(epochs: Iterable[Epoch], timezone: str) -> bytes:
    """Return what ``answer`` reads: a line of JSON, then the columns as they lie in memory."""
    told = list(epochs)
    facts = [
        {name: one for name, one in vars(epoch).items() if name not in COLUMNS}
        | {"readings": len(epoch.read_at_s)}
        for epoch in told
    ]
    columns = [getattr(epoch, name).tobytes() for epoch in told for name in COLUMNS]
    head = json.dumps({"timezone": timezone, "epochs": facts}).encode() + b"\n"
    return b"".join([head, *columns])


def answer(asked: BinaryIO) -> bytes:
    """Return the answer to a question, as JSON."""
    head = json.loads(asked.readline())
    epochs = [_epoch(facts, asked) for facts in head["epochs"]]
    return json.dumps(found_in(epochs, head["timezone"])).encode()


def _epoch(facts: dict[str, Any], asked: BinaryIO) -> Epoch:
    readings = facts.pop("readings")
    return Epoch(**facts | {name: _read(asked, readings) for name in COLUMNS})


def _read(asked: BinaryIO, count: int) -> "array[int]":
    column = array("q")
    column.frombytes(asked.read(count * column.itemsize))
    return column


if __name__ == "__main__":
    os.nice(PATIENCE)
    sys.stdout.buffer.write(answer(sys.stdin.buffer))
