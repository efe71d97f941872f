# SPDX-License-Identifier: EUPL-1.2
"""Revocations: whoever loses access is told of to every process, so that open streams can end.

Travels by PostgreSQL's NOTIFY with the transaction that takes the access away.
"""

from cloud.kit.database import Connection, run

CHANNEL = "iskar_revoked"


async def announce_revoked(connection: Connection, subject: str) -> None:
    """Tell every process, once this commits, that ``subject`` ("user:7") may see less now."""
    await run(
        connection,
        "select pg_notify(%(channel)s, %(subject)s)",
        channel=CHANNEL,
        subject=subject,
    )
