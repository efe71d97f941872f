# SPDX-License-Identifier: EUPL-1.2
"""Registering premises and service points. Reading them: ``cloud.app.overview``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from cloud.kit.auth.callers import Registrar, needs
from cloud.kit.auth.rights import Right
from cloud.kit.errors import UnknownReferenceError, answers
from cloud.kit.schemas import Identifier
from cloud.premises import models, schemas
from cloud.premises.service import PremisesRegistry

router = APIRouter(tags=["registry"], dependencies=[needs(Right.REGISTER)])


def registry(request: Request) -> PremisesRegistry:
    """Return the registry of premises."""
    found: PremisesRegistry = request.app.state.premises
    return found


Registry = Annotated[PremisesRegistry, Depends(registry)]
PathId = Annotated[Identifier, Path()]


@router.put("/premises/{premises_id}")
async def put_premises(
    premises_id: PathId, body: schemas.PremisesBody, registry: Registry, caller: Registrar
) -> schemas.Premises:
    """Register a building; repeating it changes nothing."""
    fields = body.model_dump(exclude={"name"})
    await registry.put_premises(
        caller,
        models.Premises(
            premises_id=premises_id, name_bg=body.name.bg, name_en=body.name.en, **fields
        ),
    )
    return schemas.Premises(premises_id=premises_id, **body.model_dump())


@router.put("/service-points/{service_point_id}", responses=answers(UnknownReferenceError))
async def put_service_point(
    service_point_id: PathId, body: schemas.ServicePointBody, registry: Registry, caller: Registrar
) -> schemas.ServicePoint:
    """Register where a supply is measured; repeating it changes nothing."""
    fields = body.model_dump(exclude={"name"})
    await registry.put_service_point(
        caller,
        models.ServicePoint(
            service_point_id=service_point_id,
            name_bg=body.name.bg,
            name_en=body.name.en,
            **fields,
        ),
    )
    return schemas.ServicePoint(service_point_id=service_point_id, **body.model_dump())


@router.put("/suppliers/{supplier_id}")
async def put_supplier(
    supplier_id: PathId, body: schemas.SupplierBody, registry: Registry, caller: Registrar
) -> schemas.Supplier:
    """Register a utility; repeating it changes nothing."""
    await registry.put_supplier(caller, supplier_id, body.name)
    return schemas.Supplier(supplier_id=supplier_id, name=body.name)
