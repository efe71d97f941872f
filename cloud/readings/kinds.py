# SPDX-License-Identifier: EUPL-1.2
"""What all buildings of one kind used in a month, for figures from which none can be told."""

from datetime import date

from cloud.kit.database import Connection
from cloud.kit.hypertable import ZONE
from cloud.readings import kinds_repository
from cloud.readings.service import NOT_USED
from cloud.readings.usage import MONTH, boundaries
from wire import reading_types


async def month_of_kind(
    connection: Connection, kind: str, utility: str, first: date, end: date
) -> dict[str, int]:
    """Return what each building of a kind used of a utility in the month [first, end).

    In the reading type's unit, by building; only those that are known in full. Whoever asks: for
    other modules, not for callers.
    """
    names = [
        one.name
        for one in reading_types.ALL
        if one.utility == utility
        and one.kind == reading_types.REGISTER
        and one.name not in NOT_USED
    ]
    start, stop = boundaries(MONTH, first, end, ZONE)
    found = await kinds_repository.month_of_kind(connection, kind, names, start, stop)
    return {one["premises_id"]: one["usage"] for one in found}
