# SPDX-License-Identifier: EUPL-1.2
"""The cloud as one ASGI application: every route, every error, the app's pages."""

from dataclasses import fields

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute

from cloud import web
from cloud.accounts import account_endpoints as account
from cloud.accounts import endpoints as accounts
from cloud.accounts import organisation_endpoints as organisations
from cloud.accounts import share_endpoints as shares
from cloud.accounts import token_endpoints as tokens
from cloud.accounts import user_endpoints as users
from cloud.alerts import endpoints as alerts
from cloud.alerts import subscription_endpoints as subscriptions
from cloud.alerts import switch_endpoints as switches
from cloud.app import configuration, overview, schemas, security_txt
from cloud.app.openapi import API, DescribedApp
from cloud.app.services import Services
from cloud.demand.bills import endpoints as bills
from cloud.demand.history import datasets_endpoints as datasets
from cloud.demand.history import endpoints as demand
from cloud.demand.issued import buildings_endpoints as building_forecasts
from cloud.demand.issued import endpoints as forecasts
from cloud.demand.issued import limits_endpoints as limits
from cloud.demand.studies import endpoints as studies
from cloud.demand.usual import endpoints as usual
from cloud.downlink import endpoints as downlink
from cloud.exports import endpoints as exports
from cloud.kit import errors
from cloud.kit.auth.callers import rated
from cloud.kit.auth.cookies import RenewedSessions
from cloud.kit.auth.origins import RefuseOtherSites
from cloud.kit.auth.row_security import BeginWithNobody
from cloud.kit.bodies import LimitBodies
from cloud.kit.compression import Compressed
from cloud.kit.database import Database
from cloud.kit.etags import EntityTags
from cloud.kit.proxies import BehindProxies
from cloud.kit.rates import TellRates
from cloud.kit.requests import Draining, NotesRoutes, Requests
from cloud.kit.security_headers import SecurityHeaders
from cloud.meters import endpoints as meters
from cloud.papers import endpoints as papers
from cloud.premises import endpoints as premises
from cloud.privacy import accesses_endpoints as accesses
from cloud.privacy import account_endpoints as privacy
from cloud.privacy import audit_endpoints as audit
from cloud.privacy.counting import CountLooks
from cloud.readings import columns_endpoints as columns
from cloud.readings import district_endpoints as districts
from cloud.readings import endpoints as readings
from cloud.readings import notice_endpoints as notices
from cloud.readings import register_endpoints as registers
from cloud.readings.batches import MAX_BODY_BYTES
from cloud.savings import endpoints as savings
from cloud.tariffs import endpoints as tariffs
from cloud.tariffs import gas_endpoints as gas
from cloud.validation import endpoints as validation
from cloud.weather import endpoints as weather
from cloud.webhooks import endpoints as webhooks
from wire import batch, package

ROUTERS = (
    accounts.router,
    tokens.router,
    organisations.router,
    users.router,
    account.router,
    shares.link_router,
    shares.router,
    overview.router,
    configuration.router,
    premises.router,
    meters.router,
    meters.gateway_router,
    meters.public_router,
    readings.router,
    readings.operator_router,
    columns.router,
    districts.router,
    exports.router,
    registers.router,
    notices.router,
    downlink.router,
    downlink.gateway_router,
    validation.router,
    tariffs.router,
    tariffs.operator_router,
    gas.router,
    weather.router,
    bills.router,
    savings.router,
    alerts.router,
    subscriptions.router,
    papers.router,
    switches.router,
    demand.router,
    datasets.router,
    forecasts.router,
    building_forecasts.router,
    limits.router,
    studies.router,
    usual.router,
    webhooks.router,
    audit.router,
    accesses.router,
    privacy.router,
)

health = APIRouter(prefix="/health", tags=["operation"])


@health.get("/live")
async def is_live() -> schemas.Health:
    """Tell that the process answers."""
    return schemas.Health(status="live")


@health.get(
    "/ready", responses=errors.answers(errors.DatabaseUnavailableError, errors.StoppingError)
)
async def is_ready(request: Request) -> schemas.Health:
    """Tell whether the database answers, too, and the process is not about to stop."""
    if request.app.state.draining.has_begun:
        raise errors.StoppingError
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
    app.state.draining = draining = Draining()
    errors.install(app)
    app.add_middleware(NotesRoutes)  # the first is the innermost
    app.add_middleware(CountLooks, prefix=API, accesses=services.accesses)
    app.add_middleware(EntityTags, prefix=API)
    app.add_middleware(Compressed, prefix=API)  # around the tags: they name what isn't packed
    app.add_middleware(
        LimitBodies,
        limits={batch.PATH: MAX_BODY_BYTES, downlink.PACKAGES_PATH: package.MAX_BYTES},
        by_pattern={demand.UPLOAD_PATH: demand.MAX_UPLOAD_BYTES},
    )
    app.add_middleware(RenewedSessions)
    app.add_middleware(RefuseOtherSites, public_url=services.settings.public_url)
    app.add_middleware(TellRates)
    app.add_middleware(BehindProxies, trusted=services.settings.trusted_proxies)
    app.add_middleware(Requests, draining=draining)
    app.add_middleware(SecurityHeaders, public_url=services.settings.public_url)
    app.add_middleware(BeginWithNobody)  # added last, so it is around everything
    for router in ROUTERS:
        app.include_router(router, prefix=API, dependencies=[Depends(rated)])
    app.include_router(health)
    app.include_router(security_txt.router)
    web.mount(app)
    return app
