# SPDX-License-Identifier: EUPL-1.2
"""Notices: what a gateway has to say of itself, admitted with the batch it comes in."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from cloud.kit.database import Connection, Database
from cloud.meters.service import require_gateway
from cloud.readings import notices_repository
from cloud.readings.models import Admission, Entry, Reason
from wire import notice
from wire.errors import WireError


async def admit(
    connection: Connection, gateway_id: str, store: str, entries: Sequence[Entry]
) -> Admission:
    """Store, count as repeated, or refuse each notice: its number makes it the same one."""
    admission = Admission()
    clear: dict[int, Entry] = {}
    for entry in entries:
        try:
            notice.from_body(entry.body)
        except WireError as error:
            admission.refuse(entry, Reason.UNDECODABLE, str(error))
        else:
            clear.setdefault(entry.number, entry)
    if clear:
        admission.stored = await notices_repository.add(
            connection, gateway_id, store, list(clear.values())
        )
    admission.repeated = len(entries) - len(admission.refused) - admission.stored
    return admission


class Notices:
    """What gateways have noticed, for operators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_gateway(self, gateway_id: str, before: int | None, limit: int) -> list[DictRow]:
        """Return a gateway's notices, newest first, or raise NotFoundError."""
        async with self._database.transaction() as connection:
            await require_gateway(connection, gateway_id)
            return await notices_repository.page(connection, gateway_id, before, limit)
