# SPDX-License-Identifier: EUPL-1.2
"""Imports: history that a utility brings for its own series, from a file.

Only what is new, or told otherwise than before, is stored, so that bringing a file again changes
nothing; the former word stays, and is what was known then.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import numpy as np

from cloud.demand.files import UnreadableFileError, zone_of
from cloud.demand.history import repository
from cloud.demand.history.checks import Oddity, negative_intervals, oddities
from cloud.demand.history.files import Brought, FileUnit, read_history
from cloud.demand.history.models import ISKAR, Series, Told
from cloud.demand.history.series import SeriesKeeper
from cloud.demand.history.service import EPOCH, DemandHistory, grid, latest
from cloud.demand.series import Floats, Ints
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database, lock
from cloud.kit.errors import InvalidRequestError, NotFoundError
from cloud.kit.hypertable import ZONE

IMPORT_TIMEOUT_S = 120
PARQUET = b"PAR1"
UPLOADED = "The file"
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of a file: how many intervals it tells of, which are new, and what is odd.

    ``import_id`` is None where nothing in it was new. ``superseded`` intervals were told otherwise
    before, ``withdrawn`` ones among them are told to be unknown now.
    """

    import_id: int | None
    resolution: str
    rows: int
    repeated_rows: int
    intervals: int
    unknown: int
    added: int
    superseded: int
    withdrawn: int
    first: datetime
    last: datetime
    findings: list[dict[str, Any]]


class HistoryImports:
    """Takes files in."""

    def __init__(
        self, database: Database, clock: Clock, history: DemandHistory, keeper: SeriesKeeper
    ) -> None:
        self._database = database
        self._clock = clock
        self._history = history
        self._keeper = keeper

    async def upload(
        self,
        caller: Principal,
        series_id: str,
        content: bytes,
        file_unit: FileUnit | None,
        timezone: str | None,
    ) -> Imported:
        """Take in what a caller sent: CSV, or Parquet by its first bytes.

        Times without an offset are local ones of ``timezone``, the city's if it isn't told;
        amounts are in the series' unit where no other is.
        """
        series = await self._keeper.own(caller, series_id)
        suffix = ".parquet" if content[:4] == PARQUET else ".csv"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"usage{suffix}"
            await asyncio.to_thread(path.write_bytes, content)
            try:
                return await self._take_in(caller, series, path, file_unit, timezone)
            except UnreadableFileError as error:
                said = str(error).replace(str(path), UPLOADED)
                raise InvalidRequestError(said) from error

    async def take_in(
        self,
        series_id: str,
        path: Path,
        file_unit: FileUnit | None,
        timezone: str | None,
        progress: Progress | None = None,
    ) -> Imported:
        """Take in a file as the system: for the command line."""
        [series] = await self._history.named([series_id])
        return await self._take_in(None, series, path, file_unit, timezone, progress)

    async def _take_in(
        self,
        caller: Principal | None,
        series: Series,
        path: Path,
        file_unit: FileUnit | None,
        timezone: str | None,
        progress: Progress | None = None,
    ) -> Imported:
        if series.origin == ISKAR:
            raise InvalidRequestError(
                f"The series {series.series_id} is summed from meters here; make another one for"
                " what you bring."
            )
        told = progress or (lambda _: None)
        zone = zone_of(timezone or ZONE.key)
        unit: FileUnit = file_unit or series.unit
        told(f"reading {path.name}")
        brought = await asyncio.to_thread(read_history, path, series.unit, unit, zone)
        self._check_over(brought, path)
        told(f"checking {len(brought.start_s)} {brought.resolution}s")
        findings = await asyncio.to_thread(odd, brought, zone)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(path.read_bytes()).hexdigest())
        told("storing")
        async with self._database.transaction(IMPORT_TIMEOUT_S, as_system=True) as connection:
            await lock(connection, f"demand:{series.series_id}")
            # it may have been deleted, or given to somebody else, while the file was read
            there = await repository.all_series(connection, [series.series_id])
            if [one.supplier_id for one in there] != [series.supplier_id]:
                raise NotFoundError("series", series.series_id)
            imported = await self._store(
                connection, caller, series, brought, findings, digest, unit
            )
        if imported.import_id is not None:
            told("counting what is known")
            with suppress(NotFoundError):  # deleted just now: it was taken in, and there is no more
                await self._history.count(series.series_id, self._clock.now())
        return imported

    def _check_over(self, brought: Brought, path: Path) -> None:
        over = self._clock.now() + timedelta(hours=1)
        last = _at(int(brought.start_s[-1]))
        if last > over:
            raise UnreadableFileError(
                f"{path} tells of use at {last}, which is still to come: is the year wrong?"
            )

    async def _store(
        self,
        connection: Connection,
        caller: Principal | None,
        series: Series,
        brought: Brought,
        findings: list[dict[str, Any]],
        digest: str,
        unit: str,
    ) -> Imported:
        first, last = _at(int(brought.start_s[0])), _at(int(brought.start_s[-1]))
        told = await repository.told(
            connection,
            [series.series_id],
            brought.resolution,
            first,
            last + timedelta(seconds=1),
            None,
        )
        known = await asyncio.to_thread(_known, told, brought.start_s)  # a century takes a second
        new = (known != brought.amounts) & ~(np.isnan(known) & np.isnan(brought.amounts))
        import_id = None
        if new.any():
            import_id = await repository.add_import(
                connection,
                series_id=series.series_id,
                resolution=brought.resolution,
                imported_by=caller.subject if caller else audit.SYSTEM,
                imported_at=self._clock.now(),
                file_sha256=digest,
                file_unit=unit,
                rows=brought.rows,
                stored=int(new.sum()),
                findings=findings,
            )
            await repository.copy_usage(
                connection, import_id, brought.start_s[new], brought.amounts[new]
            )
        imported = Imported(
            import_id=import_id,
            resolution=brought.resolution,
            rows=brought.rows,
            repeated_rows=brought.repeated,
            intervals=len(brought.start_s),
            unknown=int(np.isnan(brought.amounts).sum()),
            added=int((new & np.isnan(known)).sum()),
            superseded=int((new & ~np.isnan(known)).sum()),
            withdrawn=int((new & np.isnan(brought.amounts)).sum()),
            first=first,
            last=last,
            findings=findings,
        )
        if import_id is not None:
            await audit.record(
                connection,
                caller,
                "demand.imported",
                f"series:{series.series_id}",
                premises_id=series.premises_id,
                import_id=import_id,
                resolution=brought.resolution,
                added=imported.added,
                superseded=imported.superseded,
            )
        return imported


