# SPDX-License-Identifier: EUPL-1.2
"""How a rollout goes on: pure, judged from what is stored, again after every restart.

Waves: one node, then a tenth, then the rest. A wave begins when all before it stay with the new
firmware, and not by the gateway's hope: each node must have reported it in a boot event, reported
nothing else since, and be heard of at the end of its settling time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge_gateway.store.rollouts import Progress
from wire import package
from wire.errors import WireError

SECOND_WAVE = 10  # one node in so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is wanted; ``boards`` by node, as the registry has them."""

    firmware: str
    board: str
    boards: Mapping[str, str]
    allows_downgrade: bool
    limit_s: int
    settle_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do next: halt with a reason, call it done, tell these nodes, or just wait."""

    halt: str | None = None
    node_id: str | None = None  # that is the reason to halt
    is_done: bool = False
    tell: Sequence[str] = field(default=())


def waves(node_ids: Sequence[str]) -> list[Sequence[str]]:
    """Return the first node, the next tenth of all (rounded up), and the rest; none is empty."""
    tenth = -(-len(node_ids) // SECOND_WAVE)
    parts = [node_ids[:1], node_ids[1 : 1 + tenth], node_ids[1 + tenth :]]
    return [part for part in parts if part]


def settled(
    plan: Plan, nodes: Sequence[Progress], heard_at_ms: Mapping[str, int], now_ms: int
) -> list[str]:
    """Return the nodes whose settling time is over, and that were heard of since."""
    found = []
    for node in nodes:
        if node.reported_at_ms is None or node.has_settled or node.firmware != plan.firmware:
            continue
        end_ms = node.reported_at_ms + plan.settle_s * 1000
        if end_ms <= now_ms and heard_at_ms.get(node.node_id, -1) >= end_ms:
            found.append(node.node_id)
    return found


def judge(plan: Plan, nodes: Sequence[Progress], now_ms: int, listening_since_ms: int) -> Verdict:
    """Return what is next; ``nodes`` by wave. While we don't listen, no node can be silent."""
    for node in nodes:
        fault = _fault(plan, node, now_ms, listening_since_ms)
        if fault is not None:
            return Verdict(halt=fault, node_id=node.node_id)
    unfinished = [node for node in nodes if not node.has_settled]
    if not unfinished:
        return Verdict(is_done=True)
    wave = unfinished[0].wave
    untold = [node.node_id for node in nodes if node.wave == wave and node.told_at_ms is None]
    return Verdict(tell=untold)


def _fault(plan: Plan, node: Progress, now_ms: int, listening_since_ms: int) -> str | None:
    if node.failure is not None:
        return f"It could not: {node.failure}"
    if node.told_at_ms is None:
        return _unfit(plan, node)
    patient_from_ms = max(node.told_at_ms, listening_since_ms)
    if node.reported_at_ms is None:
        if now_ms > patient_from_ms + plan.limit_s * 1000:
            return f"It did not report {plan.firmware} within {plan.limit_s} s."
        return None
    if node.firmware != plan.firmware:
        return f"It went back from {plan.firmware} to {node.firmware}."
    patient_from_ms = max(node.reported_at_ms + plan.settle_s * 1000, listening_since_ms)
    if not node.has_settled and now_ms > patient_from_ms + plan.limit_s * 1000:
        return f"It reported {plan.firmware} and then fell silent."
    return None


def _unfit(plan: Plan, node: Progress) -> str | None:
    """Return why a node must not be told of this package at all; None if it may."""
    board = plan.boards.get(node.node_id)
    if board != plan.board:
        return f"It has the board {board}, the package is for {plan.board}."
    if plan.allows_downgrade:
        return None
    now = _release(node.firmware)
    if now is None:
        return "Which firmware it has is not known; it tells at its next boot."
    if now > package.release(plan.firmware):
        return f"It has {node.firmware}, which is newer than {plan.firmware}."
    return None


def _release(firmware: str | None) -> tuple[int, int, int] | None:
    try:
        return package.release(firmware)
    except WireError:
        return None
