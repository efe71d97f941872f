# SPDX-License-Identifier: EUPL-1.2
"""What a building is expected to use, as it looks over HTTP."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel

from cloud.demand.issued.schemas import Reason

Step = Literal["hour", "day"]


class ExpectedInterval(BaseModel):
    """What was expected of an hour or day: p50 is the middle, nine of ten lie from p05 to p95.

    ``issued_at``: an interval that has begun is told as it was expected before its day began; one
    to come by the newest forecast. ``is_fallback``: as a week ago, for want of a model.
    """

    interval_start: AwareDatetime
    interval_end: AwareDatetime
    p05: int
    p50: int
    p95: int
    issued_at: AwareDatetime
    is_fallback: bool


class ExpectedRest(BaseModel):
    """What is still to come of the span asked for, from ``since`` on: now, or where it begins.

    ``until`` is its end, or the last midnight that the forecast reaches. Where parts of days or days
    without a range of their own are in it, the range is rather too wide than too narrow.
    """

    since: AwareDatetime
    until: AwareDatetime
    p05: int
    p50: int
    p95: int


class NewestForecast(BaseModel):
    """By what the intervals to come are told, and what it went on from."""

    issued_at: AwareDatetime
    made_at: AwareDatetime
    usage_until: AwareDatetime | None
    model_version: str | None
    is_fallback: bool
    fallback_reason: Reason | None


class BuildingForecast(BaseModel):
    """What a building is and was expected to use, in the unit that its registers count in.

    Only intervals that a forecast reaches over; none, and no ``newest``, where nobody knows, or
    where the caller sees only some of the meters that the forecast is of.
    """

    premises_id: str
    utility: str
    unit: str
    timezone: str
    resolution: Step
    newest: NewestForecast | None
    intervals: list[ExpectedInterval]
    rest: ExpectedRest | None
