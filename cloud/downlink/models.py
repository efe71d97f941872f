# SPDX-License-Identifier: EUPL-1.2
"""Commands, packages and rollouts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Command:
    """Settings that a node is to take on before ``expires_at``."""

    command_id: str
    place: int
    node_id: str
    settings: dict[str, int]
    expires_at: datetime
    ordered_by: str
    ordered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Package:
    """New firmware for one kind of board; ``size`` in bytes, ``package_id`` their digest."""

    package_id: str
    board: str
    firmware: str
    size: int
    added_by: str
    added_at: datetime


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """A package for some nodes of a gateway, in waves in the order of ``node_ids``.

    Each node has ``limit_s`` to report the new firmware, and must then stay with it ``settle_s``.
    """

    rollout_id: str
    place: int
    gateway_id: str
    package_id: str
    node_ids: list[str]
    allows_downgrade: bool
    limit_s: int
    settle_s: int
    ordered_by: str
    ordered_at: datetime
    stopped_by: str | None
    stopped_at: datetime | None
