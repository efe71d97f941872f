# SPDX-License-Identifier: EUPL-1.2
"""The SQLite file, its one thread, and transactions that are on the disk when they return."""

import asyncio
import fcntl
import sqlite3
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Self, TypeVar

import structlog

from edge_gateway.errors import (
    StoreDamagedError,
    StoreError,
    StoreInUseError,
    StoreTooNewError,
)
from edge_gateway.store import facts
from edge_gateway.store.migrations import SCRIPTS

FILE_NAME = "store.sqlite3"
_LOCK_NAME = "store.lock"
_WAL_LIMIT_BYTES = 16 * 2**20
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

AnswerT = TypeVar("AnswerT")
log = structlog.get_logger(__name__)


class Store:
    """The gateway's memory. All work on it takes turns in one thread of its own.

    While one commit waits for the disk, whoever uses the store gathers the next: see Intake.
    """

    def __init__(self, path: Path, lock: IO[str], thread: ThreadPoolExecutor) -> None:
        self.path = path
        self.outbox_grew = asyncio.Event()  # set by intake, awaited by the forwarder
        self._lock = lock
        self._thread = thread
        self._db: sqlite3.Connection

    @classmethod
    async def open(cls, data_dir: Path) -> Self:
        """Open the store in ``data_dir``, making or migrating it; one process at a time may."""
        lock = _lock(data_dir)
        store = cls(data_dir / FILE_NAME, lock, ThreadPoolExecutor(1, thread_name_prefix="store"))
        try:
            store._db = await store._in_thread(lambda: _open_or_set_aside(store.path))
        except BaseException:
            store._thread.shutdown()
            lock.close()
            raise
        return store

    async def write(self, work: Callable[[sqlite3.Connection], AnswerT]) -> AnswerT:
        """Run ``work`` in a transaction; when this returns, its writes outlive a power cut.

        Raises StoreError when the disk is full or fails; then nothing of it is kept. Raises
        StoreDamagedError when the file is no longer whole.
        """
        return await self._in_thread(lambda: _transact(self._db, work))

    async def write_unsynced(self, work: Callable[[sqlite3.Connection], AnswerT]) -> AnswerT:
        """Run ``work`` in a transaction that a power cut may undo, whole, until the next ``write``.

        Spares an SD card the sync where undoing costs nothing but work done twice.
        """
        return await self._in_thread(lambda: _transact_unsynced(self._db, work))

    async def read(self, work: Callable[[sqlite3.Connection], AnswerT]) -> AnswerT:
        """Run ``work``, which only reads."""
        return await self._in_thread(lambda: work(self._db))

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        await self._in_thread(self._db.close)
        self._thread.shutdown()
        self._lock.close()

    async def _in_thread(self, work: Callable[[], AnswerT]) -> AnswerT:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            # SQLite's manual: the low 8 bits of an extended result code are the primary one
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            kind = StoreDamagedError if code in _DAMAGE else StoreError
            raise kind(f"The store at {self.path} failed: {error}.") from error


def _lock(data_dir: Path) -> IO[str]:
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = (data_dir / _LOCK_NAME).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreInUseError(data_dir) from None
    return lock


def _transact(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], AnswerT]) -> AnswerT:
    db.execute("BEGIN IMMEDIATE")
    try:
        answer = work(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return answer


def _transact_unsynced(
    db: sqlite3.Connection, work: Callable[[sqlite3.Connection], AnswerT]
) -> AnswerT:
    db.execute("PRAGMA synchronous = NORMAL")
    try:
        return _transact(db, work)
    finally:
        db.execute("PRAGMA synchronous = FULL")


def _open_or_set_aside(path: Path) -> sqlite3.Connection:
    """Open the file; a damaged one is kept under another name and a new one begun.

    A gateway that refuses to start lets every node's journal overflow in the end. Nodes still hold
    whatever was not acknowledged, and the new file's identity tells the cloud to count anew.
    """
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        if isinstance(
            error, sqlite3.OperationalError
        ):  # disk full, not permitted, busy: not damage
            raise
        aside = path.with_name(f"{path.name}.damaged-{uuid.uuid4().hex[:8]}")
        log.error("store_damaged", error=str(error), kept_as=str(aside))
        for suffix in ("", "-wal", "-shm"):
            damaged = path.with_name(path.name + suffix)
            if damaged.exists():
                damaged.rename(aside.with_name(aside.name + suffix))
        return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # the default of many builds loses commits in WAL
        db.execute("PRAGMA busy_timeout = 5000")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        _migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection) -> None:
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found > len(SCRIPTS):
        raise StoreTooNewError(found, len(SCRIPTS))
    for version, script in enumerate(SCRIPTS[found:], start=found + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {version}; COMMIT;")
    if facts.read(db, facts.STORE_ID) is None:
        facts.write(db, facts.STORE_ID, str(uuid.uuid4()))
