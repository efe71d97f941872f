# SPDX-License-Identifier: EUPL-1.2
"""A disk that keeps count: every write, truncation and sync that SQLite does, in order.

Under SQLite's own file layer, so that what is not yet synced is known to the byte, and a power cut
can be played at any instant: see ``as_after_a_power_cut``.
"""

import _sqlite3
import ctypes
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

BLOCK_BYTES = 4096  # of the file system, and the least that a write costs an SD card
SECTOR_BYTES = 512  # the most that a disk surely writes whole


@dataclass(frozen=True, slots=True)
class Write:
    name: str
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncation:
    name: str
    length: int


@dataclass(frozen=True, slots=True)
class Sync:
    name: str


@dataclass(frozen=True, slots=True)
class Deletion:
    name: str
    is_synced: bool


Step = Write | Truncation | Sync | Deletion


class _Methods(ctypes.Structure):
    """sqlite3_io_methods; x1, x2, x3 and x4 are xRead, xWrite, xTruncate and xSync."""

    _fields_ = [("version", ctypes.c_int)] + [(f"x{n}", ctypes.c_void_p) for n in range(18)]


_METHODS_OF_VERSION_1 = 13  # xShmMap and the rest follow; pages of memory, which no disk keeps


class _File(ctypes.Structure):
    _fields_ = [("methods", ctypes.POINTER(_Methods))]


