# SPDX-License-Identifier: EUPL-1.2
"""What energy of gas looks like over HTTP; factors are texts, so that no float ever rounds them."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from cloud.kit.schemas import Name
from cloud.tariffs.schemas import Resolution


class GasFactor(BaseModel):
    """What makes kWh of a cubic metre at a service point, from when to when and who says so.

    ``kwh_per_metered_m3`` is the product of the other two. ``first_day`` and ``last_day`` are None
    where it has no beginning or end; ``is_assumed``: nobody assigned a tariff, so it is that of
    most homes. ``leaves_out`` is the tariff's own word on what it doesn't tell.
    """

    service_point_id: str
    first_day: date | None
    last_day: date | None
    kwh_per_metered_m3: Decimal
    kwh_per_m3: Decimal
    volume_factor: Decimal
    tariff_id: str
    tariff: Name
    sources: list[str]
    leaves_out: Name | None
    is_assumed: bool


class EnergyInterval(BaseModel):
    """Energy over [start, end) in local time; None where it isn't known.

    ``reason`` says why it isn't though the gas is: no factor is known then, or it changed within
    the interval and the days are not kept.
    """

    interval_start: AwareDatetime
    interval_end: AwareDatetime
    usage: int | None
    quality: list[str]
    reason: Literal["no-factor", "factor-changed"] | None


class Energy(BaseModel):
    """Gas as energy in equal steps of local time, and the factors that made it."""

    unit: Literal["Wh"]
    resolution: Resolution
    timezone: str
    is_final: bool
    intervals: list[EnergyInterval]
    conversions: list[GasFactor]
