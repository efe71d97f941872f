# SPDX-License-Identifier: EUPL-1.2
"""Grants: who may see which building, or which of its service points, and from when on."""

from collections.abc import Iterable
from datetime import datetime

from cloud.kit.auth.rights import Grant

Kept = tuple[str, list[str] | None, str | None]  # premises, service points, since


def grants_in(kept: Iterable[Kept]) -> frozenset[Grant]:
    """Return grants as the queries of the repositories give them."""
    return frozenset(
        Grant(
            premises_id=premises_id,
            service_point_ids=None if points is None else frozenset(points),
            since=None if since is None else datetime.fromisoformat(since),
        )
        for premises_id, points, since in kept
    )
