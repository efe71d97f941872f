# SPDX-License-Identifier: EUPL-1.2
"""The registry of models: what was fitted when, from what, how good it is, and where it lies.

What a model learnt is a file below the data directory and not in the database: it can be fitted
anew from what is there, so it need not be in every backup; a lost file costs a fit. It is a pickle,
which runs what it says when it is opened, so that it is sealed under the key beside the database:
who writes into the database, or into the directory, but hasn't the key, has nothing opened.
"""

import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag

from cloud.demand.runs import registry_repository as repository
from cloud.demand.runs.registry_repository import Model
from cloud.kit.clock import Clock
from cloud.kit.database import Database
from cloud.kit.sealing import Sealing

log = structlog.get_logger(__name__)

KEPT_OF_GROUP = 3  # files: to go back to the last but one by hand
REMEMBERED = timedelta(days=400)  # rows without a file that nothing names


class ModelRegistry:
    """Keeps models, and gives back those that are whole and ours."""

    def __init__(self, database: Database, clock: Clock, directory: Path, sealing: Sealing) -> None:
        self._database = database
        self._clock = clock
        self._directory = directory
        self._sealing = sealing

    async def keep(self, model: Model, content: bytes) -> None:
        """Keep a model: its file first, so that whatever is registered is there."""
        self._write(model.model_version, self._sealing.seal(content, _purpose(model.model_version)))
        async with self._database.transaction(as_system=True) as connection:
            await repository.add(connection, model)
        log.info(
            "model_kept",
            group=model.group_id,
            version=model.model_version,
            because=model.because,
            series=len(model.series_ids),
            fit_s=round(model.fit_s, 2),
            size_bytes=len(content),
        )

    async def newest(self, group_id: str, until: datetime | None = None) -> Model | None:
        """Return the newest model of a group, of those that know nothing after ``until``."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.newest(connection, group_id, until or self._clock.now())

    async def newest_of(self, series_id: str) -> Model | None:
        """Return the newest model that knows a series, or None."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.newest_of(connection, series_id)

    async def one(self, model_version: str) -> Model | None:
        """Return a model by its version, or None."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.one(connection, model_version)

    async def all(self) -> list[Model]:
        """Return all models, also those whose files are gone, the newest first."""
        async with self._database.transaction(as_system=True) as connection:
            return await repository.all_models(connection)

    def content(self, model_version: str) -> bytes | None:
        """Return what a model learnt; None if its file is gone, broken or not of our making."""
        path = self._path(model_version)
        try:
            return self._sealing.open(path.read_bytes(), _purpose(model_version))
        except FileNotFoundError:
            log.warning("model_lost", version=model_version)
        except (InvalidTag, ValueError):
            log.error("model_refused", version=model_version, path=str(path))
        return None

    async def drop_old(self) -> int:
        """Remove the files of models that newer ones have superseded; return how many."""
        now = self._clock.now()
        async with self._database.transaction(as_system=True) as connection:
            gone = await repository.superseded(connection, KEPT_OF_GROUP)
        for version in gone:
            self._path(version).unlink(missing_ok=True)
            async with self._database.transaction(as_system=True) as connection:
                await repository.drop_file(connection, version, now)
        async with self._database.transaction(as_system=True) as connection:
            await repository.forget_unused(connection, now - REMEMBERED)
        return len(gone)

    def _path(self, model_version: str) -> Path:
        return self._directory / f"{model_version}.model"

    def _write(self, model_version: str, sealed: bytes) -> None:
        """Put the file there whole: a power cut leaves the old one, or none."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._directory / f"{model_version}.{secrets.token_hex(4)}.draft"
        try:
            with draft.open("xb") as file:
                file.write(sealed)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path(model_version))
        finally:
            draft.unlink(missing_ok=True)


def _purpose(model_version: str) -> str:
    return f"demand-model:{model_version}"
