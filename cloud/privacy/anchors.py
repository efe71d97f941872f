# SPDX-License-Identifier: EUPL-1.2
"""Anchors: the audit log's last hash, signed and told to the outside of the database every day.

An anchor goes to a file beside the key and to the process's log. Who rewrites or shortens the
chain in the database is found out by any of them; who holds this machine, too, only by those that
the log has carried elsewhere.
Source: RFC 9162, 4.10, signed tree heads, for the idea of telling what can't be taken back.
"""

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.kit.errors import CloudError

log = structlog.get_logger(__name__)


class BadAnchorError(CloudError):
    """A line of the file of anchors was not written by us, or was changed."""

    code = "bad-anchor"

    def __init__(self, file: Path, line: int) -> None:
        super().__init__(f"Line {line} of {file} is not an anchor that was signed here.")


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The hash of the last entry at an instant."""

    entry_id: int
    hash: str  # in hexadecimal digits
    anchored_at: str

    def signed_part(self) -> bytes:
        """Return the bytes that are signed."""
        return f"iskar audit anchor 1\n{self.entry_id}\n{self.hash}\n{self.anchored_at}\n".encode()


class Anchors:
    """The file of anchors and the key they are signed with."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "anchors.jsonl"
        self._key_file = folder / "key.pem"

    def add(self, entry_id: int, entry_hash: bytes, at: datetime) -> Anchor:
        """Sign and keep an anchor; it is on the disk when this returns.

        What a power cut left of an anchor that was never told to anybody goes.
        """
        anchor = Anchor(entry_id=entry_id, hash=entry_hash.hex(), anchored_at=at.isoformat())
        signature = base64.b64encode(self._key().sign(anchor.signed_part())).decode()
        line = json.dumps({**asdict(anchor), "signature": signature}) + "\n"
        with self.file.open("ab") as out:
            fcntl.flock(out, fcntl.LOCK_EX)  # or what another process writes now would look so
            unfinished = self.unfinished_bytes()
            if unfinished:
                log.warning("audit_anchor_unfinished", bytes=unfinished)
                out.truncate(self.file.stat().st_size - unfinished)
            out.write(line.encode())
            out.flush()
            os.fsync(out.fileno())
        return anchor

    def all(self) -> Iterator[Anchor]:
        """Yield all anchors, the oldest first, or raise BadAnchorError; no unfinished last one."""
        if not self.file.exists():
            return
        public = self._key().public_key()
        with self.file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    told = json.loads(line)
                    signature = base64.b64decode(told.pop("signature"))
                    anchor = Anchor(**told)
                    public.verify(signature, anchor.signed_part())
                except (ValueError, KeyError, TypeError, InvalidSignature) as error:
                    raise BadAnchorError(self.file, number) from error
                yield anchor

    def unfinished_bytes(self) -> int:
        """Return how much stands after the last whole line: 0 unless writing was interrupted."""
        kept = self.file.read_bytes() if self.file.exists() else b""
        return len(kept) - kept.rfind(b"\n") - 1

    def _key(self) -> Ed25519PrivateKey:
        """Return the key; made when first needed, by one process alone."""
        if not self._key_file.exists():
            self._key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = self._key_file.with_name(f"key.{os.getpid()}")
            pem = Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            made.unlink(missing_ok=True)
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(pem)
                out.flush()
                os.fsync(out.fileno())
            with suppress(FileExistsError):  # another process was first: its key counts
                os.link(made, self._key_file)
            made.unlink()
        key = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)  # noqa: S101 - we made it
        return key
