# SPDX-License-Identifier: EUPL-1.2
"""The gateway's token for the cloud: the one that it was enrolled with, and those it got since.

A new token is on the disk before it is used, and the one before it stays beside it: whichever the
cloud goes by after a crash or a lost answer is one of the two. The cloud ends the old one only when
the new one is first used, so that no outage, however long, locks a gateway out.
"""

import hashlib
import os
from pathlib import Path

import structlog
from pydantic import BaseModel, ValidationError

from edge_gateway.settings import Settings

FILE_NAME = "cloud_token.json"

log = structlog.get_logger(__name__)


class _Kept(BaseModel):
    """The file. ``enrolled`` is a digest of the token in the settings that all others came of."""

    enrolled: str
    tokens: list[str]  # the one to use, and the one before it
    since_ms: int  # when the one to use was got


class Tokens:
    """Which token to send, and which to try when that one is refused."""

    def __init__(self, settings: Settings) -> None:
        enrolled = settings.cloud_token.get_secret_value()
        self._path = settings.data_dir / FILE_NAME
        self._enrolled = hashlib.sha256(enrolled.encode()).hexdigest()
        kept = self._recall()
        self._tokens = kept.tokens if kept else [enrolled]
        self.since_ms = kept.since_ms if kept else None  # None: not noted yet

    @property
    def current(self) -> str:
        """The token to send."""
        return self._tokens[0]

    def refused(self, token: str) -> None:
        """Try the other one next, if there is one: the cloud does not let this one in."""
        if token == self.current:
            self._tokens.reverse()

    def note_age(self, now_ms: int) -> None:
        """Count the age of the token in use from now on; raises OSError when it can't be kept."""
        self._write(self._tokens, now_ms)

    def keep(self, token: str, now_ms: int) -> None:
        """Have a new token on the disk, then use it; raises OSError, and nothing has changed."""
        self._write([token, self.current], now_ms)

    def _write(self, tokens: list[str], now_ms: int) -> None:
        kept = _Kept(enrolled=self._enrolled, tokens=tokens, since_ms=now_ms)
        _replace(self._path, kept.model_dump_json())
        self._tokens, self.since_ms = tokens, now_ms

    def _recall(self) -> _Kept | None:
        """Return what is kept; None if nothing is, or if the gateway was enrolled anew since."""
        if not self._path.exists():
            return None
        try:
            kept = _Kept.model_validate_json(self._path.read_bytes())
        except ValidationError as error:
            log.error("token_file_not_usable", path=str(self._path), reason=str(error))
            return None
        return kept if kept.tokens and kept.enrolled == self._enrolled else None


def _replace(path: Path, text: str) -> None:
    """Write a file for this user's eyes alone: whole and on the disk, or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)  # else it would keep its mode
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
