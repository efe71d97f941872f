# SPDX-License-Identifier: EUPL-1.2
"""What studies of a series look like over HTTP. Ranges are of 9 in 10: p05 to p95."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel


class BeingWorkedOut(BaseModel):
    """It takes up to some minutes; ask again."""

    retry_after_s: int


class Range(BaseModel):
    """An amount in the unit of the series; p05 and p95 None where it has no range."""

    p05: float | None
    p50: float
    p95: float | None


class Worth(BaseModel):
    """By how many % errors over blocks left out grow without a group, with 95 % intervals.

    ``alone_pct``: what the group takes off errors when only the calendar is beside it. ``helps``:
    whether the gain can be told from nothing; ``kept``: whether the group has a part.
    """

    group: str
    gain_pct: float | None
    low_pct: float | None
    high_pct: float | None
    alone_pct: float | None
    blocks: int
    kept: bool
    helps: bool


class Explained(BaseModel):
    """What explains a series: shares of use, and of how hours and days differ, in %.

    ``base`` is what is always there, ``rest`` what nothing explains. ``reference_temperature_c``:
    the steady temperature at which least is used.
    """

    sentence: str
    reference_temperature_c: float | None
    share_of_use_pct: dict[str, float | None]
    share_of_hourly_variance_pct: dict[str, float | None]
    share_of_daily_variance_pct: dict[str, float | None]
    ablation: list[Worth]
    blocks: int
    cvrmse_of_blocks_left_out_pct: float | None


class Span(BaseModel):
    """What the days from ``first_day`` to ``last_day`` may use together."""

    kind: Literal["month", "season", "year"]
    first_day: date
    last_day: date
    total: Range


class ColdDay(BaseModel):
    """The day of most use that comes in one year of ten, and how cold it is then."""

    amount: float
    low: float
    high: float
    temperature_c: float


class MayCome(BaseModel):
    """What may come under the weather of so many years, each brought to today's climate.

    Spans begin where the history ends. ``cold_day`` None: fewer than ten years, or it isn't cold
    that makes days of most use.
    """

    unit: str
    weather_years: int
    spans: list[Span]
    cold_day: ColdDay | None
    years_beyond_history_pct: float
    notes: list[str]


class WhatIf(BaseModel):
    """What tomorrow would use were it warmer: its forecast, the same changed, the difference."""

    day: date
    unit: str
    temperature_delta_c: float
    base: float
    changed: float
    difference: Range


class PeakHour(BaseModel):
    """An hour of the day, and how probable it is that it is the highest."""

    interval_start: AwareDatetime
    probability: float


class LimitPassed(BaseModel):
    """How probable it is that the day passes a limit of the caller's."""

    limit_id: str
    probability: float


class Peak(BaseModel):
    """Tomorrow's highest hour, by the newest forecast.

    ``hours`` is empty while too few days were forecast to tell how hours hang together;
    ``days`` says how many were.
    """

    day: date
    unit: str
    issued_at: AwareDatetime
    peak: Range
    hours: list[PeakHour]
    limits: list[LimitPassed]
    days: int
