# SPDX-License-Identifier: EUPL-1.2
"""A ZIP archive that is sent while it is made, whatever its size."""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

ONLY_MINE = 0o600
FLAGS_ABOVE = 16  # the attributes of Unix are the upper half


class _Outgoing(io.RawIOBase):
    """What was written and not yet sent; no file to go back in."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Tell that it takes bytes."""
        return True

    def write(self, content: "ReadableBuffer", /) -> int:
        """Take some bytes."""
        taken = bytes(content)
        self._parts.append(taken)
        return len(taken)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def zipped(
    files: AsyncIterator[tuple[str, AsyncIterator[bytes]]], at: datetime, zone: ZoneInfo
) -> AsyncIterator[bytes]:
    """Yield an archive of named files, each read to its end before the next is begun."""
    out = _Outgoing()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        async for name, content in files:
            local = at.astimezone(zone)
            about = zipfile.ZipInfo(name, (local.year, local.month, local.day, local.hour, 0, 0))
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = ONLY_MINE << FLAGS_ABOVE
            with archive.open(about, "w", force_zip64=True) as file:
                async for part in content:
                    file.write(part)
                    if ready := out.taken():
                        yield ready
    yield out.taken()
