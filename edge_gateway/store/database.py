# SPDX-License-Identifier: EUPL-1.2
"""The SQLite file, its one thread, and transactions that are on the disk when they return."""

import asyncio
import fcntl
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Self, TypeVar

import structlog

from edge_gateway.errors import StoreDamagedError, StoreError, StoreInUseError
from edge_gateway.store.opening import FILE_NAME, Damage, open_or_set_aside

__all__ = ["FILE_NAME", "Store"]

_LOCK_NAME = "store.lock"
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

AnswerT = TypeVar("AnswerT")
log = structlog.get_logger(__name__)


def _always() -> bool:
    return True


def _never() -> bool:
    return False


class Store:
    """The gateway's memory. All work on it takes turns in one thread of its own.

    One transaction stays open while writes gather in it, seen by every read here, until ``write``
    or ``sync`` puts them on the disk together: an SD card wears by the page and by the sync. What
    was gathered and not synced when the power is cut, or the disk refuses, is undone, all of it.
    """

    def __init__(self, path: Path, lock: IO[str], thread: ThreadPoolExecutor) -> None:
        self.path = path
        self.outbox_grew = asyncio.Event()  # set by intake, awaited by the forwarder
        self.damage: Damage | None = None  # of the file that was there; a new one took its place
        self._lock = lock
        self._thread = thread
        self._db: sqlite3.Connection
        self._when_undone: list[Callable[[], None]] = []

    @classmethod
    async def open(cls, data_dir: Path, limit_bytes: int | None = None) -> Self:
        """Open the store in ``data_dir``, making or migrating it; one process at a time may.

        Its file grows to ``limit_bytes`` at most; then writes fail as they do on a full disk.
        """
        lock = _lock(data_dir)
        store = cls(data_dir / FILE_NAME, lock, ThreadPoolExecutor(1, thread_name_prefix="store"))
        try:
            store._db, store.damage = await store._in_thread(
                lambda: open_or_set_aside(store.path, limit_bytes)
            )
        except BaseException:
            store._thread.shutdown()
            lock.close()
            raise
        return store

    def when_undone(self, forget: Callable[[], None]) -> None:
        """Call ``forget``, in the store's thread, whenever unsynced writes were undone."""
        self._when_undone.append(forget)

    async def write(self, work: Callable[[sqlite3.Connection], AnswerT]) -> AnswerT:
        """Run ``work``; when this returns, its writes and all before them outlive a power cut.

        Raises StoreError when the disk is full or fails; then nothing of it is kept. Raises
        StoreDamagedError when the file is no longer whole.
        """
        return await self._in_thread(lambda: self._work(work, _always))

    async def write_unsynced(
        self,
        work: Callable[[sqlite3.Connection], AnswerT],
        unless: Callable[[], bool] = _never,
    ) -> AnswerT:
        """Run ``work``, whose writes a power cut may undo until the next ``write`` or ``sync``.

        They are synced at once if ``unless`` says so, asked in the store's thread after ``work``.
        """
        return await self._in_thread(lambda: self._work(work, unless))

    async def sync(self, then: Callable[[], AnswerT]) -> AnswerT:
        """Put on the disk what was written unsynced, and return what ``then`` says after that.

        ``then`` runs in the store's thread, before anything else is written.
        """

        def work() -> AnswerT:
            self._commit()
            return then()

        return await self._in_thread(work)

    async def read(self, work: Callable[[sqlite3.Connection], AnswerT]) -> AnswerT:
        """Run ``work``, which only reads."""
        return await self._in_thread(lambda: self._read(work))

    async def close(self) -> None:
        """Finish what is under way, sync, and close the file."""
        try:
            await self.sync(lambda: None)
        except StoreError as error:
            log.error("store_not_synced", error=str(error))
        finally:
            await self._in_thread(self._db.close)
            self._thread.shutdown()
            self._lock.close()

    def _work(
        self, work: Callable[[sqlite3.Connection], AnswerT], is_durable: Callable[[], bool]
    ) -> AnswerT:
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("SAVEPOINT work")
        try:
            answer = work(self._db)
            self._db.execute("RELEASE work")
        except BaseException:
            self._undo_work()
            raise
        if is_durable():
            self._commit()
        return answer

    def _read(self, work: Callable[[sqlite3.Connection], AnswerT]) -> AnswerT:
        was_open = self._db.in_transaction
        try:
            return work(self._db)
        except BaseException:
            # SQLite's manual, "Response to errors within a transaction": what can't be read may
            # undo all that was written.
            if was_open and not self._db.in_transaction:
                self._tell_undone()
            raise

    def _undo_work(self) -> None:
        """Undo one work; or all, where a failing disk has done so or leaves no other way."""
        try:
            self._db.execute("ROLLBACK TO work")
            self._db.execute("RELEASE work")
        except sqlite3.Error:
            self._undo()

    def _commit(self) -> None:
        if not self._db.in_transaction:
            return
        try:
            self._db.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        self._tell_undone()

    def _tell_undone(self) -> None:
        for forget in self._when_undone:
            forget()

    async def _in_thread(self, work: Callable[[], AnswerT]) -> AnswerT:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            # SQLite's manual: the low 8 bits of an extended result code are the primary one
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            kind = StoreDamagedError if code in _DAMAGE else StoreError
            raise kind(f"The store at {self.path} failed: {error}.") from error


def _lock(data_dir: Path) -> IO[str]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / _LOCK_NAME).open("w")
    except OSError as error:
        raise StoreError(f"{data_dir} takes no writes: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreInUseError(data_dir) from None
    return lock
