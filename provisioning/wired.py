# SPDX-License-Identifier: EUPL-1.2
"""Meters wired to a gateway: a node on record like any other, and the gateway's ``meters.toml``."""

import json
from collections.abc import Iterator
from pathlib import Path

import structlog

from provisioning.cloud import Cloud
from provisioning.dossier import write_durably
from provisioning.errors import PlanError
from provisioning.plan import Plan, WiredLine, WiredNode
from provisioning.settings import RegisterMaps, codes_of

log = structlog.get_logger()

FILE_NAME = "meters.toml"


def enrol_meters(
    plan: Plan, gateway_id: str, directory: Path, maps: RegisterMaps, cloud: Cloud
) -> bool:
    """Put the meters on record and tell the gateway of them; return whether its file changed.

    May be run again at any time. The gateway reads a meter once ``iskar-gateway meters check`` has
    compared it with its dial.
    """
    node = plan.wired_to(gateway_id)
    content = meters_toml(node, maps).encode()
    if not directory.is_dir():
        raise PlanError(f"{directory} is no directory; enrol gateway {gateway_id} first.")
    if plan.installed_at is None:
        raise PlanError("The plan does not say since when the meters hang there: installed_at.")
    cloud.register_node(node, plan.installed_at)
    log.info("node_registered", node_id=node.node_id, meters=len(node.channels))
    path = directory / FILE_NAME
    if path.is_file() and path.read_bytes() == content:
        return False
    write_durably(path, content)
    return True


def meters_toml(node: WiredNode, maps: RegisterMaps) -> str:
    """Return the gateway's file; raise PlanError where no map fits."""
    return "\n".join(_lines(node, maps)) + "\n"


def _lines(node: WiredNode, maps: RegisterMaps) -> Iterator[str]:
    yield f"# Written by iskar-field enrol-meters from the plan of {node.gateway_id}."
    yield from _entries(node_id=node.node_id, interval_s=node.interval_s)
    for line in node.lines:
        yield from ("", "[[lines]]", *_entries(**_line(line)))
        for unit_id in dict.fromkeys(meter.unit_id for meter in line.meters):
            rows = [meter for meter in line.meters if meter.unit_id == unit_id]
            codes = [code for row in rows for code, _ in codes_of(row, maps)[1]]
            yield "[[lines.meters]]"
            yield from _entries(
                unit_id=unit_id, map=rows[0].map, registers=list(dict.fromkeys(codes))
            )


def _line(line: WiredLine) -> dict[str, object]:
    return line.model_dump(exclude_none=True, exclude={"meters"})


def _entries(**entries: object) -> Iterator[str]:
    for name, content in entries.items():
        yield f"{name} = {json.dumps(content)}"  # of text, numbers and lists TOML writes the same
