# SPDX-License-Identifier: EUPL-1.2
"""A QR code as a picture: each dark module where the code has it, and room around them."""

import re

import segno

from cloud.accounts.qr_code import QUIET_ZONE, drawn

ADDRESS = "otpauth://totp/Iskar:maria@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Iskar"
STROKE = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def test_the_picture_is_the_code_with_four_light_modules_around_it() -> None:
    side, path = drawn(ADDRESS)
    dark: set[tuple[int, int]] = set()
    for along, down, length, back in (map(int, one) for one in STROKE.findall(path)):
        assert length == back
        dark |= {(down, along + step) for step in range(length)}
    code = segno.make_qr(ADDRESS).matrix
    assert side == len(code) + 2 * QUIET_ZONE
    assert dark == {
        (down + QUIET_ZONE, along + QUIET_ZONE)
        for down, row in enumerate(code)
        for along, module in enumerate(row)
        if module
    }


def test_a_path_is_nothing_but_strokes() -> None:
    _, path = drawn(ADDRESS)
    assert STROKE.sub("", path) == ""
