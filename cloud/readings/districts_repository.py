# SPDX-License-Identifier: EUPL-1.2
"""Sums over districts, as the database lets anybody have them: cloud/migrations/district_functions.

The functions hold the rules of what may be told, so that nothing here can tell more.
"""

from datetime import datetime

from psycopg.rows import DictRow

from cloud.kit.database import Connection, rows


async def districts(connection: Connection, at_least: int) -> list[DictRow]:
    """Return the districts that may be told of, by name."""
    return await rows(connection, "select * from seen.districts(%(at_least)s)", at_least=at_least)


async def usage(
    connection: Connection,
    district: str,
    utility: str,
    since: datetime,
    until: datetime,
    at_least: int,
) -> list[DictRow]:
    """Return those sums of the months in [since, until), and of their days, that may be told."""
    return await rows(
        connection,
        "select * from seen.district_usage(%(district)s, %(utility)s, %(since)s, %(until)s,"
        " %(at_least)s)",
        district=district,
        utility=utility,
        since=since,
        until=until,
        at_least=at_least,
    )
