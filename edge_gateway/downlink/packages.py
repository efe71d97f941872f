# SPDX-License-Identifier: EUPL-1.2
"""Packages on the disk: fetched in parts, checked whole, handed to nodes in chunks.

A package is let in if its digest is the one ordered and its manifest is signed by the release key,
which enrolment left beside our certificates. The cloud, and whoever has broken into it, can order
only what the holder of that key has made.
"""

import asyncio
import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from edge_gateway.errors import PackageRefusedError
from wire import package, transfer
from wire.errors import WireError

PART_BYTES = 32768  # passes within the time limit of a request on a link of 4 kB/s

log = structlog.get_logger(__name__)


class PackageSource(Protocol):
    """Where packages come from."""

    async def package(self, package_id: str, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset`` on, or raise CloudError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that was let in."""

    package_id: str
    board: str
    firmware: str
    size: int
    path: Path

    def chunk(self, offset: int) -> bytes:
        """Return up to a chunk of its bytes from ``offset`` on; none beyond the end."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(transfer.CHUNK_BYTES)


class Packages:
    """The packages in ``directory``, each a file named by its digest."""

    def __init__(self, directory: Path, release_key: Path) -> None:
        self._directory = directory
        self._release_key = release_key
        self._let_in: dict[str, Package] = {}

    def there(self, package_id: str) -> Package | None:
        """Return a package that was let in since this process began."""
        return self._let_in.get(package_id)

    async def fetch(self, source: PackageSource, package_id: str, size: int) -> Package:
        """Return the package, fetching what is missing of it from where it was left off.

        Raises CloudError when the source can't be reached, PackageRefusedError for a package that
        must not be let in; of that one nothing is kept.
        """
        path = self._directory / f"{package_id}.package"
        await asyncio.to_thread(self._directory.mkdir, parents=True, exist_ok=True)
        while (have := await asyncio.to_thread(_size_of, path)) < size:
            part = await source.package(package_id, have, min(PART_BYTES, size - have))
            if not part:
                break
            await asyncio.to_thread(_append, path, part)
        try:
            found = await asyncio.to_thread(self._checked, path, package_id)
        except PackageRefusedError:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise
        self._let_in[package_id] = found
        log.info("package_let_in", package=package_id, firmware=found.firmware, board=found.board)
        return found

    def keep_only(self, package_ids: Collection[str]) -> None:
        """Delete every other package, also one that was not fetched to its end."""
        for package_id in self._let_in.keys() - set(package_ids):
            del self._let_in[package_id]
        for path in self._directory.glob("*.package"):
            if path.stem not in package_ids:
                path.unlink(missing_ok=True)

    def _checked(self, path: Path, package_id: str) -> Package:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != package_id:
            raise PackageRefusedError("Its bytes do not have the digest ordered.")
        try:
            manifest_bytes, signature, files = package.split(content)
            _verify(self._release_key, signature, manifest_bytes)
            manifest = package.decode_manifest(manifest_bytes)
        except WireError as error:
            raise PackageRefusedError(str(error)) from None
        if (manifest["size"], manifest["sha256"]) != (len(files), _digest(files)):
            raise PackageRefusedError("Its files are not those of its manifest.")
        return Package(
            package_id=package_id,
            board=str(manifest["board"]),
            firmware=str(manifest["firmware"]),
            size=len(content),
            path=path,
        )


def _verify(release_key: Path, signature: bytes, manifest: bytes) -> None:
    if not release_key.exists():
        raise PackageRefusedError("There is no release key here, so no package is let in.")
    try:
        key = load_pem_public_key(release_key.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PackageRefusedError(f"The release key here is not one: {error}.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise PackageRefusedError("The release key here is not an Ed25519 key.")
    try:
        key.verify(signature, manifest)
    except InvalidSignature:
        raise PackageRefusedError("Its signature is not by our release key.") from None


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _append(path: Path, part: bytes) -> None:
    """Add a part; synced, so that its length can be believed after a power cut."""
    with path.open("ab") as file:
        file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
