# SPDX-License-Identifier: EUPL-1.2
"""The downlink's transactions: each takes what the store holds one step further."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from edge_gateway.downlink.commands import Message
from edge_gateway.downlink.orders import OrderedRollout, Orders
from edge_gateway.downlink.packages import Package
from edge_gateway.downlink.rollout import Plan, Verdict, judge, settled, waves
from edge_gateway.store import commands, notices, rollouts
from edge_gateway.store.commands import Command
from wire import command, fields, notice

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be told until it is answered, and whether the cloud has a notice to come."""

    messages: Sequence[Message] = ()
    has_notice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The present, as rollouts are judged by it; times in ms of Unix time."""

    at_ms: int
    listening_since_ms: int
    heard_at_ms: Mapping[str, int]


def take_orders(db: sqlite3.Connection, orders: Orders) -> None:
    """Make these all that is to be done."""
    commands.keep_only(db, [Command(**one.model_dump()) for one in orders.commands])
    rollouts.keep_only(
        db,
        {one.rollout_id: one.model_dump_json() for one in orders.rollouts},
        {one.rollout_id: waves([node.node_id for node in one.nodes]) for one in orders.rollouts},
    )


def is_anything_open(db: sqlite3.Connection) -> bool:
    """Return whether any order has not ended."""
    return bool(commands.next_of_each_node(db) or rollouts.open_orders(db))


def open_rollouts(db: sqlite3.Connection) -> list[OrderedRollout]:
    """Return the rollouts that have not ended."""
    return [OrderedRollout.model_validate_json(one) for one in rollouts.open_orders(db)]


def due_commands(db: sqlite3.Connection, now_ms: int) -> Step:
    """End the commands whose time is over; of the others, each node is told its oldest."""
    expired = commands.expire(db, now_ms)
    messages = [
        Message(
            command_id=one.command_id,
            node_id=one.node_id,
            payload=command.encode_settings(one.command_id, one.expires_s, one.settings),
        )
        for one in commands.next_of_each_node(db)
    ]
    return Step(messages=messages, has_notice=expired > 0)


def advance(db: sqlite3.Connection, ordered: OrderedRollout, found: Package, now: Now) -> Step:
    """Take a rollout as far as it goes now."""
    plan = _plan(ordered, found)
    rollouts.note_reports(db, ordered.rollout_id, plan.firmware, now.at_ms)
    nodes = rollouts.progress(db, ordered.rollout_id)
    quiet = settled(plan, nodes, now.heard_at_ms, now.at_ms)
    rollouts.settle(db, ordered.rollout_id, quiet)
    nodes = rollouts.progress(db, ordered.rollout_id)
    verdict = judge(plan, nodes, now.at_ms, now.listening_since_ms)
    if verdict.halt is not None:
        return halt(db, ordered.rollout_id, verdict, now.at_ms)
    if verdict.is_done:
        rollouts.end(db, ordered.rollout_id)
        detail: dict[str, int | str] = {"rollout": ordered.rollout_id, "nodes": len(nodes)}
        detail["version"] = plan.firmware
        notices.append(db, notice.ROLLOUT_DONE, detail, now.at_ms)
        log.info("rollout_done", **detail)
        return Step(has_notice=True)
    rollouts.tell(db, ordered.rollout_id, verdict.tell, now.at_ms)
    return Step(messages=_offers(ordered, found, rollouts.progress(db, ordered.rollout_id)))


def halt(db: sqlite3.Connection, rollout_id: str, verdict: Verdict, now_ms: int) -> Step:
    """End a rollout where it is, and say why; nodes that have the package keep it."""
    rollouts.end(db, rollout_id)
    detail: dict[str, int | str] = {"rollout": rollout_id, "reason": _brief(verdict.halt or "")}
    if verdict.node_id is not None:
        detail["node"] = verdict.node_id
    notices.append(db, notice.ROLLOUT_HALTED, detail, now_ms)
    log.warning("rollout_halted", **detail)
    return Step(has_notice=True)


def _plan(ordered: OrderedRollout, found: Package) -> Plan:
    return Plan(
        firmware=found.firmware,
        board=found.board,
        boards={node.node_id: node.board for node in ordered.nodes},
        allows_downgrade=ordered.allows_downgrade,
        limit_s=ordered.limit_s,
        settle_s=ordered.settle_s,
    )


def _offers(
    ordered: OrderedRollout, found: Package, nodes: Sequence[rollouts.Progress]
) -> list[Message]:
    offers = []
    for node in nodes:
        if node.told_at_ms is not None and node.reported_at_ms is None:
            expires_s = node.told_at_ms // 1000 + ordered.limit_s
            payload = command.encode_update(
                ordered.rollout_id, expires_s, found.package_id, found.size, found.firmware
            )
            offers.append(
                Message(command_id=ordered.rollout_id, node_id=node.node_id, payload=payload)
            )
    return offers


def _brief(reason: str) -> str:
    plain = "".join(one if " " <= one <= "~" else "?" for one in reason)
    return plain[: fields.MAX_TEXT]