_FileP = ctypes.POINTER(_File)
_OpenCall = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
    _FileP,
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_int),
)
_DeleteCall = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_WriteCall = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
)
_ReadCall = _WriteCall
_TruncateCall = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_SyncCall = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_int),
        ("file_bytes", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("app_data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
        ("delete", ctypes.c_void_p),
        ("others", ctypes.c_void_p * 14),
    ]


@dataclass
class Disk:
    """What was done to it, in order, and the codes that it fails with.

    ``fault`` is that of writes and syncs, ``read_fault`` that of reads.
    """

    steps: list[Step] = field(default_factory=list)
    fault: int | None = None
    read_fault: int | None = None


@contextmanager
def watched_disk() -> Iterator[Disk]:
    """Give the disk on which everything happens that SQLite does meanwhile."""
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    plain = library.sqlite3_vfs_find(None)
    watching = _Vfs()
    ctypes.pointer(watching)[0] = plain.contents
    watching.name = b"watched"
    disk = Disk()
    layer = _Layer(disk, plain)
    watching.open = ctypes.cast(layer.open_call, ctypes.c_void_p)
    watching.delete = ctypes.cast(layer.delete_call, ctypes.c_void_p)
    library.sqlite3_vfs_register(ctypes.byref(watching), 1)
    try:
        yield disk
    finally:
        library.sqlite3_vfs_register(plain, 1)
        library.sqlite3_vfs_unregister(ctypes.byref(watching))


class _Layer:
    """Stands between SQLite and its layer for files; passes everything on."""

    def __init__(self, disk: Disk, plain: "ctypes._Pointer[_Vfs]") -> None:
        self._disk = disk
        self._plain = plain
        self._names: dict[int, str] = {}
        self._kept: list[object] = []  # what C code points to must not be collected
        self._methods: dict[int, _Methods] = {}
        self.open_call = _OpenCall(self._open)
        self.delete_call = _DeleteCall(self._delete)

    def _open(self, _vfs, name, file, flags, out_flags):  # type: ignore[no-untyped-def]
        plain_open = _OpenCall(self._plain.contents.open)
        answer = plain_open(ctypes.cast(self._plain, ctypes.c_void_p), name, file, flags, out_flags)
        if answer == 0 and name and file.contents.methods:
            address = ctypes.cast(file, ctypes.c_void_p).value
            self._names[address] = Path(ctypes.string_at(name).decode()).name
            file.contents.methods = ctypes.pointer(self._watching(file.contents.methods))
        return answer

    def _delete(self, _vfs, name, is_synced):  # type: ignore[no-untyped-def]
        path = Path(ctypes.string_at(name).decode())
        self._disk.steps.append(Deletion(path.name, bool(is_synced)))
        plain_delete = _DeleteCall(self._plain.contents.delete)
        return plain_delete(ctypes.cast(self._plain, ctypes.c_void_p), name, is_synced)

    def _watching(self, plain):  # type: ignore[no-untyped-def]
        address = ctypes.cast(plain, ctypes.c_void_p).value
        if address in self._methods:
            return self._methods[address]
        methods = _Methods()
        used = ctypes.sizeof(ctypes.c_void_p) * (
            1 + (18 if plain.contents.version >= 3 else _METHODS_OF_VERSION_1)
        )
        ctypes.memmove(ctypes.byref(methods), plain, used)
        read = _ReadCall(plain.contents.x1)
        write = _WriteCall(plain.contents.x2)
        truncate = _TruncateCall(plain.contents.x3)
        sync = _SyncCall(plain.contents.x4)

        def on_read(file, content, count, offset):  # type: ignore[no-untyped-def]
            if self._disk.read_fault is not None:
                return self._disk.read_fault
            return read(file, content, count, offset)

        def on_write(file, content, count, offset):  # type: ignore[no-untyped-def]
            if self._disk.fault is not None:
                return self._disk.fault
            self._disk.steps.append(
                Write(self._names[file], offset, ctypes.string_at(content, count))
            )
            return write(file, content, count, offset)

        def on_truncate(file, length):  # type: ignore[no-untyped-def]
            self._disk.steps.append(Truncation(self._names[file], length))
            return truncate(file, length)

        def on_sync(file, flags):  # type: ignore[no-untyped-def]
            if self._disk.fault is not None:
                return self._disk.fault
            answer = sync(file, flags)
            self._disk.steps.append(Sync(self._names[file]))
            return answer

        calls = (
            _ReadCall(on_read),
            _WriteCall(on_write),
            _TruncateCall(on_truncate),
            _SyncCall(on_sync),
        )
        self._kept += calls
        methods.x1, methods.x2, methods.x3, methods.x4 = (
            ctypes.cast(call, ctypes.c_void_p) for call in calls
        )
        self._methods[address] = methods
        return methods


def written_bytes(steps: Sequence[Step]) -> int:
    """Return what a disk had to write: every block that a file's sync found changed, whole."""
    changed: dict[str, set[int]] = {}
    blocks = 0
    for step in steps:
        if isinstance(step, Write):
            last = (step.offset + len(step.content) - 1) // BLOCK_BYTES
            changed.setdefault(step.name, set()).update(range(step.offset // BLOCK_BYTES, last + 1))
        elif isinstance(step, Sync):
            blocks += len(changed.pop(step.name, ()))
    return blocks * BLOCK_BYTES


def as_after_a_power_cut(steps: Sequence[Step], chance: random.Random) -> dict[str, bytes]:
    """Return the files as a cut after ``steps`` may leave them.

    What was synced is there. Of the rest each sector is there or not, as chance has it, and so is
    each change of a length: a disk writes in the order that it likes.
    """
    last_sync = {step.name: place for place, step in enumerate(steps) if isinstance(step, Sync)}
    files: dict[str, bytearray] = {}
    for place, step in enumerate(steps):
        if isinstance(step, Sync):
            continue
        if isinstance(step, Deletion):
            if step.is_synced or chance.random() < 0.5:
                files.pop(step.name, None)
            continue
        content = files.setdefault(step.name, bytearray())
        is_sure = place < last_sync.get(step.name, -1)
        if isinstance(step, Truncation):
            if is_sure or chance.random() < 0.5:
                del content[step.length :]
            continue
        for start in range(0, len(step.content), SECTOR_BYTES):
            if is_sure or chance.random() < 0.5:
                sector = step.content[start : start + SECTOR_BYTES]
                begin = step.offset + start
                content.extend(bytes(max(0, begin - len(content))))
                content[begin : begin + len(sector)] = sector
    return {name: bytes(content) for name, content in files.items()}
