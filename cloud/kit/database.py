# SPDX-License-Identifier: EUPL-1.2
"""Database: a pool of PostgreSQL connections, and transactions with an end.

A transaction that doesn't finish in time is rolled back and answered with 503: a gateway then
sends again, which is harmless.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from cloud.kit.auth import row_security

Connection = psycopg.AsyncConnection[DictRow]

CONNECT_TIMEOUT_S = 3
TRANSACTION_TIMEOUT_S = 20
ASK_AGAIN_S = 0.25  # each asking makes the pool connect anew; its own backoff outlasts an outage
RECONNECT_GIVE_UP_S = 0.0


class Database:
    """The pool; ``dsn`` serves those who need a connection of their own."""

    def __init__(self, dsn: str, pool_size: int) -> None:
        self.dsn = psycopg.conninfo.make_conninfo(
            dsn,
            connect_timeout=CONNECT_TIMEOUT_S,
            options="-c TimeZone=UTC -c statement_timeout=30s"
            " -c idle_in_transaction_session_timeout=60s",
        )
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self.dsn,
            kwargs={"row_factory": dict_row},
            min_size=2,
            max_size=pool_size,
            timeout=CONNECT_TIMEOUT_S,
            reconnect_timeout=RECONNECT_GIVE_UP_S,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        self._joined: ContextVar[Connection | None] = ContextVar("joined", default=None)
        self._sight: ContextVar[str | None] = ContextVar("sight", default=None)  # of the joined one

    async def open(self) -> None:
        """Open the pool; connections are made in the background."""
        await self._pool.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close(timeout=2)

    @asynccontextmanager
    async def transaction(
        self, timeout_s: float = TRANSACTION_TIMEOUT_S, *, as_system: bool = False
    ) -> AsyncIterator[Connection]:
        """Yield a connection in a transaction that commits at the end, or rolls back.

        Inside ``joined`` it is a part of the one joined, and commits with it. Where a request is
        being answered, the database shows only what its caller may see, and takes no writes, unless
        ``as_system``: see ``row_security``.
        """
        subject = None if as_system else row_security.subject()
        async with asyncio.timeout(timeout_s):
            joined = self._joined.get()
            if joined is not None:
                async with joined.transaction(), self._seen_by(joined, subject):
                    yield joined
                return
            connection = await self._connection()
            try:
                async with connection:
                    if subject is not None:
                        await row_security.switch(connection, subject)
                    yield connection
            finally:
                await self._pool.putconn(connection)

    @contextmanager
    def joined(self, connection: Connection) -> Iterator[None]:
        """Make every transaction of this task a part of that of ``connection`` meanwhile.

        ``connection`` must be in a transaction ``as_system``.
        """
        before, sight = self._joined.set(connection), self._sight.set(None)
        try:
            yield
        finally:
            self._sight.reset(sight)
            self._joined.reset(before)

    @asynccontextmanager
    async def _seen_by(self, joined: Connection, subject: str | None) -> AsyncIterator[None]:
        """Give a part of a joined transaction the sight of ``subject``, and take it back after.

        A part that fails is rolled back, and with it what it set.
        """
        outer = self._sight.get()
        if subject == outer:
            yield
            return
        await row_security.switch(joined, subject)
        before = self._sight.set(subject)
        try:
            yield
        finally:
            self._sight.reset(before)
        await row_security.switch(joined, outer)

    async def _connection(self) -> Connection:
        """Return a connection of the pool, asking again while the server starts."""
        deadline = asyncio.get_running_loop().time() + CONNECT_TIMEOUT_S
        while True:
            try:
                return await self._pool.getconn(timeout=ASK_AGAIN_S)
            except PoolTimeout:
                if asyncio.get_running_loop().time() > deadline:
                    raise

    def pool_state(self) -> dict[str, int]:
        """Return psycopg's figures of the pool: size, available, waiting."""
        return self._pool.get_stats()

    async def is_ready(self) -> bool:
        """Tell whether the database answers."""
        try:
            async with self.transaction(timeout_s=CONNECT_TIMEOUT_S) as connection:
                await connection.execute("select 1")
        except (psycopg.Error, TimeoutError):
            return False
        return True


async def rows(connection: Connection, query: str, **parameters: Any) -> list[DictRow]:
    """Return all rows of ``query``."""
    cursor = await connection.execute(query.encode(), parameters)
    return await cursor.fetchall()


async def row(connection: Connection, query: str, **parameters: Any) -> DictRow | None:
    """Return the first row of ``query``, or None."""
    cursor = await connection.execute(query.encode(), parameters)
    return await cursor.fetchone()


async def run(connection: Connection, query: str, **parameters: Any) -> int:
    """Run ``query`` and return how many rows it changed."""
    cursor = await connection.execute(query.encode(), parameters)
    return cursor.rowcount


async def lock(connection: Connection, name: str) -> None:
    """Wait for the lock ``name`` and hold it to the end of the transaction."""
    await run(connection, "select pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", name=name)


def integers(numbers: Iterable[int]) -> str:
    """Return an array literal; the driver's own takes several times as long for thousands."""
    return "{" + ",".join(map(str, numbers)) + "}"


def texts(strings: Iterable[str | None]) -> str:
    """Return an array literal of texts without NUL; None becomes null."""
    quoted = (
        "null" if one is None else '"' + one.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for one in strings
    )
    return "{" + ",".join(quoted) + "}"
