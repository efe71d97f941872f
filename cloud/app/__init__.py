# SPDX-License-Identifier: EUPL-1.2
"""The cloud as one ASGI application: every route, every error, the app's pages."""

from dataclasses import fields

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import JSONResponse

from cloud import web
from cloud.alerts import endpoints as alerts
from cloud.app import overview, schemas
from cloud.app.services import Services
from cloud.kit import errors
from cloud.kit.auth import endpoints as auth
from cloud.kit.bodies import LimitBodies
from cloud.kit.database import Database
from cloud.meters import endpoints as meters
from cloud.premises import endpoints as premises
from cloud.readings import endpoints as readings
from cloud.readings import register_endpoints as registers
from cloud.readings.batches import MAX_BODY_BYTES
from cloud.validation import endpoints as validation
from wire import batch

API = "/api/v1"
ROUTERS = (
    auth.router,
    overview.router,
    premises.router,
    meters.router,
    meters.gateway_router,
    meters.public_router,
    readings.router,
    readings.operator_router,
    registers.router,
    validation.router,
    alerts.router,
)

health = APIRouter(prefix="/health", tags=["operation"])


@health.get("/live")
async def is_live() -> schemas.Health:
    """Tell that the process answers."""
    return schemas.Health(status="live")


@health.get("/ready", responses={503: {"model": errors.Problem}})
async def is_ready(request: Request) -> JSONResponse:
    """Tell whether the database answers, too."""
    database: Database = request.app.state.database
    if not await database.is_ready():
        return errors.problem(request, 503, "database-unavailable", "The database is away.")
    return JSONResponse(schemas.Health(status="ready").model_dump())


def create_app(services: Services) -> FastAPI:
    """Return the application on these services."""
    app = FastAPI(
        title="Iskar",
        summary="Utility metering from the meter's dial to the owner's phone.",
        version="1",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": errors.Problem}, "5XX": {"model": errors.Problem}},
    )
    for field in fields(services):
        setattr(app.state, field.name, getattr(services, field.name))
    errors.install(app)
    app.add_middleware(LimitBodies, limits={batch.PATH: MAX_BODY_BYTES})
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    app.include_router(health)
    web.mount(app)
    return app
