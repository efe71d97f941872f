# SPDX-License-Identifier: EUPL-1.2
"""The audit log: who changed what, in a chain of hashes that a later change would break.

An entry is written in the transaction of what it tells of, so there is the one exactly when there
is the other. The database alone appends (``append_audit``): the application can neither change nor
delete an entry. Entries follow one another, so the lock is held to the end of the transaction:
record last.

The chain names people by pseudonyms ("user:7"); who that is stands in the table of users, and is
gone from there when the person is erased. What else tells of a person is handed over as
``personal``: it is kept beside the chain, which holds its salted digest, and can be erased, too.
Source: GDPR article 4 (5) and recital 26; EDPB Guidelines 02/2025, on digests beside a chain.
"""

from collections.abc import Mapping
from datetime import datetime
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
    person: str | None = None,
    personal: Mapping[str, Any] | None = None,
    **details: Any,
) -> None:
    """Note that ``caller`` (None: the system itself) did ``action`` with ``about``.

    ``action`` is a thing and a verb ("alert.acknowledged"), ``about`` a kind and an id
    ("alert:f3…"), ``details`` what JSON can hold; never a secret. E-mails, names, addresses of
    browsers and what people wrote in their own words go into ``personal``; ``person`` ("user:7")
    is whom that tells of, or the caller.
    """
    actor = caller.subject if caller else SYSTEM
    await run(
        connection,
        "select append_audit(%(actor)s, %(action)s, %(about)s, %(premises_id)s, %(details)s,"
        " %(person)s, %(personal)s)",
        actor=actor,
        action=action,
        about=about,
        premises_id=premises_id,
        details=Jsonb({name: _plain(detail) for name, detail in details.items()}),
        person=person or actor,
        personal=Jsonb(dict(personal)) if personal else None,
    )


def changed(before: object | None, after: object) -> list[str]:
    """Return the names of the fields that are new or other than before, in order of name."""
    return sorted(
        name
        for name, value in vars(after).items()
        if before is None or getattr(before, name) != value
    )


def _plain(detail: Any) -> Any:
    return detail.isoformat() if isinstance(detail, datetime) else detail
