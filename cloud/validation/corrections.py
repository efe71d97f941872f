# SPDX-License-Identifier: EUPL-1.2
"""Corrections as validation reads them, and as editors make and undo them."""

from collections.abc import Collection
from datetime import datetime

from cloud.kit.database import Connection
from cloud.validation import corrections_repository
from cloud.validation.correction import Correction


async def corrections_of(
    connection: Connection, service_point_ids: Collection[str], since: datetime, until: datetime
) -> list[Correction]:
    """Return the corrections that touch [since, until) and were not undone, oldest first.

    Those of usage never overlap each other at one service point; of those that exclude or accept
    no instant has two.
    """
    return await corrections_repository.standing(connection, service_point_ids, since, until)
