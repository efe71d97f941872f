# SPDX-License-Identifier: EUPL-1.2
"""The cloud as one ASGI application: every route, every error, the app's pages."""

from dataclasses import fields

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute

from cloud import web
from cloud.accounts import endpoints as accounts
from cloud.alerts import endpoints as alerts
from cloud.app import configuration, overview, schemas
from cloud.app.openapi import API, DescribedApp
from cloud.app.services import Services
from cloud.downlink import endpoints as downlink
from cloud.exports import endpoints as exports
from cloud.kit import errors
from cloud.kit.auth.row_security import BeginWithNobody
from cloud.kit.bodies import LimitBodies
from cloud.kit.database import Database
from cloud.kit.etags import EntityTags
from cloud.meters import endpoints as meters
from cloud.premises import endpoints as premises
from cloud.readings import district_endpoints as districts
from cloud.readings import endpoints as readings
from cloud.readings import notice_endpoints as notices
from cloud.readings import register_endpoints as registers
from cloud.readings.batches import MAX_BODY_BYTES
from cloud.validation import endpoints as validation
from wire import batch, package

ROUTERS = (
    accounts.router,
    overview.router,
    configuration.router,
    premises.router,
    meters.router,
    meters.gateway_router,
    meters.public_router,
    readings.router,
    readings.operator_router,
    districts.router,
    exports.router,
    registers.router,
    notices.router,
    downlink.router,
    downlink.gateway_router,
    validation.router,
    alerts.router,
)

health = APIRouter(prefix="/health", tags=["operation"])


@health.get("/live")
async def is_live() -> schemas.Health:
    """Tell that the process answers."""
    return schemas.Health(status="live")


@health.get("/ready", responses=errors.answers(errors.DatabaseUnavailableError))
async def is_ready(request: Request) -> schemas.Health:
    """Tell whether the database answers, too."""
    database: Database = request.app.state.database
    if not await database.is_ready():
        raise errors.DatabaseUnavailableError
    return schemas.Health(status="ready")


def _operation_id(route: APIRoute) -> str:
    """Return the endpoint's name: clients made from the document call their methods so."""
    return route.name


def create_app(services: Services) -> FastAPI:
    """Return the application on these services."""
    app = DescribedApp(
        title="Iskar",
        summary="Utility metering from the meter's dial to the owner's phone.",
        version="1",
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    for field in fields(services):
        setattr(app.state, field.name, getattr(services, field.name))
    errors.install(app)
    app.add_middleware(EntityTags, prefix=API)
    app.add_middleware(
        LimitBodies,
        limits={batch.PATH: MAX_BODY_BYTES, downlink.PACKAGES_PATH: package.MAX_BYTES},
    )
    app.add_middleware(BeginWithNobody)  # added last, so it is around everything
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    app.include_router(health)
    web.mount(app)
    return app
