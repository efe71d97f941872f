# SPDX-License-Identifier: EUPL-1.2
"""The disk under the data directory: whether it takes writes, keeps them, and has room."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge_gateway.doctor.verdict import Verdict, fault, good, warning
from edge_gateway.store.opening import FILE_NAME

OUT_BYTES = 50 * 2**20
FORGETFUL = (
    "tmpfs",
    "ramfs",
    "overlay",
    "squashfs",
)  # an overlay here has its upper half in memory
UNSAFE = (
    "barrier=0",
    "nobarrier",
    "data=writeback",
)  # ext4(5): a power cut may undo what was synced
MOUNTS = Path("/proc/self/mounts")


def look(data_dir: Path, store_limit_mb: int, mounts: Path = MOUNTS) -> Iterator[Verdict]:
    """Yield what is to be said of the disk that the store may fill up to its limit."""
    if not data_dir.is_dir():
        yield fault("disk", f"{data_dir} is not there; enrolling the gateway makes it.")
        return
    yield from _mount(data_dir, mounts)
    try:
        with tempfile.TemporaryFile(dir=data_dir) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except OSError as error:
        yield fault("disk", f"{data_dir} takes no writes: {error.strerror}.")
        return
    free_bytes = shutil.disk_usage(data_dir).free
    said = f"{data_dir} has {free_bytes / 2**20:,.0f} MB free."
    if free_bytes < OUT_BYTES:
        yield fault("disk", f"{said} Nodes will have to keep their telegrams; make room.")
    elif free_bytes + _bytes_of_store(data_dir) < store_limit_mb * 2**20:
        yield warning(
            "disk",
            f"{said} The store may grow to {store_limit_mb} MB in an outage: "
            "make room, or lower GATEWAY_STORE_LIMIT_MB.",
        )
    else:
        yield good("disk", said)


def _bytes_of_store(data_dir: Path) -> int:
    return sum(path.stat().st_size for path in data_dir.glob(f"{FILE_NAME}*"))


def _mount(data_dir: Path, mounts: Path) -> Iterator[Verdict]:
    """Yield what is wrong with the file system that holds the directory."""
    resolved = data_dir.resolve()
    held_by = ("", "", "")
    for line in mounts.read_text().splitlines():
        _, where, kind, options, *_ = line.split(" ")
        point = Path(where.replace("\\040", " "))
        if resolved.is_relative_to(point) and len(where) >= len(held_by[0]):
            held_by = (where, kind, options)
    where, kind, options = held_by
    if kind in FORGETFUL:
        yield fault(
            "disk", f"{where} is {kind}, which a power cut empties; mount a real disk there."
        )
    elif unsafe := set(UNSAFE) & set(options.split(",")):
        yield fault("disk", f"{where} is mounted with {', '.join(sorted(unsafe))}; remove that.")
