# SPDX-License-Identifier: EUPL-1.2
"""The audit log: who changed what, in a chain of hashes that a later change would break.

An entry is written in the transaction of what it tells of, so there is the one exactly when there
is the other. The database alone appends (``append_audit``): the application can neither change nor
delete an entry. Entries follow one another, so the lock is held to the end of the transaction:
record last.
"""

from typing import Any

from psycopg.types.json import Jsonb

from cloud.kit.auth.rights import Principal
from cloud.kit.database import Connection, run

SYSTEM = "system"  # who acts when no caller does: jobs, commands


async def record(
    connection: Connection,
    caller: Principal | None,
    action: str,
    about: str,
    *,
    premises_id: str | None = None,
    **details: Any,
) -> None:
    """Note that ``caller`` (None: the system itself) did ``action`` with ``about``.

    ``action`` is a thing and a verb ("alert.acknowledged"), ``about`` a kind and an id
    ("alert:f3…"), ``details`` what JSON can hold; never a secret, never more of a person than what
    the entry is for.
    """
    await run(
        connection,
        "select append_audit(%(actor)s, %(signature)s, %(action)s, %(about)s, %(premises_id)s,"
        " %(details)s)",
        actor=caller.subject if caller else SYSTEM,
        signature=caller.signature if caller else SYSTEM,
        action=action,
        about=about,
        premises_id=premises_id,
        details=Jsonb(details),
    )
