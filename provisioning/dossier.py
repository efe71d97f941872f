# SPDX-License-Identifier: EUPL-1.2
"""Dossier: what this computer remembers of one node, so that an interrupted enrolment goes on.

The key and the request are made once and kept. Asking the cloud again with the same key then gets
the same certificate, and no run leaves an orphan behind.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from provisioning import identity
from provisioning.errors import FieldError
from wire import fields


class Papers(BaseModel):
    """The cloud's answer to a signing request; nodes get a ``first_boot`` too, gateways don't."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    certificate_pem: str
    ca_pem: str
    not_after: AwareDatetime
    serial: str | None = None
    first_boot: int = Field(default=1, ge=1, le=fields.MAX_BOOT)


class Dossier:
    """The folder ``<directory>/<name>`` with a key, its request, the papers and what is done."""

    def __init__(self, directory: Path, common_name: str) -> None:
        self._folder = directory
        self._common_name = common_name

    def key_pem(self) -> bytes:
        """Return the key, made on the first call."""
        return self._once("key.pem", identity.new_key_pem)

    def request_pem(self) -> bytes:
        """Return the signing request for the key, made on the first call."""
        return self._once(
            "request.pem",
            lambda: identity.request_pem(self.key_pem(), self._common_name),
        )

    def papers(self) -> Papers | None:
        """Return what the cloud answered, or None if it has not yet."""
        try:
            return Papers.model_validate_json((self._folder / "papers.json").read_text())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise FieldError(
                f"{self._folder / 'papers.json'} is damaged; delete it and run this again."
            ) from error

    def keep_papers(self, papers: Papers) -> None:
        """Keep the cloud's answer once it is proved to be for our key."""
        identity.check_certificate(
            papers.certificate_pem.encode(),
            papers.ca_pem.encode(),
            self.key_pem(),
            self._common_name,
        )
        write_durably(self._folder / "papers.json", papers.model_dump_json().encode())

    def first_tried_at(self, now: datetime) -> datetime:
        """Return when enrolment first began: ``now`` on the first call."""
        return datetime.fromisoformat(
            self._once("first_tried_at", lambda: now.isoformat().encode()).decode()
        )

    def is_complete(self) -> bool:
        """Return whether a node was proved to hold these papers."""
        return (self._folder / "complete").exists()

    def complete(self) -> None:
        """Remember that a node was proved to hold these papers."""
        write_durably(self._folder / "complete", b"")

    def _once(self, name: str, make: Callable[[], bytes]) -> bytes:
        path = self._folder / name
        if not path.exists():
            write_durably(path, make())
        return path.read_bytes()


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read; a power cut leaves the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
