# SPDX-License-Identifier: EUPL-1.2
"""Commissioning: what an operator and a technician do before the first litre, by their commands."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulators.ground import Ground, console_script
from simulators.processes import run_to_end
from simulators.registry import SITE

OWNER = "owner@iskar.example"
PLANNER = "planner@iskar.example"  # of the water utility
_ROLES = frozenset({"operator", "technician"})


async def make_tokens(ground: Ground, cloud: Mapping[str, str]) -> None:
    """Make the tokens that are lacking; ``cloud`` is the cloud's environment."""

    async def make(role: str) -> None:
        words = ["token", "add", "--role", role, "--label", "demo", "--days", "365"]
        made = await run_to_end([console_script("iskar-cloud"), *words], cloud)
        ground.remember(role, json.loads(made)["token"])

    await asyncio.gather(*(make(role) for role in _ROLES - ground.remembered().keys()))


async def make_utility(ground: Ground, cloud: Mapping[str, str], supplier_id: str) -> None:
    """Make the token by which a supplier's program reaches its webhooks, if it has none yet."""
    if supplier_id not in ground.remembered():
        words = ["token", "add", "--role", "utility", "--label", supplier_id, "--days", "365"]
        words += ["--supplier", supplier_id]
        made = await run_to_end([console_script("iskar-cloud"), *words], cloud)
        ground.remember(supplier_id, json.loads(made)["token"])


async def make_owner(ground: Ground, cloud: Mapping[str, str], premises: Sequence[str]) -> None:
    """Make the owner of all ``premises``, if there is none yet."""
    if OWNER in ground.remembered():
        return
    owned = [word for premises_id in premises for word in ("--premises", premises_id)]
    words = ["user", "add", OWNER, "--name", "Demo", "--role", "owner", *owned]
    made = await run_to_end([console_script("iskar-cloud"), *words], cloud)
    ground.remember(OWNER, json.loads(made)["password"])


async def make_planner(ground: Ground, cloud: Mapping[str, str], supplier_id: str) -> None:
    """Make the person who plans a utility's supply, if there is none yet."""
    if PLANNER in ground.remembered():
        return
    words = ["user", "add", PLANNER, "--name", "Planner", "--role", "utility"]
    made = await run_to_end(
        [console_script("iskar-cloud"), *words, "--supplier", supplier_id], cloud
    )
    ground.remember(PLANNER, json.loads(made)["password"])


async def enrol_gateways(ground: Ground, url: str, broker_ports: Mapping[str, int]) -> None:
    """Enrol a gateway for each broker port."""

    async def enrol(gateway_id: str, broker_port: int) -> None:
        await _field(
            ground,
            *("enrol-gateway", "--gateway", gateway_id, "--site", SITE, "--cloud", url),
            *("--directory", ground.gateway(gateway_id), "--broker-port", str(broker_port)),
        )

    await asyncio.gather(*(enrol(*one) for one in broker_ports.items()))


async def enrol_nodes(ground: Ground, url: str, plan: Mapping[str, Any]) -> None:
    """Write the plan down and enrol every node of it."""
    ground.note_plan(plan)
    await _field(
        ground,
        *("enrol-many", "--plan", ground.plan, "--cloud", url),
        *("--directory", ground.nodes, "--state", ground.field),
    )


async def _field(ground: Ground, *words: str | Path) -> None:
    token = ground.remembered()["technician"]
    await run_to_end([console_script("iskar-field"), *words], {"ISKAR_FIELD_TOKEN": token})
