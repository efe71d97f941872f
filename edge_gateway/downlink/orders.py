# SPDX-License-Identifier: EUPL-1.2
"""Orders as the cloud tells them, each checked by itself: one that is wrong holds up no other."""

from typing import Annotated, Any, TypeVar

import structlog
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from edge_gateway.errors import CloudUnreachableError
from edge_gateway.settings import Identifier
from wire import command, fields, package

MAX_WAIT_S = 30 * 86400  # the cloud lets nobody order more

log = structlog.get_logger(__name__)

ModelT = TypeVar("ModelT", bound=BaseModel)


def _settings(content: dict[str, int]) -> dict[str, int]:
    command.check_settings(content)
    return content


def _unlike(nodes: "list[NodeOfRollout]") -> "list[NodeOfRollout]":
    if len({node.node_id for node in nodes}) != len(nodes):
        raise ValueError("a node is named twice")
    return nodes


PackageId = Annotated[str, AfterValidator(lambda text: fields.digest(text, "package"))]


class OrderedCommand(BaseModel):
    """Settings for a node, until ``expires_s`` of Unix time."""

    command_id: Identifier
    node_id: Identifier
    settings: Annotated[dict[str, int], AfterValidator(_settings)]
    expires_s: int = Field(ge=0, le=fields.MAX_UNIX_S)


class NodeOfRollout(BaseModel):
    """A node that is to be updated, and the board that the registry says it has."""

    node_id: Identifier
    board: str


class OrderedRollout(BaseModel):
    """A package of ``size`` bytes for these nodes, in this order.

    Each has ``limit_s`` to report the new firmware and must then stay with it for ``settle_s``.
    """

    rollout_id: Identifier
    package_id: PackageId
    size: int = Field(ge=1, le=package.MAX_BYTES)
    nodes: Annotated[list[NodeOfRollout], AfterValidator(_unlike)]
    allows_downgrade: bool = False
    limit_s: int = Field(ge=1, le=MAX_WAIT_S)
    settle_s: int = Field(ge=0, le=MAX_WAIT_S)


class Orders(BaseModel):
    """All that this gateway is to do."""

    commands: list[OrderedCommand]
    rollouts: list[OrderedRollout]


def understood(answer: dict[str, Any]) -> Orders:
    """Return the orders of the cloud's answer, or raise CloudUnreachableError if it is none."""
    commands, rollouts = answer.get("commands"), answer.get("rollouts")
    if not isinstance(commands, list) or not isinstance(rollouts, list):
        raise CloudUnreachableError("The answer holds no orders.")
    return Orders(
        commands=_each(OrderedCommand, commands), rollouts=_each(OrderedRollout, rollouts)
    )


def _each(kind: type[ModelT], told: list[Any]) -> list[ModelT]:
    found = []
    for one in told:
        try:
            found.append(kind.model_validate(one))
        except ValidationError as error:  # of a later release perhaps; in the cloud it expires
            log.warning("order_not_understood", reason=str(error))
    return found
