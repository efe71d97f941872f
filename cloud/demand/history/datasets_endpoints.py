# SPDX-License-Identifier: EUPL-1.2
"""The register of data sets over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from cloud.demand.history import schemas
from cloud.demand.history.datasets import Datasets
from cloud.kit.auth.callers import DemandSeer

router = APIRouter(tags=["demand"])


def _datasets(request: Request) -> Datasets:
    found: Datasets = request.app.state.demand.datasets
    return found


@router.get("/demand/datasets")
async def datasets(
    service: Annotated[Datasets, Depends(_datasets)], caller: DemandSeer
) -> schemas.Datasets:
    """Return the data sets that the caller may see: all weather, and their series of use.

    What is summed here is counted each night, and a series that is imported with each import.
    """
    return await service.all(caller)
