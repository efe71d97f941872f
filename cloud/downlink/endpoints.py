# SPDX-License-Identifier: EUPL-1.2
"""Commands, packages and rollouts over HTTP: ordered by operators, fetched by gateways."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from cloud.downlink import schemas
from cloud.downlink.models import Command, Rollout
from cloud.downlink.service import Downlink, RolloutRunningError
from cloud.kit import pagination
from cloud.kit.auth.callers import Gateway, Operator, needs
from cloud.kit.auth.rights import Right
from cloud.kit.clock import Clock
from cloud.kit.errors import answers
from cloud.kit.idempotency import idempotent
from cloud.kit.schemas import Identifier, Listing, Page
from cloud.readings.orders import Word
from wire import event, notice, package

PACKAGES_PATH = "/api/v1/packages"
MEDIA_TYPE = "application/octet-stream"
MAX_PART_BYTES = 65536  # a slow link must carry it within the time limit of a request

router = APIRouter(tags=["operation"], dependencies=[needs(Right.OPERATE)])
gateway_router = APIRouter(tags=["gateway"])

PathId = Annotated[Identifier, Path()]
PackageId = Annotated[schemas.Digest, Path()]
STATES = {event.SETTINGS_APPLIED: "applied", notice.COMMAND_EXPIRED: "expired"}
ORDERED = ("rollout_id", "package_id", "allows_downgrade", "limit_s", "settle_s")
BYTES: dict[str, Any] = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
A_PACKAGE = {
    "requestBody": {
        "required": True,
        "description": "A package as wire/package.py has it.",
        "content": BYTES,
    }
}


def _downlink(request: Request) -> Downlink:
    found: Downlink = request.app.state.downlink
    return found


def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.clock
    return clock.now()


Service = Annotated[Downlink, Depends(_downlink)]
Now = Annotated[datetime, Depends(_now)]


@router.post("/nodes/{node_id}/commands", status_code=201)
@idempotent
async def order_command(
    node_id: PathId, body: schemas.CommandBody, service: Service, caller: Operator, now: Now
) -> schemas.Command:
    """Order settings of a node; its gateway fetches the order and hands it on until answered."""
    settings = body.settings.model_dump()
    ordered = await service.order_command(caller, node_id, settings, body.expires_at)
    return _command(ordered, None, now)


@router.get("/nodes/{node_id}/commands")
async def commands(
    node_id: PathId,
    service: Service,
    now: Now,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Command]:
    """Return a node's commands, the newest first, and what came of each."""
    before = pagination.decode(cursor, int)[0] if cursor else None
    found = await service.commands_of_node(node_id, before, limit)
    following = pagination.encode(found[-1][0].place) if len(found) == limit else None
    return Page(items=[_command(*one, now) for one in found], next_cursor=following)


@router.post("/packages", openapi_extra=A_PACKAGE)
async def add_package(request: Request, service: Service, caller: Operator) -> schemas.Package:
    """Keep a package for rollouts; repeating it changes nothing."""
    return schemas.Package(**vars(await service.add_package(caller, await request.body())))


@router.get("/packages")
async def packages(service: Service) -> Listing[schemas.Package]:
    """Return all packages, the newest first."""
    return Listing(items=[schemas.Package(**vars(one)) for one in await service.packages()])


@router.post(
    "/gateways/{gateway_id}/rollouts", status_code=201, responses=answers(RolloutRunningError)
)
@idempotent
async def order_rollout(
    gateway_id: PathId, body: schemas.RolloutBody, service: Service, caller: Operator
) -> schemas.Rollout:
    """Order a package for nodes of a gateway, in waves that halt at the first failure."""
    ordered = await service.order_rollout(caller, gateway_id, **body.model_dump())
    return _rollout(ordered, None)


@router.get("/gateways/{gateway_id}/rollouts")
async def rollouts(
    gateway_id: PathId,
    service: Service,
    limit: pagination.Limit = 100,
    cursor: pagination.Cursor = None,
) -> Page[schemas.Rollout]:
    """Return a gateway's rollouts, the newest first, and what came of each."""
    before = pagination.decode(cursor, int)[0] if cursor else None
    found = await service.rollouts_of_gateway(gateway_id, before, limit)
    following = pagination.encode(found[-1][0].place) if len(found) == limit else None
    return Page(items=[_rollout(*one) for one in found], next_cursor=following)


@router.post("/rollouts/{rollout_id}/stop")
async def stop_rollout(rollout_id: PathId, service: Service, caller: Operator) -> schemas.Rollout:
    """Let a rollout go no further; nodes that have the package keep it. Harmless when repeated."""
    return _rollout(*await service.stop_rollout(caller, rollout_id))


@gateway_router.get("/gateways/{gateway_id}/orders")
async def orders(gateway_id: PathId, service: Service, caller: Gateway) -> schemas.Orders:
    """Tell a gateway all that it is to do; what it was told and isn't any more, it is to leave."""
    caller.require_gateway(gateway_id)
    told, rolled, boards = await service.orders(gateway_id)
    return schemas.Orders(
        gateway_id=gateway_id,
        commands=[
            schemas.OrderedCommand(
                command_id=one.command_id,
                node_id=one.node_id,
                settings=one.settings,
                expires_s=int(one.expires_at.timestamp()),
            )
            for one in told
        ],
        rollouts=[
            schemas.OrderedRollout(
                **{name: getattr(one, name) for name in ORDERED},
                size=wanted.size,
                nodes=[
                    schemas.NodeOfRollout(node_id=node_id, board=boards[node_id])
                    for node_id in one.node_ids
                    if node_id in boards  # else it was moved away meanwhile
                ],
            )
            for one, wanted in rolled
        ],
    )


@gateway_router.get(
    "/packages/{package_id}/content",
    response_class=Response,
    dependencies=[needs(Right.INGEST)],
    responses={200: {"description": "Bytes of the package.", "content": BYTES}},
)
async def content_of_package(
    package_id: PackageId,
    service: Service,
    offset: Annotated[int, Query(ge=0, le=package.MAX_BYTES)] = 0,
    length: Annotated[int, Query(ge=1, le=MAX_PART_BYTES)] = MAX_PART_BYTES,
) -> Response:
    """Return bytes of a package from ``offset`` on; fewer than asked for at its end."""
    return Response(await service.part(package_id, offset, length), media_type=MEDIA_TYPE)


def _command(ordered: Command, word: Word | None, now: datetime) -> schemas.Command:
    if word is None:
        said: dict[str, Any] = {"reason": None, "said_at": None}
        state = "waiting" if now < ordered.expires_at else "expired"
    else:
        said = {"reason": word.detail.get("reason"), "said_at": word.said_at}
        state = STATES.get(word.kind, "refused")
    return schemas.Command.model_validate({**vars(ordered), **said, "state": state})


def _rollout(ordered: Rollout, word: Word | None) -> schemas.Rollout:
    said = {"node_id": None, "reason": None, "ended_at": ordered.stopped_at}
    state = "running" if ordered.stopped_at is None else "stopped"
    if word is not None:
        said = {
            "node_id": word.detail.get("node"),
            "reason": word.detail.get("reason"),
            "ended_at": word.said_at,
        }
        state = "done" if word.kind == notice.ROLLOUT_DONE else "halted"
    return schemas.Rollout.model_validate({**vars(ordered), **said, "state": state})
