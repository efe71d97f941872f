# SPDX-License-Identifier: EUPL-1.2
"""What years of usage look like over HTTP: columns and run lengths."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field


class LengthRun(BaseModel):
    """So many successive intervals are so long: local days have 23, 24 or 25 hours."""

    count: int
    length_s: int


class QualityRun(BaseModel):
    """So many successive intervals have this quality."""

    count: int
    quality: list[str]


class UsageStretch(BaseModel):
    """Successive intervals of one resolution; all columns go over all of them."""

    resolution: Literal["hour", "day"]
    interval_start: AwareDatetime = Field(description="Of the first interval.")
    interval_end: AwareDatetime = Field(description="Of the last interval.")
    unit: str
    lengths: list[LengthRun]
    usage: list[int | None] = Field(description="By interval; null where nothing is known.")
    quality: list[QualityRun]


class UsageColumns(BaseModel):
    """Usage over years: by day as far as hours aren't kept any more, then by hour."""

    utility: str
    timezone: str
    is_final: bool
    stretches: list[UsageStretch]
