# SPDX-License-Identifier: EUPL-1.2
"""What operators order, what gateways are told of it, and how it ended."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from cloud.kit.schemas import Body, Identifier
from wire import command

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Seconds = Annotated[int, Field(ge=60, le=30 * 86400)]


class NodeSettings(Body):
    """What may be changed on a node from afar."""

    sample_interval_s: Annotated[int, Field(ge=1, le=command.MAX_SAMPLE_INTERVAL_S)]


class CommandBody(Body):
    """Settings for a node, and until when it may still take them on."""

    settings: NodeSettings
    expires_at: AwareDatetime


class Command(BaseModel):
    """A command and what came of it: ``said_at`` is when, by the node's or its gateway's clock.

    One that has ``expired`` was not known to be applied when its time was over; the node's own word
    may still come and tell otherwise.
    """

    command_id: str
    node_id: str
    settings: dict[str, int]
    expires_at: AwareDatetime
    ordered_by: str
    ordered_at: AwareDatetime
    state: Literal["waiting", "applied", "refused", "expired"]
    reason: str | None
    said_at: AwareDatetime | None


class Package(BaseModel):
    """New firmware for one kind of board; ``package_id`` is the SHA-256 of its ``size`` bytes."""

    package_id: str
    board: str
    firmware: str
    size: int
    added_by: str
    added_at: AwareDatetime


class RolloutBody(Body):
    """A package for nodes of a gateway, all of its board if none are named.

    The first alone, then a tenth, then the rest. Each has ``limit_s`` to report the new firmware
    and must then stay with it for ``settle_s``; the first that does not ends the rollout.
    """

    package_id: Digest
    node_ids: Annotated[list[Identifier], Field(min_length=1, max_length=1000)] | None = None
    allows_downgrade: bool = False
    limit_s: Seconds = 3600
    settle_s: Annotated[int, Field(ge=0, le=86400)] = 900


class Rollout(BaseModel):
    """A rollout and what came of it; ``node_id`` is the node that ended it, if one did."""

    rollout_id: str
    gateway_id: str
    package_id: str
    node_ids: list[str]
    allows_downgrade: bool
    limit_s: int
    settle_s: int
    ordered_by: str
    ordered_at: AwareDatetime
    state: Literal["running", "done", "halted", "stopped"]
    node_id: str | None
    reason: str | None
    ended_at: AwareDatetime | None


class OrderedCommand(BaseModel):
    """A command as its gateway is told of it."""

    command_id: str
    node_id: str
    settings: dict[str, int]
    expires_s: int


class NodeOfRollout(BaseModel):
    """A node that is to be updated."""

    node_id: str
    board: str


class OrderedRollout(BaseModel):
    """A rollout as its gateway is told of it."""

    rollout_id: str
    package_id: str
    size: int
    nodes: list[NodeOfRollout]
    allows_downgrade: bool
    limit_s: int
    settle_s: int


class Orders(BaseModel):
    """All that a gateway is to do; what isn't here any more, it is to leave."""

    gateway_id: str
    commands: list[OrderedCommand]
    rollouts: list[OrderedRollout]
