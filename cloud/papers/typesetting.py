# SPDX-License-Identifier: EUPL-1.2
"""The program that sets one page: ``python -m cloud.papers.typesetting NAME`` < JSON > PDF.

What people wrote is data that the template shows; none of it is ever read as markup. Only the
fonts that the library brings are used, so that a page looks the same wherever it is made.
"""

import json
import re
import resource
import sys
from pathlib import Path
from typing import Any

import typst

FOLDER = Path(__file__).parent / "templates"
MAX_CPU_S = 15
MAX_MEMORY_BYTES = 2 << 30  # of addresses; a report takes a tenth of it
# Latin, Greek, Cyrillic and signs, all of which the fonts have.
_NOT_IN_FONTS = re.compile(
    "[^\n -~\u00a0-\u017f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f\u0490\u0491"
    "\u2010-\u2027\u2030-\u203a\u20ac\u2116\u2122]"
)
_UNKNOWN_SIGN = "\ufffd"
_NO_GLYPH = "could not be displayed"  # how the library says that a font lacks a character


def pdf(template: str, told: bytes) -> bytes:
    """Return a page as PDF; ``told`` is the JSON that it shows.

    Tagged, titled and in a language, or it fails. What somebody wrote in characters that the fonts
    lack shows a sign for each: a paper isn't refused for one. Source: ISO 14289-1 (PDF/UA-1).
    """
    try:
        return _compiled(template, told)
    except typst.TypstError as error:
        if _NO_GLYPH not in str(error):
            raise
        return _compiled(template, json.dumps(_shown(json.loads(told))).encode())


def _shown(told: Any) -> Any:
    """Return what is told with a sign for each character that the fonts may lack."""
    if isinstance(told, str):
        return _NOT_IN_FONTS.sub(_UNKNOWN_SIGN, told)
    if isinstance(told, list):
        return [_shown(one) for one in told]
    if isinstance(told, dict):
        return {name: _shown(one) for name, one in told.items()}
    return told


def _compiled(template: str, told: bytes) -> bytes:
    made = typst.compile(
        FOLDER / f"{template}.typ",
        root=FOLDER,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"told": told.decode()},
        pdf_standards=["ua-1"],
    )
    assert isinstance(made, bytes)  # noqa: S101 - a PDF is one file, however many pages it has
    return made


def main() -> None:
    """Read what to show from the standard input and write the PDF to the standard output."""
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    sys.stdout.buffer.write(pdf(sys.argv[1], sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
