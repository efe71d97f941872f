# SPDX-License-Identifier: EUPL-1.2
"""Counts who looks at people's data, in memory, and stores the counts in batches.

One counter in a dictionary is all that a request pays. A killed process loses the counts of its
last seconds; one that stops stores them first.
"""

import asyncio
from collections import Counter

import psycopg
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kit.auth.rights import Principal, Role
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.heads import with_head
from cloud.privacy import accesses_repository
from cloud.privacy.looks import Look, target

log = structlog.get_logger(__name__)

STORE_EVERY_S = 10
MOST_KEPT = 100_000  # different ones, while the database is away: some 30 MB
SHOWN = frozenset({200, 206, 304})  # 304: the client has that answer already, and shows it


class Accesses:
    """The counts that wait to be stored."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: Counter[Look] = Counter()
        self._lost = 0

    def count(self, caller: Principal, method: str, path: str, ids: dict[str, object]) -> None:
        """Count a look, if the route shows people's data and a person or program asked."""
        aim = target(method, path, ids) if caller.role != Role.GATEWAY else None
        if aim is None:
            return
        look = Look(
            hour=self._clock.now().replace(minute=0, second=0, microsecond=0),
            subject=caller.subject,
            role=caller.role,
            supplier_id=caller.supplier_id,
            target=aim,
        )
        if look in self._waiting or len(self._waiting) < MOST_KEPT:
            self._waiting[look] += 1
        else:
            self._lost += 1

    async def run(self) -> None:
        """Store what was counted every few seconds until cancelled, and then once more."""
        try:
            while True:
                await asyncio.sleep(STORE_EVERY_S)
                await self._try_to_store()
        finally:
            await self._try_to_store()

    async def _try_to_store(self) -> None:
        try:
            await self.store()
        except (psycopg.Error, TimeoutError) as error:
            log.warning("accesses_put_off", waiting=len(self._waiting), error=str(error)[:200])

    async def store(self) -> None:
        """Store what was counted; what can't be stored now stays."""
        if self._lost:
            log.error("accesses_lost", count=self._lost)
            self._lost = 0
        taken, self._waiting = self._waiting, Counter()
        if not taken:
            return
        try:
            async with self._database.transaction(as_system=True) as connection:
                await accesses_repository.add(connection, taken)
        except BaseException:
            self._waiting.update(taken)
            raise


class CountLooks:
    """Counts each answer below ``prefix`` that shows something to a caller."""

    def __init__(self, app: ASGIApp, prefix: str, accesses: Accesses) -> None:
        self._app = app
        self._prefix = prefix
        self._accesses = accesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it as its answer begins: a stream ends late, or never."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return

        def count(head: Message) -> None:
            if head["status"] in SHOWN:
                self._count(scope)

        await self._app(scope, receive, with_head(send, count))

    def _count(self, scope: Scope) -> None:
        caller: Principal | None = scope.get("state", {}).get("caller")
        route = scope.get("route")
        if caller is not None and route is not None:
            path = str(route.path).removeprefix(self._prefix)
            self._accesses.count(caller, scope["method"], path, scope.get("path_params", {}))
