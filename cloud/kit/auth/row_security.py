# SPDX-License-Identifier: EUPL-1.2
"""Row security: the database itself shows a caller only what is theirs.

While a request of an owner, tenant, utility or municipality is answered, an ordinary transaction
acts as the database role ``iskar_caller``. That role may only read, only what migration 0014
grants it, and only the rows that belong to the subject named here: what is granted to a subject is
looked up by the database in its own tables, so that a forgotten filter shows nothing, and a grant
that is revoked ends with the next statement. Operators, technicians, gateways and everything
outside of requests act as the system, and so does who asks for ``as_system``.

A request begins with sight of nothing. What has to be known before it is known who calls, such as
whose session this is, is asked ``as_system``.

It guards against our own mistakes, not against foreign SQL: who can run any statement on the
connection can also leave the role. That is what parameters are for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.kit.auth.rights import SEES_ALL, Principal, Role

NOBODY = ""  # the subject of a request before it is known who calls

_subject: ContextVar[str | None] = ContextVar("subject", default=None)

# The functions and policies of migration 0014 know these names.
_SEE = (
    b"select set_config('iskar.subject', %s, true),"
    b" set_config('search_path', 'seen, public, pg_temp', true),"
    b" set_config('role', 'iskar_caller', true)"
)
_SEE_ALL = b"set local role none; set local search_path to default; set local iskar.subject to ''"


class BeginWithNobody:
    """Begins every request with sight of nothing, and forgets afterwards who called."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        with seen_as(NOBODY):
            await self._app(scope, receive, send)


@contextmanager
def seen_as(subject: str | None) -> Iterator[None]:
    """Give ordinary transactions the sight of ``subject`` meanwhile; None for the system's."""
    before = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(before)


def see_as(caller: Principal) -> None:
    """Show this request, from now on, what its caller may see."""
    sees_all = caller.role in SEES_ALL or caller.role is Role.GATEWAY
    _subject.set(None if sees_all else caller.subject)


def subject() -> str | None:
    """Return whose sight an ordinary transaction has now; None for the system's."""
    return _subject.get()


async def switch(connection: psycopg.AsyncConnection[Any], subject: str | None) -> None:
    """Give the rest of a transaction the sight of ``subject``; None for the system's."""
    if subject is None:
        await connection.execute(_SEE_ALL)
    else:
        await connection.execute(_SEE, [subject])
