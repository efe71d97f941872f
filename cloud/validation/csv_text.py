# SPDX-License-Identifier: EUPL-1.2
"""CSV as programs write it: in whatever encoding, with whatever between the columns and the lines.

Windows in Bulgaria writes Windows-1251, semicolons, and decimal commas; Excel's "Unicode text" is
UTF-16 with tabs; old Macs end lines with a carriage return only.
"""

import codecs
import re
from io import BytesIO
from pathlib import Path

import polars as pl

SEPARATORS = ",;\t|"
BLOCK_BYTES = 1 << 20
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NOT_UNICODE = "The file is not UTF-8; its letters are taken as Windows-1251 (Cyrillic)."


def read_csv(path: Path, assumed: set[str]) -> pl.DataFrame:
    """Return the rows as texts; add what was taken for granted. PolarsError, OSError."""
    source: Path | BytesIO = path
    with path.open("rb") as opened:
        head = opened.read(BLOCK_BYTES)
    if head.startswith(UTF_16):
        source = _in_utf8(path, "utf-16")
    elif not _is_utf8(path):
        source = _in_utf8(path, "cp1251")
        assumed.add(NOT_UNICODE)
    if isinstance(source, BytesIO):
        head = source.getvalue()[:BLOCK_BYTES]
    first = re.split(rb"[\r\n]", head, maxsplit=1)[0].decode("utf-8", "replace")
    return pl.read_csv(
        source,
        separator=max(SEPARATORS, key=first.count),
        eol_char="\r" if b"\r" in head and b"\n" not in head else "\n",
        infer_schema=False,
        truncate_ragged_lines=True,
    )


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as opened:
        try:
            while block := opened.read(BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _in_utf8(path: Path, encoding: str) -> BytesIO:
    return BytesIO(path.read_bytes().decode(encoding, "replace").encode())
