# SPDX-License-Identifier: EUPL-1.2
"""Registering meters, nodes, gateways, installations; certificates."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import PlainTextResponse

from cloud.kit.auth.callers import Registrar, TokenTaker, needs
from cloud.kit.auth.rights import Right, Role
from cloud.kit.errors import UnknownReferenceError, answers
from cloud.kit.idempotency import idempotent
from cloud.kit.schemas import Identifier
from cloud.meters import models, schemas
from cloud.meters.epochs import (
    NOT_YET,
    AlreadyInstalledError,
    InstallationOrderError,
    NothingInstalledError,
)
from cloud.meters.register_history import (
    AlreadyRecordedError,
    RegisterHistory,
    RegisterTakenError,
)
from cloud.meters.service import MeterRegistry

router = APIRouter(tags=["registry"], dependencies=[needs(Right.REGISTER)])
gateway_router = APIRouter(tags=["gateway"])
public_router = APIRouter(tags=["registry"])


def history(request: Request) -> RegisterHistory:
    """Return what records the history of registers."""
    found: RegisterHistory = request.app.state.register_history
    return found


def registry(request: Request) -> MeterRegistry:
    """Return the registry of meters."""
    found: MeterRegistry = request.app.state.meters
    return found


Registry = Annotated[MeterRegistry, Depends(registry)]
History = Annotated[RegisterHistory, Depends(history)]
EventId = Annotated[int, Path(ge=1, le=2**53)]
PathId = Annotated[Identifier, Path()]


@router.put("/meters/{meter_id}")
async def put_meter(
    meter_id: PathId, body: schemas.MeterBody, registry: Registry, caller: Registrar
) -> schemas.Meter:
    """Register a meter; repeating it changes nothing."""
    await registry.put_meter(caller, models.Meter(meter_id=meter_id, **body.model_dump()))
    return schemas.Meter(meter_id=meter_id, **body.model_dump())


@router.put("/gateways/{gateway_id}")
async def put_gateway(
    gateway_id: PathId, body: schemas.GatewayBody, registry: Registry, caller: Registrar
) -> schemas.Gateway:
    """Register a gateway; repeating it changes nothing."""
    await registry.put_gateway(caller, gateway_id, body.site, body.name)
    return schemas.Gateway(gateway_id=gateway_id, **body.model_dump())


@router.put("/nodes/{node_id}", responses=answers(UnknownReferenceError))
async def put_node(
    node_id: PathId, body: schemas.NodeBody, registry: Registry, caller: Registrar
) -> schemas.Node:
    """Register a node; what it sent before is taken up. Repeating it changes nothing."""
    await registry.put_node(caller, node_id, body.gateway_id, body.board)
    return schemas.Node(node_id=node_id, **body.model_dump())


@router.put(
    "/installations/{service_point_id}",
    responses=answers(
        UnknownReferenceError,
        InstallationOrderError,
        AlreadyInstalledError,
        NothingInstalledError,
        RegisterTakenError,
    ),
)
async def put_installation(
    service_point_id: PathId, body: schemas.InstallationBody, history: History, caller: Registrar
) -> schemas.Installation:
    """Record which meter hangs at a service point since when; an earlier one is taken down.

    That may be told long after the readings came. Repeating it, or telling a later time for the
    same meter, changes nothing; an earlier time or other registers correct what is known.
    """
    now, event = await history.install(
        caller,
        models.Installation(
            installation_id=NOT_YET,
            service_point_id=service_point_id,
            meter_id=body.meter_id,
            node_id=body.node_id,
            obis=body.obis,
            valid_from=body.installed_at,
            valid_to=None,
            start_register=body.start_register,
        ),
        body.final_register,
        body.explanation or "",
    )
    return schemas.Installation(
        service_point_id=service_point_id,
        meter_id=now.meter_id,
        node_id=now.node_id,
        obis=now.obis,
        installed_at=now.valid_from,
        start_register=now.start_register,
        kind=event.kind if event else None,
        event_id=event.event_id if event else None,
    )


@router.post(
    "/service-points/{service_point_id}/register-events",
    responses=answers(AlreadyRecordedError, NothingInstalledError, RegisterTakenError),
)
@idempotent
async def post_register_event(
    service_point_id: PathId, body: schemas.RegisterEventBody, history: History, caller: Registrar
) -> schemas.RegisterEvent:
    """Record a rollover, a reset or a removal; repeating it changes nothing."""
    event, point = await history.record(caller, service_point_id, **body.model_dump())
    return schemas.RegisterEvent(**vars(event), unit=point.type.unit)


@router.post(
    "/register-events/{event_id}/undo",
    responses=answers(InstallationOrderError, NothingInstalledError, RegisterTakenError),
)
@idempotent
async def undo_register_event(
    event_id: EventId, body: schemas.Undoing, history: History, caller: Registrar
) -> schemas.RegisterEvent:
    """Undo an event: things are again as if it had not been recorded; it stays on the trail."""
    event, point = await history.undo(caller, event_id, body.because)
    return schemas.RegisterEvent(**vars(event), unit=point.type.unit)


@gateway_router.post("/gateways/{gateway_id}/token")
@idempotent
async def rotate_token(gateway_id: PathId, registry: Registry, caller: TokenTaker) -> schemas.Token:
    """Give a gateway a new token; its earlier one ends at once.

    Where the gateway itself asks, its earlier one ends when the new one is first used; a new one
    that is not used within 24 h ends instead.
    """
    if caller.role != Role.GATEWAY:
        return schemas.Token(token=await registry.replace_token(caller, gateway_id))
    caller.require_gateway(gateway_id)
    return schemas.Token(token=await registry.rotate_token(caller, gateway_id))


@router.post("/gateways/{gateway_id}/certificates")
@idempotent
async def sign_gateway(
    gateway_id: PathId, body: schemas.SigningRequest, registry: Registry, caller: Registrar
) -> schemas.Certificate:
    """Sign a gateway's key for one side of TLS."""
    issued = await registry.sign_gateway(caller, gateway_id, body.csr_pem, body.usage)
    return schemas.Certificate(
        certificate_pem=issued.pem,
        ca_pem=registry.authority.pem,
        not_after=issued.not_after,
        serial=issued.serial,
    )


@router.post("/nodes/{node_id}/certificates")
@idempotent
async def sign_node(
    node_id: PathId, body: schemas.NodeSigningRequest, registry: Registry, caller: Registrar
) -> schemas.NodeCertificate:
    """Sign a node's key, and tell from which boot on it counts."""
    issued, first_boot = await registry.sign_node(caller, node_id, body.csr_pem)
    return schemas.NodeCertificate(
        certificate_pem=issued.pem,
        ca_pem=registry.authority.pem,
        not_after=issued.not_after,
        serial=issued.serial,
        first_boot=first_boot,
    )


@public_router.get("/ca", response_class=PlainTextResponse)
async def authority(registry: Registry) -> str:
    """Return the certificate of the installation's own authority."""
    return registry.authority.pem
