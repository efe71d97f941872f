# SPDX-License-Identifier: EUPL-1.2
"""The program that sets one page: ``python -m cloud.papers.typesetting NAME`` < JSON > PDF.

What people wrote is data that the template shows; none of it is ever read as markup. Only the
fonts that the library brings are used, so that a page looks the same wherever it is made.
"""

import resource
import sys
from pathlib import Path

import typst

FOLDER = Path(__file__).parent / "templates"
MAX_CPU_S = 15
MAX_MEMORY_BYTES = 2 << 30  # of addresses; a report takes a tenth of it


def pdf(template: str, told: bytes) -> bytes:
    """Return a page as PDF; ``told`` is the JSON that it shows.

    Tagged, titled and in a language, or it fails. Source: ISO 14289-1 (PDF/UA-1).
    """
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
