# SPDX-License-Identifier: EUPL-1.2
"""Faults: what goes wrong in the field, on a schedule that a seed decides.

Every kind happens at least once where the time allows; the rest is drawn. Times, kinds and victims
come from the seed alone, so that a run that failed can be run again.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

log = structlog.get_logger()


class FaultKind(StrEnum):
    """What can be done to the chain."""

    UPLINK_CUT = "uplink_cut"
    UPLINK_BLACK_HOLE = "uplink_black_hole"
    WIFI_CUT = "wifi_cut"
    BROKER_RESTART = "broker_restart"
    BROKER_KILL = "broker_kill"
    NODE_KILL = "node_kill"
    GATEWAY_KILL = "gateway_kill"
    CLOUD_KILL = "cloud_kill"
    POSTGRESQL_KILL = "postgresql_kill"


LASTING = frozenset({FaultKind.UPLINK_CUT, FaultKind.UPLINK_BLACK_HOLE, FaultKind.WIFI_CUT})
MIN_LASTS_S, MAX_LASTS_S = 3.0, 20.0
MEAN_PAUSE_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault: when it strikes, which of the victims of its kind, and for how long."""

    at_s: float
    kind: FaultKind
    victim: int
    lasts_s: float = 0.0


class Chain(Protocol):
    """What faults need of the chain they strike; ``victim`` is taken modulo their number."""

    async def strike(self, fault: Fault) -> None:
        """Do the fault; return when it is over."""


def schedule(seed: int, duration_s: float) -> list[Fault]:
    """Return the faults of ``duration_s`` seconds, sorted by time."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    kinds: list[FaultKind] = []
    while len(kinds) < duration_s / MEAN_PAUSE_S:
        every = list(FaultKind)
        dice.shuffle(every)
        kinds += every
    kinds = kinds[: max(1, int(duration_s / MEAN_PAUSE_S))]
    return sorted((_draw(dice, kind, duration_s) for kind in kinds), key=lambda fault: fault.at_s)


def repeated(kinds: Sequence[FaultKind], times: int, seed: int, duration_s: float) -> list[Fault]:
    """Return ``times`` faults of each kind at random moments of ``duration_s``."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    return sorted(
        (_draw(dice, kind, duration_s) for kind in kinds for _ in range(times)),
        key=lambda fault: fault.at_s,
    )


def _draw(dice: random.Random, kind: FaultKind, duration_s: float) -> Fault:
    lasts_s = 0.0
    if kind in LASTING:
        lasts_s = min(dice.uniform(MIN_LASTS_S, MAX_LASTS_S), duration_s / 2)
    return Fault(
        at_s=dice.uniform(0.0, duration_s - lasts_s),
        kind=kind,
        victim=dice.randrange(1_000_000),
        lasts_s=lasts_s,
    )


async def play(
    chain: Chain,
    faults: Sequence[Fault],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Counter[str]:
    """Strike ``chain`` with each fault at its time; return how often each kind struck."""
    struck: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def strike(fault: Fault) -> None:
        await chain.strike(fault)
        struck[fault.kind.value] += 1

    async with asyncio.TaskGroup() as group:
        for fault in faults:
            await sleep(max(0.0, fault.at_s - (loop.time() - began)))
            log.info("fault", kind=fault.kind.value, victim=fault.victim, lasts_s=fault.lasts_s)
            group.create_task(strike(fault))
    return struck
