# SPDX-License-Identifier: EUPL-1.2
"""Registers over time over HTTP: every epoch at a service point, the register at an instant."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from cloud.kit.auth.callers import Seer
from cloud.kit.errors import NotFoundError, answers
from cloud.kit.schemas import Identifier, Listing
from cloud.meters.schemas import Instant, RegisterEvent
from cloud.readings.models import Known
from cloud.readings.register_schemas import KnownRegister, RegisterAt, RegisterEpoch
from cloud.readings.registers import Registers, RegisterUnknownError
from wire import quality

router = APIRouter(tags=["readings"])


def _registers(request: Request) -> Registers:
    found: Registers = request.app.state.registers
    return found


@router.get(
    "/service-points/{service_point_id}/registers",
    responses=answers(NotFoundError, RegisterUnknownError),
)
async def registers_of_point(
    service_point_id: Annotated[Identifier, Path()],
    service: Annotated[Registers, Depends(_registers)],
    caller: Seer,
    at: Annotated[Instant | None, Query()] = None,
) -> Listing[RegisterEpoch] | RegisterAt:
    """Return every register epoch in order of time; or, with ``at``, the register then."""
    if at is not None:
        point, found = await service.at(caller, service_point_id, at)
        return RegisterAt(
            at=found.at,
            meter_id=found.installation.meter_id,
            register=found.register,
            unit=point.type.unit,
            quality=quality.names(found.quality),
            before=_known(found.before, point.type.unit),
            after=_known(found.after, point.type.unit),
        )
    point, epochs = await service.epochs(caller, service_point_id)
    unit = point.type.unit
    return Listing(
        items=[
            RegisterEpoch(
                installation_id=one.installation.installation_id,
                meter_id=one.meter.meter_id,
                serial=one.meter.serial,
                make=one.meter.make,
                model=one.meter.model,
                node_id=one.installation.node_id,
                obis=one.installation.obis,
                unit=unit,
                installed_at=one.installation.valid_from,
                removed_at=one.installation.valid_to,
                start_register=one.installation.start_register,
                final_register=one.installation.final_register,
                first_reading=_known(one.first, unit),
                last_reading=_known(one.last, unit),
                events=[RegisterEvent(**vars(event), unit=unit) for event in one.events],
            )
            for one in epochs
        ]
    )


def _known(one: Known | None, unit: str) -> KnownRegister | None:
    if one is None:
        return None
    return KnownRegister(
        read_at=one.read_at, register=one.register, unit=unit, quality=quality.names(one.quality)
    )
