# SPDX-License-Identifier: EUPL-1.2
"""Webhooks over HTTP."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import StringConstraints

from cloud.kit.auth.callers import WebhookOwner
from cloud.kit.idempotency import idempotent
from cloud.kit.schemas import Listing
from cloud.webhooks import schemas
from cloud.webhooks.registry import Webhooks

router = APIRouter(tags=["webhooks"])


def _webhooks(request: Request) -> Webhooks:
    found: Webhooks = request.app.state.webhooks
    return found


Service = Annotated[Webhooks, Depends(_webhooks)]
WebhookId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$"), Path()]


@router.post("/webhooks", status_code=201)
@idempotent
async def add_webhook(
    body: schemas.WebhookBody, service: Service, caller: WebhookOwner
) -> schemas.NewWebhook:
    """Register where to tell of leaks; the secret is shown this once."""
    webhook_id, secret = await service.add(caller, str(body.url), list(body.utilities))
    return schemas.NewWebhook(webhook_id=webhook_id, secret=secret)


@router.get("/webhooks")
async def webhooks(service: Service, caller: WebhookOwner) -> Listing[schemas.Webhook]:
    """Return the caller's webhooks."""
    found = await service.all(caller)
    return Listing(items=[schemas.Webhook.model_validate(asdict(webhook)) for webhook in found])


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(webhook_id: WebhookId, service: Service, caller: WebhookOwner) -> None:
    """Forget a webhook."""
    await service.delete(caller, webhook_id)


@router.get("/webhooks/{webhook_id}/attempts")
async def attempts(
    webhook_id: WebhookId, service: Service, caller: WebhookOwner
) -> Listing[schemas.Attempt]:
    """Return a webhook's delivery log, newest first."""
    found = await service.attempts(caller, webhook_id)
    return Listing(items=[schemas.Attempt.model_validate(fields) for fields in found])
