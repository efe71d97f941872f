# SPDX-License-Identifier: EUPL-1.2
"""What a benchmark returns."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One number; its unit ends its name, unless it is a share."""

    name: str
    amount: float
    meaning: str


Figures = list[Figure]
