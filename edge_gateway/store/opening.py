# SPDX-License-Identifier: EUPL-1.2
"""Opening the file: checked, brought to this release's layout, set aside if it is damaged."""

import contextlib
import itertools
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from edge_gateway.errors import NoStoreError, StoreError, StoreTooNewError
from edge_gateway.store import entries, facts, salvage
from edge_gateway.store.migrations import SCRIPTS

FILE_NAME = "store.sqlite3"
PAGE_BYTES = 1024  # a commit writes whole pages, and few telegrams come at a time
# What was sent to the cloud unsynced, and undone by a power cut, had numbers that must not come
# again. More than can be given between two syncs.
NUMBERS_APART = 100_000
_WAL_LIMIT_BYTES = 16 * 2**20
_UNREAD = ".unread"  # ends the name of a store set aside until what can be read is brought over

log = structlog.get_logger(__name__)


def require_store(data_dir: Path) -> Path:
    """Return the path of the store of ``data_dir``, or raise NoStoreError."""
    path = data_dir / FILE_NAME
    if not path.exists():
        raise NoStoreError(data_dir)
    return path


@contextlib.contextmanager
def open_to_read(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """Give the store of ``data_dir``, in use or not, to look at only.

    Raises NoStoreError, or StoreError where the file can't be opened or read.
    """
    path = require_store(data_dir)
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{path} can't be read: {error}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What was wrong with a store that was set aside, and how many entries were saved from it."""

    reason: str
    kept_as: str
    salvaged: int


def open_or_set_aside(
    path: Path, limit_bytes: int | None
) -> tuple[sqlite3.Connection, Damage | None]:
    """Open the file; of a damaged one, kept under another name, bring over what can be read.

    A gateway that refuses to start lets every node's journal overflow in the end. The new file's
    identity tells the cloud to count anew.
    """
    reason = "An earlier start was cut short."
    try:
        db = _open(path, limit_bytes)
    except sqlite3.DatabaseError as error:
        if isinstance(
            error, sqlite3.OperationalError
        ):  # disk full, not permitted, busy: not damage
            raise
        reason = str(error)
        aside = path.with_name(f"{path.name}.damaged-{uuid.uuid4().hex[:8]}")
        _rename(path, aside.with_name(aside.name + _UNREAD))
        db = _open(path, limit_bytes)
    try:
        return db, _bring_over(db, path, reason)
    except BaseException:
        db.close()
        raise


def _bring_over(db: sqlite3.Connection, path: Path, reason: str) -> Damage | None:
    """Bring over what can be read of a store set aside, now or by a start that was cut short.

    Nothing has been stored since: a start that can't finish this does not go on.
    """
    damage = None
    for unread in path.parent.glob(f"{path.name}.damaged-*{_UNREAD}"):
        kept_as = unread.with_name(unread.name.removesuffix(_UNREAD))
        salvaged = salvage.bring_over(db, unread)
        _number_from(db, entries.last_number(db) + NUMBERS_APART)
        _rename(unread, kept_as)
        damage = Damage(reason=reason, kept_as=kept_as.name, salvaged=salvaged)
        log.error("store_damaged", **asdict(damage))
    return damage


def _rename(path: Path, to: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(to.with_name(to.name + suffix))


def _open(path: Path, limit_bytes: int | None) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = EXTRA")  # else the first journal may come back from death
        _arrange(db)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # the default of many builds loses commits in WAL
        db.execute("PRAGMA busy_timeout = 5000")
        db.execute("PRAGMA temp_store = MEMORY")  # else every savepoint writes a file
        db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        is_new = _migrate(db)
        if limit_bytes is not None:
            db.execute(f"PRAGMA max_page_count = {limit_bytes // page_bytes(db)}")
        _number_from(db, 1 if is_new else entries.last_number(db) + NUMBERS_APART)
    except BaseException:
        db.close()
        raise
    return db


def _number_from(db: sqlite3.Connection, first: int) -> None:
    """Number what is appended from ``first`` on; no number comes twice, also of what is undone."""
    db.create_function(entries.NEXT_NUMBER, 0, itertools.count(first).__next__)


def page_bytes(db: sqlite3.Connection) -> int:
    """Return the size of a page of the file."""
    return int(db.execute("PRAGMA page_size").fetchone()[0])


def used_bytes(db: sqlite3.Connection) -> int:
    """Return what of the file is in use; the rest is used again before it grows."""
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    free = db.execute("PRAGMA freelist_count").fetchone()[0]
    return int(pages - free) * page_bytes(db)


def _arrange(db: sqlite3.Connection) -> None:
    """Give the file the page size it should have; one of an earlier release is written anew."""
    if page_bytes(db) != PAGE_BYTES:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        if db.execute("PRAGMA page_count").fetchone()[0]:
            db.execute("PRAGMA journal_mode = DELETE")
            db.execute("VACUUM")


def _migrate(db: sqlite3.Connection) -> bool:
    """Bring the layout up to date; return whether the store is a new one."""
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found > len(SCRIPTS):
        raise StoreTooNewError(found, len(SCRIPTS))
    for version, script in enumerate(SCRIPTS[found:], start=found + 1):
        db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {version}; COMMIT;")
    if facts.read(db, facts.STORE_ID) is not None:
        return False
    facts.write(db, facts.STORE_ID, str(uuid.uuid4()))
    return True
