# SPDX-License-Identifier: EUPL-1.2
"""Alerts and webhooks over HTTP."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import StringConstraints

from cloud.alerts import schemas
from cloud.alerts.service import AlertClearedError, Alerts
from cloud.kit.auth.endpoints import Acknowledger, Seer, WebhookOwner
from cloud.kit.errors import answers
from cloud.kit.idempotency import idempotent
from cloud.kit.schemas import Identifier, Listing

router = APIRouter(tags=["alerts"])


def _alerts(request: Request) -> Alerts:
    found: Alerts = request.app.state.alerts
    return found


Service = Annotated[Alerts, Depends(_alerts)]
PathId = Annotated[Identifier, Path()]
AlertId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$"), Path()]
WebhookId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$"), Path()]


@router.get("/premises/{premises_id}/alerts")
async def alerts_of_premises(
    premises_id: PathId, service: Service, caller: Seer
) -> Listing[schemas.Alert]:
    """Return a building's alerts, newest first."""
    found = await service.of_premises(caller, premises_id)
    return Listing(items=[schemas.Alert.model_validate(asdict(alert)) for alert in found])


@router.post("/alerts/{alert_id}/acknowledge", responses=answers(AlertClearedError))
async def acknowledge(alert_id: AlertId, service: Service, caller: Acknowledger) -> schemas.Alert:
    """Note that the caller has seen an alert; harmless when repeated."""
    return schemas.Alert.model_validate(asdict(await service.acknowledge(caller, alert_id)))


@router.post("/webhooks", status_code=201)
@idempotent
async def add_webhook(
    body: schemas.WebhookBody, service: Service, caller: WebhookOwner
) -> schemas.NewWebhook:
    """Register where to tell of leaks; the secret is shown this once."""
    webhook_id, secret = await service.add_webhook(caller, str(body.url), list(body.utilities))
    return schemas.NewWebhook(webhook_id=webhook_id, secret=secret)


@router.get("/webhooks")
async def webhooks(service: Service, caller: WebhookOwner) -> Listing[schemas.Webhook]:
    """Return the caller's webhooks."""
    found = await service.webhooks(caller)
    return Listing(items=[schemas.Webhook.model_validate(asdict(webhook)) for webhook in found])


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(webhook_id: WebhookId, service: Service, caller: WebhookOwner) -> None:
    """Forget a webhook."""
    await service.delete_webhook(caller, webhook_id)


@router.get("/webhooks/{webhook_id}/attempts")
async def attempts(
    webhook_id: WebhookId, service: Service, caller: WebhookOwner
) -> Listing[schemas.Attempt]:
    """Return a webhook's delivery log, newest first."""
    found = await service.attempts(caller, webhook_id)
    return Listing(items=[schemas.Attempt.model_validate(fields) for fields in found])
