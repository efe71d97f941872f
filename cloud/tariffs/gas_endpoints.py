# SPDX-License-Identifier: EUPL-1.2
"""Energy of gas over HTTP: the dated factors, and use by them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from cloud.kit.auth.callers import Seer
from cloud.kit.hypertable import ZONE
from cloud.kit.schemas import Listing, Name
from cloud.readings.service import Span
from cloud.tariffs import gas, schemas
from cloud.tariffs.endpoints import End, First, PathId
from cloud.tariffs.gas_schemas import Energy, EnergyInterval, GasFactor
from wire import quality

router = APIRouter(tags=["tariffs"])


def _gas_energy(request: Request) -> gas.GasEnergy:
    found: gas.GasEnergy = request.app.state.gas_energy
    return found


def _span(resolution: schemas.Resolution, first: First, end: End) -> Span:
    return Span(resolution=resolution, first=first, end=end)


Service = Annotated[gas.GasEnergy, Depends(_gas_energy)]
Asked = Annotated[Span, Depends(_span)]


@router.get("/premises/{premises_id}/gas-conversions")
async def gas_conversions(
    premises_id: PathId, service: Service, caller: Seer
) -> Listing[GasFactor]:
    """Return what makes energy of gas at a building's service points, and since when."""
    return Listing(items=_factors(await service.factors(caller, premises_id)))


@router.get("/premises/{premises_id}/gas-energy")
async def gas_energy_of_premises(
    premises_id: PathId, span: Asked, service: Service, caller: Seer
) -> Energy:
    """Return a building's use of gas in Wh over local days, ``to`` not included."""
    return _energy(span, *await service.of_premises(caller, premises_id, span))


@router.get("/service-points/{service_point_id}/gas-energy")
async def gas_energy_of_point(
    service_point_id: PathId, span: Asked, service: Service, caller: Seer
) -> Energy:
    """Return the use at a gas service point in Wh over local days, ``to`` not included."""
    return _energy(span, *await service.of_point(caller, service_point_id, span))


def _energy(
    span: Span, found: Sequence[gas.Energy], told: Sequence[gas.PointFactors], is_final: bool
) -> Energy:
    return Energy(
        unit="Wh",
        resolution=span.resolution,
        timezone=ZONE.key,
        is_final=is_final,
        intervals=[
            EnergyInterval(
                interval_start=one.start.astimezone(ZONE),
                interval_end=one.end.astimezone(ZONE),
                usage=one.usage_wh,
                quality=quality.names(one.quality),
                reason=one.reason,
            )
            for one in found
        ],
        conversions=_factors(told),
    )


def _factors(told: Sequence[gas.PointFactors]) -> list[GasFactor]:
    return [_factor(one, factor) for one in told for factor in one.factors]


def _factor(told: gas.PointFactors, factor: gas.Factor) -> GasFactor:
    version = factor.version
    conversion = version.gas
    assert conversion is not None  # noqa: S101 - a factor is of a version that has one
    tariff = told.tariffs[version.tariff_id]
    return GasFactor(
        service_point_id=told.point.service_point_id,
        first_day=factor.first,
        last_day=None if factor.end is None else factor.end - timedelta(days=1),
        kwh_per_metered_m3=_plain(conversion.kwh_per_m3 * conversion.volume_factor),
        kwh_per_m3=conversion.kwh_per_m3,
        volume_factor=conversion.volume_factor,
        tariff_id=version.tariff_id,
        tariff=Name(bg=tariff.name_bg, en=tariff.name_en),
        sources=list(version.sources),
        leaves_out=(
            None
            if version.leaves_out_en is None
            else Name(bg=version.leaves_out_bg or "", en=version.leaves_out_en)
        ),
        is_assumed=factor.is_assumed,
    )


def _plain(factor: Decimal) -> Decimal:
    """Return a factor without zeros at its end, and never as a power of ten."""
    shortest = factor.normalize()
    return shortest.quantize(Decimal(1)) if shortest == shortest.to_integral() else shortest
