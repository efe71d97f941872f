# SPDX-License-Identifier: EUPL-1.2
"""Configuration: what a gateway must know of its meters, put together from registry and labels."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request

from cloud.alerts.labels import labelled_uses
from cloud.alerts.schemas import LabelledUse
from cloud.alerts.switches import switched_off
from cloud.app import schemas
from cloud.kit.auth.callers import Gateway
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.schemas import Identifier
from cloud.meters.models import Channel
from cloud.meters.service import nodes_and_channels
from cloud.premises.models import ServicePoint
from cloud.premises.service import points_by_id

router = APIRouter(tags=["gateway"])


@router.get("/gateways/{gateway_id}/configuration")
async def configuration(
    gateway_id: Annotated[Identifier, Path()], request: Request, caller: Gateway
) -> schemas.Configuration:
    """Tell a gateway what its nodes read, what people called ordinary or switched off, the time."""
    caller.require_gateway(gateway_id)
    clock: Clock = request.app.state.clock
    database: Database = request.app.state.database
    async with database.transaction() as connection:
        nodes = await nodes_and_channels(connection, gateway_id)
        here = {one.service_point_id: one for of_node in nodes.values() for one in of_node}
        points = await points_by_id(connection, here)
        uses = await labelled_uses(connection, here)
        off = await switched_off(connection, here)
    return schemas.Configuration(
        gateway_id=gateway_id,
        now_ms=clock.now_ms(),
        nodes=[
            schemas.NodeChannels(
                node_id=node_id,
                channels=[
                    schemas.Channel(
                        obis=one.obis,
                        meter_id=one.meter_id,
                        service_point_id=one.service_point_id,
                        utility=points[one.service_point_id].type.utility,
                        q3_l_per_h=one.q3_l_per_h,
                        households=one.households,
                        parent=_parent(points[one.service_point_id], here),
                        labels=[LabelledUse(**asdict(use)) for use in uses[one.service_point_id]],
                        rules_off=off[one.service_point_id],
                    )
                    for one in of_node
                ],
            )
            for node_id, of_node in nodes.items()
        ],
    )


def _parent(point: ServicePoint, here: Mapping[str, Channel]) -> schemas.Parent | None:
    """Return the register that includes this one; None if none does, or another gateway's."""
    main = here.get(point.parent_service_point_id or "")
    return schemas.Parent(node_id=main.node_id, obis=main.obis) if main else None