def _known(told: Sequence[Told], start_s: Ints) -> Floats:
    """Return what was said before of these intervals; NaN for nothing."""
    former = latest(told)
    return np.array([former.get(one, np.nan) for one in start_s.tolist()])


def odd(brought: Brought, zone: tzinfo) -> list[dict[str, Any]]:
    """Return what is odd about what was brought, as it is kept and answered."""
    start_s, amounts = brought.start_s, brought.amounts
    if brought.resolution == "hour":
        hours = replace(grid(_at(int(start_s[0])), _at(int(start_s[-1]) + 3600)), zone=zone)
        laid = np.full(hours.count, np.nan)
        laid[(start_s - start_s[0]) // 3600] = amounts
        found = oddities(laid, hours)
    else:
        found = negative_intervals([_at(int(one)) for one in start_s], amounts)
    said = [{"kind": one.kind, "explanation": one.explanation} | _where(one) for one in found]
    if brought.left_out:
        said.append(
            {
                "kind": "left_out_hour",
                "explanation": f"Rows in the hour that the clock of {zone} leaves out in spring are"
                " not taken in: the file seems to keep to one offset all year.",
                "hours": brought.left_out,
            }
        )
    return said


def _where(one: Oddity) -> dict[str, Any]:
    return {
        "hours": one.hours,
        "first": one.first.isoformat(),
        "last": one.last.isoformat(),
        "starts": [start.isoformat() for start in one.starts],
    }


def _at(unix_s: int) -> datetime:
    return EPOCH + timedelta(seconds=unix_s)
