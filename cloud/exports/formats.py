# SPDX-License-Identifier: EUPL-1.2
"""Formats: a table that comes in parts becomes a file that leaves in parts.

CSV and SenML are sent as they are read. Parquet has its index at the end and is put together on
disk first; it too never stands in memory as a whole. What takes long is done in a thread: ten
thousand rows at once would make everybody else wait.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import polars as pl

from cloud.exports import senml, tables

CSV = "csv"
PARQUET = "parquet"
SENML = "senml"
MEDIA_TYPES = {
    CSV: "text/csv",
    PARQUET: "application/vnd.apache.parquet",
    SENML: senml.MEDIA_TYPE,
}
BLOCK_BYTES = 1 << 16

Parts = AsyncIterator[pl.DataFrame]


async def csv(parts: Parts) -> AsyncIterator[bytes]:
    """Yield the table as CSV; the header comes with the first part."""
    header = True
    async for part in parts:
        yield await asyncio.to_thread(tables.csv, part, header=header)
        header = False


async def as_senml(parts: Parts, resolution: str | None) -> AsyncIterator[bytes]:
    """Yield the table as one SenML pack."""
    between = "["
    async for part in parts:
        records = await asyncio.to_thread(senml.pack, part, resolution)
        if records:
            yield f"{between}{records}".encode()
            between = ",\n"
    yield b"[]" if between == "[" else b"]"


async def parquet(parts: Parts) -> IO[bytes]:
    """Return the table as an open Parquet file that is gone when closed."""
    with TemporaryDirectory(prefix="iskar-export-") as folder:
        written: list[Path] = []
        async for part in parts:
            written.append(Path(folder, f"{len(written)}.parquet"))
            await asyncio.to_thread(part.write_parquet, written[-1])
        whole = Path(folder, "whole")
        await asyncio.to_thread(tables.parquet, written, whole)
        return await asyncio.to_thread(whole.open, "rb")


def blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the file's content, and close it."""
    with file:
        while block := file.read(BLOCK_BYTES):
            yield block
