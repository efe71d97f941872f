# SPDX-License-Identifier: EUPL-1.2
"""Storing: telegrams that are new become readings, current readings, stale marks and news.

Readings are stored whether or not a meter is recorded for them: an installation that is recorded
later finds them there.
"""

from collections.abc import Sequence

from cloud.kit.database import Connection
from cloud.kit.live import announce
from cloud.readings import ledger_repository, news, repository
from cloud.readings.columns import Columns
from cloud.readings.ledger_repository import Place
from cloud.readings.models import Current
from wire import reading_types


async def store(connection: Connection, telegrams: Sequence[Columns]) -> None:
    """Store telegrams that the ledger has just got to know."""
    places = {(one.node_id, code) for one in telegrams for code in one.registers}
    channels = await ledger_repository.channel_ids(connection, places)
    await repository.add_readings(connection, telegrams, channels)
    async with connection.pipeline():
        await repository.add_stale(
            connection, {channels[place]: span for place, span in _spans(telegrams).items()}
        )
        advanced = await repository.advance(connection, _newest(telegrams), channels)
    await announce(connection, await news.of(connection, advanced))


def _newest(telegrams: Sequence[Columns]) -> list[Current]:
    """Return the newest reading of each channel."""
    newest: dict[Place, Current] = {}
    for one in telegrams:
        at = one.newest
        for code, column in one.registers.items():
            reading = Current(
                node_id=one.node_id,
                obis=code,
                read_at_s=int(one.read_at_s[at]),
                boot=one.boot,
                sequence=int(one.sequence[at]),
                register=int(column[at]),
                received_at_ms=int(one.received_at_ms[at]),
                quality=int(one.quality[at]),
            )
            known = newest.get((one.node_id, code))
            if known is None or reading.age > known.age:
                newest[one.node_id, code] = reading
    return list(newest.values())


def _spans(telegrams: Sequence[Columns]) -> dict[Place, tuple[int, int]]:
    """Return the times of the first and the last reading of each register, in Unix s.

    Instantaneous quantities are not among them: no usage is made from them.
    """
    spans: dict[Place, tuple[int, int]] = {}
    for one in telegrams:
        first_s, last_s = int(one.read_at_s.min()), int(one.read_at_s.max())
        for code in one.registers:
            if reading_types.parse(code)[0].kind == reading_types.REGISTER:
                known = spans.get((one.node_id, code), (first_s, last_s))
                spans[one.node_id, code] = (min(known[0], first_s), max(known[1], last_s))
    return spans
