# SPDX-License-Identifier: EUPL-1.2
"""A text as a QR code, drawn here: a secret goes to no other server, and no library to the app."""

from itertools import groupby

import segno

QUIET_ZONE = 4  # light modules on every side. Source: ISO/IEC 18004:2015, 6.3.8


def drawn(text: str) -> tuple[int, str]:
    """Return the side of the square in modules, and its dark ones as the path of an SVG picture."""
    rows = list(segno.make_qr(text).matrix_iter(border=QUIET_ZONE))
    strokes: list[str] = []
    for down, row in enumerate(rows):
        along = 0
        for is_dark, run in groupby(map(bool, row)):
            length = len(list(run))
            if is_dark:
                strokes.append(f"M{along} {down}h{length}v1h-{length}z")
            along += length
    return len(rows), "".join(strokes)
