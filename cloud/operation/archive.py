# SPDX-License-Identifier: EUPL-1.2
"""The archive of a backup: what it is, the database's dump in parts, files, and the sums of all.

A tar stream inside the seal. ``about.json`` comes first, ``manifest.json`` with the SHA-256 of
every member last: an archive without it is not complete.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import IO, Any, cast

from cloud.kit.errors import CloudError
from cloud.operation.sealing import Sealer, Unsealer

ABOUT = "about.json"
MANIFEST = "manifest.json"
DATABASE = "database/"
FILES = "files/"
PART_BYTES = 8 * 2**20  # of the dump: its size is not known before its end
MODE = 0o600


class ArchiveError(CloudError):
    """A backup is incomplete, or holds what it should not."""

    code = "backup-damaged"


class ArchiveWriter:
    """Writes members one after the other, and remembers their sums."""

    def __init__(self, sealer: Sealer) -> None:
        self._tar = tarfile.open(  # noqa: SIM115 - it is closed by close()
            mode="w", fileobj=cast("IO[bytes]", sealer), format=tarfile.PAX_FORMAT
        )
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), MODE
        self._tar.addfile(member, io.BytesIO(content))
        self._sums[name] = hashlib.sha256(content).hexdigest()

    def add_stream(self, prefix: str, stream: IO[bytes]) -> int:
        """Add a stream in parts and return its length."""
        length, number = 0, 0
        while part := stream.read(PART_BYTES):
            number += 1
            length += len(part)
            self.add(f"{prefix}{number:08}", part)
        return length

    def close(self) -> None:
        """Add the sums and end the archive."""
        self.add(MANIFEST, json.dumps(self._sums, indent=1).encode())
        self._tar.close()


def members(unsealer: Unsealer) -> Iterator[tuple[str, bytes]]:
    """Yield each member's name and content; raise ArchiveError at the end if one is wrong.

    What is yielded before the end is only as good as the seal: look through the whole first.
    """
    sums: dict[str, str] = {}
    try:
        with tarfile.open(mode="r|", fileobj=cast("IO[bytes]", unsealer)) as tar:
            for member in tar:
                held = tar.extractfile(member) if member.isreg() else None
                if held is None or not _is_plain(member.name):
                    raise ArchiveError(
                        f"The backup holds {member.name!r}, which none of ours does."
                    )
                content = held.read()
                if member.name == MANIFEST:
                    _compare(json.loads(content), sums)
                    return
                sums[member.name] = hashlib.sha256(content).hexdigest()
                yield member.name, content
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise ArchiveError(f"The backup is damaged: {error}.") from error
    raise ArchiveError("The backup is incomplete: its end is missing.")


def _is_plain(name: str) -> bool:
    """Tell whether a name stays where it belongs: it becomes a path below the data directory."""
    parts = name.split("/")
    return not name.startswith("/") and all(part not in ("", ".", "..") for part in parts)


def _compare(told: dict[str, Any], found: dict[str, str]) -> None:
    if told != found:
        wrong = sorted(name for name in told.keys() | found if told.get(name) != found.get(name))
        raise ArchiveError(f"The backup is damaged: {', '.join(wrong[:5])}.")
